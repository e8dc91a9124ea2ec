import { addDays, addMonths } from "@/lib/days";
import { currentLocale, isoDay } from "@/lib/format";
import { type Parsed, refused, understood } from "./types";

const UNIT_DAYS: Record<string, number> = { d: 1, w: 7 };
const pad = (value: number) => String(value).padStart(2, "0");

/** A day that exists, as "2026-11-21". */
function valid(year: number, month: number, date: number): string | null {
  const full = year < 100 ? 2000 + year : year;
  if (full < 1000 || full > 9999) return null;
  const at = new Date(Date.UTC(full, month - 1, date));
  return at.getUTCMonth() === month - 1 && at.getUTCDate() === date ? `${full}-${pad(month)}-${pad(date)}` : null;
}
/** Month names of the locale and of English, lower case, with their number. */
function months(): Map<string, number> {
  const found = new Map<string, number>();
  for (const locale of [currentLocale(), "en"])
    for (const month of ["long", "short"] as const)
      for (let index = 0; index < 12; index++) {
        const name = new Intl.DateTimeFormat(locale, { month, timeZone: "UTC" }).format(new Date(Date.UTC(2026, index, 1)));
        found.set(name.toLowerCase().replace(".", ""), index + 1);
      }
  return found;
}
/** Whether the locale writes the month before the day (11/21/2026). */
export function monthFirst(): boolean {
  const parts = new Intl.DateTimeFormat(currentLocale()).formatToParts(new Date(Date.UTC(2026, 10, 21)));
  return parts.findIndex((part) => part.type === "month") < parts.findIndex((part) => part.type === "day");
}

/** Reads a day as people write it: ISO, "21 nov", "11/21/26", "tomorrow", "+2w". */
export function parseDay(text: string, today: string = isoDay(new Date())): Parsed {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return understood(null);
  const year = Number(today.slice(0, 4));
  const words: Record<string, number> = { today: 0, tomorrow: 1, yesterday: -1 };
  const word = words[wanted];
  if (word !== undefined) return understood(addDays(today, word));
  const relative = /^([+-]?)\s*(\d{1,4})\s*([dwmy])$/.exec(wanted);
  if (relative) {
    const count = Number(relative[2]) * (relative[1] === "-" ? -1 : 1);
    const unit = relative[3] ?? "d";
    if (unit === "m") return understood(addMonths(today, count));
    if (unit === "y") return understood(addMonths(today, count * 12));
    return understood(addDays(today, count * (UNIT_DAYS[unit] ?? 1)));
  }
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(wanted);
  if (iso) return found(valid(Number(iso[1]), Number(iso[2]), Number(iso[3])));
  const figures = /^(\d{1,2})[./-](\d{1,2})(?:[./-](\d{2}|\d{4}))?\.?$/.exec(wanted);
  if (figures) {
    const [one, two] = [Number(figures[1]), Number(figures[2])];
    const [month, date] = wanted.includes(".") || !monthFirst() ? [two, one] : [one, two];
    return found(valid(figures[3] ? Number(figures[3]) : year, month, date));
  }
  const named = wanted.replaceAll(/[.,]/g, " ").split(/\s+/).filter(Boolean);
  const names = months();
  const month = named.map((part) => names.get(part)).find((value) => value !== undefined);
  const rest = named.filter((part) => /^\d+$/.test(part)).map(Number);
  if (month !== undefined && rest.length > 0 && rest.length === named.length - 1) {
    const date = rest.find((value) => value <= 31);
    const years = rest.filter((value) => value !== date);
    if (date !== undefined) return found(valid(years[0] ?? year, month, date));
  }
  return refused("date");
}
const found = (day: string | null): Parsed => (day ? understood(day) : refused("date"));

/** Days the server understands by name, for conditions. */
export const RELATIVE_DAYS = [
  "today",
  "yesterday",
  "tomorrow",
  "this_week",
  "last_week",
  "this_month",
  "last_month",
  "next_month",
  "this_quarter",
  "last_quarter",
  "next_quarter",
  "this_year",
] as const;
export type RelativeDay = (typeof RELATIVE_DAYS)[number];
export const isRelativeDay = (value: unknown): value is RelativeDay => (RELATIVE_DAYS as readonly unknown[]).includes(value);
