import type { Rec } from "@/api/types";
import { addDays } from "@/lib/days";
import { addDecimal, compareDecimal, multiplyDecimal, roundDecimal, sumDecimal } from "@/lib/decimal";

/** The day a week begins with, as a number from 0 for Sunday, where people write dates like this. */
export function firstWeekday(locale: string): number {
  const intl = new Intl.Locale(locale) as Intl.Locale & {
    getWeekInfo?: () => { firstDay: number };
    weekInfo?: { firstDay: number };
  };
  return (intl.getWeekInfo?.() ?? intl.weekInfo ?? { firstDay: 1 }).firstDay % 7;
}
/** The first day of the week that a day lies in. */
export function weekOf(day: string, first: number): string {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return addDays(day, -((weekday - first + 7) % 7));
}
export const daysOf = (week: string): string[] => [0, 1, 2, 3, 4, 5, 6].map((day) => addDays(week, day));

const HOURS = /^(\d+(?:[.,]\d*)?|[.,]\d+)\s*h?$/i;
const CLOCK = /^(\d{1,2})\s*(?::|h)\s*(\d{1,2})\s*(?:m|min)?$/i;
const MINUTES = /^(\d+)\s*(?:m|min)$/i;
const MOST = "24";

/**
 * Hours as people write them: "1.5", "1,5", "1:30", "1h30", "90m". An empty text is no time at all. Undefined where it is
 * none of these, or more than a day has.
 */
export function readHours(text: string): string | null | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  const plain = HOURS.exec(trimmed)?.[1]?.replace(",", ".");
  const clock = CLOCK.exec(trimmed);
  const minutes = clock ? Number(clock[1]) * 60 + Number(clock[2]) : Number(MINUTES.exec(trimmed)?.[1] ?? Number.NaN);
  if (clock && Number(clock[2]) > 59) return undefined;
  const hours = plain
    ? roundDecimal(plain.startsWith(".") ? `0${plain}` : plain, 2)
    : Number.isNaN(minutes)
      ? undefined
      : roundDecimal(String(Math.round((minutes / 60) * 10_000) / 10_000), 2);
  if (hours === undefined || compareDecimal(hours, MOST) > 0) return undefined;
  return compareDecimal(hours, "0") === 0 ? null : hours;
}
/** "7.50" → "7:30": hours as a clock shows them. */
export function showHours(hours: string): string {
  const minutes = Math.round(Number(multiplyDecimal(hours, "60")));
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
}

/** What time is written on: one line of the sheet. */
export type Line = { key: string; project_id: string; task_id: string | null; billable: boolean; entries: Record<string, Rec[]> };
export type LineOf = Pick<Line, "project_id" | "task_id" | "billable">;
export const keyOf = ({ project_id, task_id, billable }: LineOf): string =>
  [project_id, task_id ?? "", billable ? "b" : ""].join("/");
export const lineOf = (entry: Rec): LineOf => ({
  project_id: String(entry.project_id ?? ""),
  task_id: typeof entry.task_id === "string" ? entry.task_id : null,
  billable: entry.billable !== false,
});

/** The entries of a week as lines: by what they are for, and in each by day. Lines that were asked for stay, empty or not. */
export function linesOf(entries: Rec[], wanted: LineOf[]): Line[] {
  const lines = new Map<string, Line>();
  const lineFor = (of: LineOf): Line => {
    const key = keyOf(of);
    const line = lines.get(key) ?? { key, ...of, entries: {} };
    lines.set(key, line);
    return line;
  };
  for (const entry of entries) {
    const held = lineFor(lineOf(entry)).entries;
    const day = String(entry.date).slice(0, 10);
    held[day] = [...(held[day] ?? []), entry];
  }
  for (const of of wanted) lineFor(of);
  return [...lines.values()];
}

export const hoursOf = (entries: Rec[]): string => sumDecimal(entries.map((entry) => String(entry.hours ?? "0")));
export const hoursOnLine = (line: Line): string => hoursOf(Object.values(line.entries).flat());
export const hoursOnDay = (lines: Line[], day: string): string => hoursOf(lines.flatMap((line) => line.entries[day] ?? []));
/** Whether a day would hold more hours than there are, with these more. */
export const overflows = (lines: Line[], day: string, more: string): boolean =>
  compareDecimal(addDecimal(hoursOnDay(lines, day), more), MOST) > 0;

/** What can still be changed: what nobody has approved and nothing has been billed from. */
export const isLocked = (entry: Rec): boolean =>
  entry.status === "approved" || (entry.invoice_item_id !== null && entry.invoice_item_id !== undefined);
