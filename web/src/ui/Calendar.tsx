import clsx from "clsx";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { addDays, addMonths } from "@/lib/days";
import { currentLocale, isoDay } from "@/lib/format";
import { Button } from "./Button";

/** The first day of the week in the locale: 0 Sunday … 6 Saturday. */
function weekStart(): number {
  const locale = new Intl.Locale(currentLocale()) as Intl.Locale & {
    getWeekInfo?: () => { firstDay: number };
    weekInfo?: { firstDay: number };
  };
  return (locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 1;
}
const weekday = (day: string) => new Date(`${day}T00:00:00Z`).getUTCDay();
const named = (day: string, options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(currentLocale(), { ...options, timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));

/** A month to choose a day from. Arrows move by day and week, Page Up and Down by month. */
export function Calendar({
  value,
  onChoose,
  autoFocus = false,
}: {
  value: string | null;
  onChoose: (day: string) => void;
  autoFocus?: boolean;
}) {
  const { t } = useTranslation();
  const today = isoDay(new Date());
  const [at, setAt] = useState(value ?? today);
  const [shownFor, setShownFor] = useState(value);
  if (value !== shownFor) {
    setShownFor(value);
    if (value) setAt(value);
  }
  const table = useRef<HTMLTableElement>(null);
  const wantsFocus = useRef(autoFocus);
  const start = weekStart() % 7;
  const weeks = useMemo(() => {
    const first = `${at.slice(0, 7)}-01`;
    const from = addDays(first, -((weekday(first) - start + 7) % 7));
    return Array.from({ length: 6 }, (_, week) => Array.from({ length: 7 }, (_, day) => addDays(from, week * 7 + day)));
  }, [at, start]);
  useEffect(() => {
    if (!wantsFocus.current) return;
    wantsFocus.current = false;
    table.current?.querySelector<HTMLElement>(`[data-day="${at}"]`)?.focus();
  }, [at]);
  const onKey = (event: KeyboardEvent) => {
    const moves: Record<string, () => string> = {
      ArrowLeft: () => addDays(at, -1),
      ArrowRight: () => addDays(at, 1),
      ArrowUp: () => addDays(at, -7),
      ArrowDown: () => addDays(at, 7),
      PageUp: () => addMonths(at, -1),
      PageDown: () => addMonths(at, 1),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    wantsFocus.current = true;
    setAt(move());
  };
  return (
    <div className="w-64 p-2">
      <div className="flex items-center justify-between pb-1">
        <Button variant="ghost" size="icon" aria-label={t("calendar.previous")} onClick={() => setAt(addMonths(at, -1))}>
          <ChevronLeft size={15} className="rtl:rotate-180" />
        </Button>
        <span aria-live="polite" className="font-medium">
          {named(at, { month: "long", year: "numeric" })}
        </span>
        <Button variant="ghost" size="icon" aria-label={t("calendar.next")} onClick={() => setAt(addMonths(at, 1))}>
          <ChevronRight size={15} className="rtl:rotate-180" />
        </Button>
      </div>
      <table
        ref={table}
        onKeyDown={onKey}
        className="w-full border-collapse"
        aria-label={named(at, { month: "long", year: "numeric" })}
      >
        <thead>
          <tr>
            {(weeks[0] ?? []).map((day) => (
              <th key={day} scope="col" className="h-6 text-2xs font-medium text-fg-3" abbr={named(day, { weekday: "long" })}>
                {named(day, { weekday: "narrow" })}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeks.map((week) => (
            <tr key={week[0]}>
              {week.map((day) => (
                <td key={day} className="p-0 text-center">
                  <button
                    type="button"
                    data-day={day}
                    tabIndex={day === at ? 0 : -1}
                    aria-label={named(day, { dateStyle: "full" })}
                    aria-pressed={day === value}
                    onClick={() => onChoose(day)}
                    className={clsx(
                      "tabular inline-flex size-8 items-center justify-center rounded-sm",
                      day === value
                        ? "bg-accent text-accent-fg"
                        : day === today
                          ? "font-semibold text-accent-text hover:bg-hover"
                          : day.slice(0, 7) === at.slice(0, 7)
                            ? "hover:bg-hover"
                            : "text-fg-3 hover:bg-hover",
                    )}
                  >
                    {Number(day.slice(8))}
                  </button>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
