import { day, dayAndTime, moment, relative } from "@/lib/format";
import { dayOf } from "@/lib/zone";
import { parseDay } from "../dates";
import { type DayKind, dayEditor, dayInput } from "../parts/DayEditor";
import { Deadline, isDeadline } from "../parts/Deadline";
import { DATE_OPERATORS } from "../parts/plain";
import type { KindModule } from "../types";
import { onDay, parseMoment } from "../words";

const asText = (value: unknown): string | null => (typeof value === "string" && value ? value : null);
const textOf = (value: unknown, write: (text: string) => string): string => {
  const text = asText(value);
  return text ? write(text) : "";
};

const days: DayKind = {
  parse: (text) => parseDay(text),
  shown: (value) => textOf(value, day),
  dayIn: asText,
  onDay: (chosen) => chosen,
};
export const date: KindModule = {
  width: 130,
  View: ({ value }) => (asText(value) ? <span className="tabular truncate">{textOf(value, day)}</span> : null),
  Editor: dayEditor(days),
  Input: dayInput(days),
  filter: "date",
  operators: DATE_OPERATORS,
  text: (value) => textOf(value, day),
  parse: (text) => parseDay(text),
};

/** Moments: a day, and the hour where one is meant. */
export const moments: DayKind = {
  parse: (text) => parseMoment(text),
  shown: (value) => textOf(value, dayAndTime),
  dayIn: (value) => {
    const text = asText(value);
    return text ? dayOf(new Date(text)) : null;
  },
  onDay: (chosen, value) => onDay(asText(value), chosen),
};
export const timestamp: KindModule = {
  width: 140,
  View: ({ field, value, record }) => {
    const text = asText(value);
    if (isDeadline(field.name)) return <Deadline name={field.name} value={text} record={record} />;
    return text ? (
      <time dateTime={text} title={moment(text)} className="truncate text-fg-2">
        {relative(text)}
      </time>
    ) : null;
  },
  Editor: dayEditor(moments),
  Input: dayInput(moments),
  filter: "date",
  operators: DATE_OPERATORS,
  text: (value) => textOf(value, moment),
  parse: (text) => parseMoment(text),
};
