import { Copy, Plus, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button, DropMenu } from "@/ui";
import { draftOf, type InputProps, Unfinished } from "../types";
import {
  DAYS,
  type Day,
  dayName,
  MOST_SPANS,
  problemOfDay,
  problemOfWeek,
  type Span,
  type Week,
  WORKDAYS,
  weekFrom,
  weekOf,
} from "../week";
import { StructureGroup } from "./StructureGroup";

const USUAL: Span = ["09:00", "17:00"];
/** Where hours that are added begin: an hour after those that are there already, or at nine. */
function nextSpan(spans: Span[]): Span {
  const last = spans.at(-1)?.[1];
  if (!last) return USUAL;
  const hour = Number(last.slice(0, 2)) + 1;
  return hour < 22 ? [`${String(hour).padStart(2, "0")}:00`, `${String(hour + 2).padStart(2, "0")}:00`] : ["", ""];
}

/** The days of a week, each with any number of hours from and until. */
export default function WeekInput({ value, onChange, ...held }: InputProps) {
  const { t } = useTranslation();
  const week = draftOf(value, weekOf);
  const put = (change: Partial<Week>) => {
    const next = { ...week, ...change };
    const problem = problemOfWeek(next);
    onChange(problem ? new Unfinished(next, problem) : weekFrom(next));
  };
  const copy = (from: Day, to: readonly Day[]) =>
    put(Object.fromEntries(to.map((day) => [day, week[from].map((span): Span => [...span])])));
  return (
    <StructureGroup {...held} className="flex flex-col rounded-sm shadow-[inset_0_0_0_1px_var(--line-strong)]">
      {DAYS.map((day) => (
        <DayRow
          key={day}
          day={day}
          spans={week[day]}
          onChange={(spans) => put({ [day]: spans })}
          onCopy={(days) => copy(day, days)}
        />
      ))}
      <p className="border-t px-3 py-2 text-xs text-fg-2">{t("week.hint")}</p>
    </StructureGroup>
  );
}

function DayRow({
  day,
  spans,
  onChange,
  onCopy,
}: {
  day: Day;
  spans: Span[];
  onChange: (spans: Span[]) => void;
  onCopy: (to: readonly Day[]) => void;
}) {
  const { t } = useTranslation();
  const name = dayName(day);
  const wrong = problemOfDay(day, spans) !== null;
  const edge = (at: number, side: 0 | 1) => (
    <input
      type="time"
      aria-label={t(side === 0 ? "week.from" : "week.until", { day: name, place: at + 1 })}
      aria-invalid={wrong || undefined}
      value={spans[at]?.[side] === "24:00" ? "00:00" : (spans[at]?.[side] ?? "")}
      onChange={(event) =>
        onChange(
          spans.map(
            (span, place): Span =>
              place !== at ? span : side === 0 ? [event.target.value, span[1]] : [span[0], event.target.value],
          ),
        )
      }
      className="field-box tabular h-8 w-[7.75rem] min-w-0 pointer-coarse:h-10"
    />
  );
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring its own box and legend
    <div
      role="group"
      aria-label={name}
      data-day={day}
      className="grid grid-cols-[1fr_auto] items-start gap-x-3 gap-y-1 border-b border-line/80 px-3 py-2 last-of-type:border-b-0 sm:grid-cols-[7rem_1fr_auto]"
    >
      <span className="flex min-h-8 items-center font-medium pointer-coarse:min-h-10">{name}</span>
      <div className="flex flex-col gap-1.5 max-sm:order-last max-sm:col-span-2">
        {spans.length === 0 && <span className="flex min-h-8 items-center text-fg-2 max-sm:hidden">{t("week.closed")}</span>}
        {spans.map((_, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: hours have no identity but their order
          <div key={at} className="flex items-center gap-1.5">
            {edge(at, 0)}
            <span className="text-fg-2" aria-hidden>
              –
            </span>
            {edge(at, 1)}
            <Button
              variant="ghost"
              size="icon"
              aria-label={t("week.remove", { day: name, place: at + 1 })}
              onClick={() => onChange(spans.filter((__, place) => place !== at))}
            >
              <X size={14} />
            </Button>
          </div>
        ))}
      </div>
      <div className="flex items-center gap-0.5">
        {spans.length === 0 && <span className="me-1 text-fg-2 sm:hidden">{t("week.closed")}</span>}
        <Button
          variant="ghost"
          size="icon"
          className="size-8"
          aria-label={t("week.add", { day: name })}
          disabled={spans.length >= MOST_SPANS}
          onClick={() => onChange([...spans, nextSpan(spans)])}
        >
          <Plus size={15} />
        </Button>
        <DropMenu
          align="end"
          trigger={
            <Button variant="ghost" size="icon" className="size-8" aria-label={t("week.copy", { day: name })}>
              <Copy size={14} />
            </Button>
          }
          items={[
            { label: t("week.toWorkdays"), onSelect: () => onCopy(WORKDAYS) },
            { label: t("week.toAll"), onSelect: () => onCopy(DAYS) },
          ]}
        />
      </div>
    </div>
  );
}
