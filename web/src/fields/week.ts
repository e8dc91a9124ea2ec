import i18n from "@/i18n";
import { longWeekday, shortWeekday } from "@/lib/format";
import { isObject } from "./values";

export const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
export type Day = (typeof DAYS)[number];
export const WORKDAYS = DAYS.slice(0, 5);
/** From and until: "09:00", "17:00". The end of a day is "24:00" as it is stored, and "00:00" as it is typed. */
export type Span = [from: string, until: string];
export type Week = Record<Day, Span[]>;
export const MOST_SPANS = 10;

/** A Monday, for the names of the days that follow. */
const MONDAY = "2024-01-01";
const dateOf = (day: Day) => `${MONDAY.slice(0, 9)}${1 + DAYS.indexOf(day)}`;
export const dayName = (day: Day): string => longWeekday(dateOf(day));
const shortName = (day: Day): string => shortWeekday(dateOf(day));

const asSpan = (value: unknown): Span[] =>
  Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "string") ? [value as Span] : [];

/** The hours of each day; a day that is not named is closed. */
export function weekOf(value: unknown): Week {
  const held = isObject(value) ? value : {};
  return Object.fromEntries(
    DAYS.map((day) => [day, Array.isArray(held[day]) ? held[day].flatMap(asSpan) : []]),
  ) as unknown as Week;
}

const stored = ([from, until]: Span): Span => [from, until === "00:00" ? "24:00" : until];
/** Every day in order, without those that are closed. */
export function weekFrom(week: Week): Partial<Week> {
  return Object.fromEntries(
    DAYS.flatMap((day) => {
      const spans = week[day].map(stored).sort(([one], [other]) => one.localeCompare(other));
      return spans.length > 0 ? [[day, spans]] : [];
    }),
  );
}

/** What is wrong with one day, in a sentence. */
export function problemOfDay(day: Day, spans: Span[]): string | null {
  const name = dayName(day);
  const sorted = spans.map(stored).sort(([one], [other]) => one.localeCompare(other));
  if (sorted.some(([from, until]) => !from || !until)) return i18n.t("week.incomplete", { day: name });
  if (sorted.some(([from, until]) => until <= from)) return i18n.t("week.order", { day: name });
  if (sorted.some(([from], at) => at > 0 && from < (sorted[at - 1]?.[1] ?? ""))) return i18n.t("week.overlap", { day: name });
  return null;
}
export const problemOfWeek = (week: Week): string | null => {
  for (const day of DAYS) {
    const problem = problemOfDay(day, week[day]);
    if (problem) return problem;
  }
  return null;
};

/** Days that follow each other with the same hours are told together. */
export function linesOf(week: Week): { days: string; hours: string | null }[] {
  const lines: { first: Day; last: Day; hours: string | null }[] = [];
  for (const day of DAYS) {
    const hours = week[day].length === 0 ? null : week[day].map(([from, until]) => `${from}–${until}`).join(", ");
    const held = lines.at(-1);
    if (held && held.hours === hours) held.last = day;
    else lines.push({ first: day, last: day, hours });
  }
  return lines.map(({ first, last, hours }) => ({
    days: first === last ? shortName(first) : `${shortName(first)}–${shortName(last)}`,
    hours,
  }));
}
/** The week in one line, its closed days left out. */
export const weekInLine = (week: Week): string =>
  linesOf(week)
    .filter(({ hours }) => hours !== null)
    .map(({ days, hours }) => `${days} ${hours}`)
    .join(" · ") || i18n.t("week.closed");
