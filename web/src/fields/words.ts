import { addDays, addMonths } from "@/lib/days";
import { isWholeDay } from "@/lib/format";
import { dayOf, momentOf, type WallTime, wallTime } from "@/lib/zone";
import { parseDay } from "./dates";
import { type Parsed, refused, understood } from "./types";

/** A day and perhaps an hour, as people say them: "tomorrow 9:00", "next Friday", "in 2 hours", "3pm". */
export type Said = { day: string; hour: number; minute: number; timed: boolean };

/** A thing that is due on a day and at no hour is due when the day is over. */
const END_OF_DAY = { hour: 23, minute: 59 };
const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const PARTS_OF_DAY: Record<string, number> = { morning: 9, noon: 12, midday: 12, afternoon: 14, evening: 18, tonight: 20 };
const NEAR: Record<string, number> = { today: 0, tonight: 0, tomorrow: 1, tmr: 1, tmrw: 1, yesterday: -1 };

const weekdayOf = (day: string) => new Date(`${day}T00:00:00Z`).getUTCDay();
const namedWeekday = (word: string): number =>
  word.length < 3 ? -1 : WEEKDAYS.findIndex((name) => name === word || (word.length <= 5 && name.startsWith(word)));

/** Reads the hour that a text ends or begins with, and returns what is left of it. */
function takeTime(text: string): { hour: number; minute: number; rest: string } | null {
  const patterns = [
    /(?:^|\s)(?:at\s+)?(\d{1,2}):(\d{2})\s*(am|pm)?$/,
    // With a point it is an hour only where the words say so: 20.11 is a day.
    /(?:^|\s)(?:at\s+)?(\d{1,2})\.(\d{2})\s*(am|pm)$/,
    /(?:^|\s)at\s+(\d{1,2})\.(\d{2})$/,
    /(?:^|\s)(?:at\s+)?(\d{1,2})\s*(am|pm)$/,
    /(?:^|\s)(?:at\s+)?(\d{1,2})h$/,
    /(?:^|\s)at\s+(\d{1,2})$/,
    /^(?:at\s+)?(\d{1,2}):(\d{2})\s*(am|pm)?(?=\s)/,
    /^(?:at\s+)?(\d{1,2})\s*(am|pm)(?=\s)/,
  ];
  for (const pattern of patterns) {
    const match = pattern.exec(text);
    if (!match) continue;
    const half = match.slice(2).find((part) => part === "am" || part === "pm");
    const minute = Number(match.slice(2).find((part) => /^\d+$/.test(part ?? "")) ?? 0);
    const said = Number(match[1]);
    const hour = half ? (said % 12) + (half === "pm" ? 12 : 0) : said;
    if (hour > 23 || minute > 59 || (half && said > 12)) return null;
    return { hour, minute, rest: text.replace(match[0], " ").trim() };
  }
  const part = /(?:^|\s)(?:in the |at )?(morning|noon|midday|afternoon|evening|tonight)$/.exec(text);
  if (!part?.[1]) return null;
  const rest = part[1] === "tonight" ? "today" : text.slice(0, part.index).trim();
  return { hour: PARTS_OF_DAY[part[1]] ?? 9, minute: 0, rest };
}

function readDay(text: string, today: string): string | null {
  const word = text.replace(/^(on|by|due)\s+/, "");
  const near = NEAR[word];
  if (near !== undefined) return addDays(today, near);
  if (word === "next week") return addDays(today, (8 - weekdayOf(today)) % 7 || 7);
  if (word === "next month") return addMonths(today, 1);
  if (word === "weekend" || word === "this weekend") return addDays(today, (6 - weekdayOf(today) + 7) % 7);
  const named = /^(next |this )?([a-z]+)$/.exec(word);
  const wanted = named?.[2] ? namedWeekday(named[2]) : -1;
  if (wanted >= 0) {
    const ahead = (wanted - weekdayOf(today) + 7) % 7 || 7;
    // "Next Friday" is the one of the week after this, seen from the Monday on.
    const monday = (8 - weekdayOf(today)) % 7 || 7;
    return addDays(today, named?.[1] === "next " && ahead < monday ? ahead + 7 : ahead);
  }
  const span = /^in (\d{1,3}|an?|one|two|three) (day|week|month|year)s?$/.exec(word);
  if (span) {
    const count = countOf(span[1] ?? "1");
    if (span[2] === "month") return addMonths(today, count);
    if (span[2] === "year") return addMonths(today, count * 12);
    return addDays(today, count * (span[2] === "week" ? 7 : 1));
  }
  const parsed = parseDay(word, today);
  return parsed.ok && typeof parsed.value === "string" ? parsed.value : null;
}
const countOf = (word: string): number => ({ a: 1, an: 1, one: 1, two: 2, three: 3 })[word] ?? Number(word);

/** Reads a whole text as a day, an hour or both. Null where it says anything else. */
export function readMoment(text: string, now: Date = new Date()): Said | null {
  const wanted = text.trim().toLowerCase().replaceAll(/\s+/g, " ").replaceAll(/,\s*/g, " ");
  if (wanted === "") return null;
  const soon = /^in (\d{1,3}|an?|half an) (minute|min|hour|h)s?$/.exec(wanted);
  if (soon) {
    const minutes = soon[1] === "half an" ? 30 : countOf(soon[1] ?? "1") * (soon[2]?.startsWith("h") ? 60 : 1);
    return { ...wallTime(new Date(now.getTime() + minutes * 60_000)), timed: true };
  }
  const today = dayOf(now);
  const time = takeTime(wanted);
  if (!time) {
    const day = readDay(wanted, today);
    return day ? { day, ...END_OF_DAY, timed: false } : null;
  }
  const { hour, minute } = time;
  if (time.rest) {
    const day = readDay(time.rest.replace(/ at$/, ""), today);
    return day ? { day, hour, minute, timed: true } : null;
  }
  // An hour alone is the next time that the clock shows it.
  const said = { day: today, hour, minute };
  return { ...said, day: momentOf(said) < now ? addDays(today, 1) : today, timed: true };
}

/** Words that may be part of a title as well: they count as a day only at the end of it. */
const AMBIGUOUS = /^(mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun|march|may|at \d+)$/i;
const LONGEST = 5;

/** Finds the day and hour in a sentence ("call Ada tomorrow 9:00") and returns the sentence without them. */
export function findMoment(text: string, now: Date = new Date()): { said: Said; rest: string } | null {
  const words = text.trim().split(/\s+/).filter(Boolean);
  for (let size = Math.min(LONGEST, words.length); size > 0; size--)
    for (let start = words.length - size; start >= 0; start--) {
      const piece = words.slice(start, start + size).join(" ");
      if (AMBIGUOUS.test(piece) && start + size < words.length) continue;
      // A bare figure is a quantity, and 2.10 as likely a version as a day.
      if (/^[+-]?\d+([.-]\d{1,2})?$/.test(piece)) continue;
      const said = readMoment(piece, now);
      if (!said) continue;
      const rest = [...words.slice(0, start), ...words.slice(start + size)].join(" ").replace(/\s+(on|by|at|due|,)$/i, "");
      if (rest) return { said, rest };
    }
  return null;
}

export const isoOf = ({ day, hour, minute }: WallTime): string => momentOf({ day, hour, minute }).toISOString();

/** Reads a day with an optional time where the person is ("2026-11-21 14:30", "tomorrow 9:00") into UTC. */
export function parseMoment(text: string, now: Date = new Date()): Parsed {
  const wanted = text.trim();
  if (wanted === "") return understood(null);
  if (/^\d{4}-\d\d-\d\dT/.test(wanted)) {
    const at = new Date(wanted);
    return Number.isNaN(at.getTime()) ? refused("moment") : understood(at.toISOString());
  }
  const said = readMoment(wanted, now);
  return said ? understood(isoOf(said)) : refused("moment");
}

/** The same hour on another day. */
export const onDay = (value: string | null, day: string): string =>
  isoOf(value && !isWholeDay(value) ? { ...wallTime(new Date(value)), day } : { day, ...END_OF_DAY });
