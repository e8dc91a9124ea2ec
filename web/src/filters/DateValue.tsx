import { Popover } from "@base-ui/react/popover";
import clsx from "clsx";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Condition, Field } from "@/api/types";
import { isRelativeDay, RELATIVE_DAYS, type RelativeDay } from "@/fields/dates";
import { day } from "@/lib/format";
import { Calendar } from "@/ui/Calendar";
import { VALUE_CLASS } from "./FilterValue";

/** Spans make sense for "on"; edges such as "after" want a single day. */
const SPANS: readonly RelativeDay[] = [
  "this_week",
  "last_week",
  "this_month",
  "last_month",
  "next_month",
  "this_quarter",
  "last_quarter",
  "next_quarter",
  "this_year",
];
/** Days from today, as the server reads them. */
const OFFSETS = ["-7d", "-30d", "-90d", "+7d", "+30d"] as const;

/** Spans that move with the calendar. */
const MOVING = [
  ["last7", "-7d", "today"],
  ["last30", "-30d", "today"],
  ["next7", "today", "+7d"],
  ["next30", "today", "+30d"],
] as const;

/** What a day in a condition is called, whether it is a fixed one or moves with the calendar. */
export function useDayWords(): (value: string) => string {
  const { t } = useTranslation();
  return (value) => {
    const offset = /^([+-])(\d+)d$/.exec(value);
    if (isRelativeDay(value)) return t(`filters.relative.${value}`);
    return offset ? t(offset[1] === "-" ? "filters.daysAgo" : "filters.daysAhead", { count: Number(offset[2]) }) : day(value);
  };
}

/** A day for a condition: a named one that moves with the calendar, or a fixed one. */
export function DateValue({
  field,
  condition,
  fresh,
  onChange,
  onCondition,
}: {
  field: Field;
  condition: Condition;
  fresh: boolean;
  onChange: (value: unknown) => void;
  /** Takes a whole other condition, as "the last 7 days" is one. Absent where only a day fits. */
  onCondition?: ((condition: Condition) => void) | undefined;
}) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(fresh && condition.value === null);
  const value = typeof condition.value === "string" ? condition.value : null;
  const dayWords = useDayWords();
  const shown = value ? dayWords(value) : t("picker.choose");
  const choose = (next: string) => {
    onChange(next);
    setOpen(false);
  };
  const single = condition.op !== "eq";
  const entries = [
    ...RELATIVE_DAYS.filter((name) => !single || !SPANS.includes(name)).map((name) => ({
      value: name as string,
      label: t(`filters.relative.${name}`),
    })),
    ...(single
      ? OFFSETS.map((entry) => ({
          value: entry as string,
          label: t(entry.startsWith("-") ? "filters.daysAgo" : "filters.daysAhead", { count: Number(entry.replace(/\D/g, "")) }),
        }))
      : []),
  ];
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger render={<button type="button" aria-label={`${field.label}: ${shown}`} className={VALUE_CLASS} />}>
        {shown}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={4} align="start" className="z-50">
          <Popover.Popup
            className="popup flex max-w-[calc(100vw-16px)] flex-col sm:flex-row"
            aria-label={field.label}
            data-layer="dialog"
          >
            <ul className="scroll m-0 flex max-h-72 list-none flex-col gap-px border-b p-1 sm:w-40 sm:border-e sm:border-b-0">
              {!single &&
                onCondition &&
                MOVING.map(([name, from, until]) => (
                  <li key={name}>
                    <button
                      type="button"
                      className="menu-item w-full text-start hover:bg-hover"
                      onClick={() => {
                        onCondition({ ...condition, op: "between", value: [from, until] });
                        setOpen(false);
                      }}
                    >
                      {t(`filters.span.${name}`)}
                    </button>
                  </li>
                ))}
              {entries.map((entry) => (
                <li key={entry.value}>
                  <button
                    type="button"
                    aria-pressed={value === entry.value}
                    onClick={() => choose(entry.value)}
                    className={clsx(
                      "menu-item w-full text-start hover:bg-hover",
                      value === entry.value && "bg-active font-medium",
                    )}
                  >
                    {entry.label}
                  </button>
                </li>
              ))}
            </ul>
            <Calendar value={value && /^\d{4}-/.test(value) ? value.slice(0, 10) : null} onChoose={choose} />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
