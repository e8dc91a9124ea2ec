/** Text for people. Everything goes through Intl, in the locale of the interface and the time zone of the person. */
import { currentZone, dayOf, timeOf } from "./zone";

const made = new Map<string, unknown>();
function cached<T>(key: string, make: () => T): T {
  let value = made.get(key) as T | undefined;
  if (value === undefined) {
    value = make();
    made.set(key, value);
  }
  return value;
}

let locale = "en";
/** Sets the locale of all figures and dates, for example "de-CH". An unknown one is ignored. */
export function setLocale(next: string | null | undefined) {
  if (!next) return;
  try {
    locale = Intl.getCanonicalLocales(next.replace("_", "-"))[0] ?? locale;
  } catch {
    // The server knows a locale that this browser does not: keep the one in use.
  }
}
export const currentLocale = () => locale;

const numbers = (options: Intl.NumberFormatOptions) =>
  cached(`n${locale}${JSON.stringify(options)}`, () => new Intl.NumberFormat(locale, options));
const dates = (options: Intl.DateTimeFormatOptions) =>
  cached(`d${locale}${JSON.stringify(options)}`, () => new Intl.DateTimeFormat(locale, options));

export const number = (value: number, digits?: number) =>
  numbers(
    digits === undefined ? { maximumFractionDigits: 6 } : { maximumFractionDigits: digits, minimumFractionDigits: digits },
  ).format(value);

/** An exact decimal, given as text so that no digit is lost on the way ("12345678901234.56"). */
export const decimal = (value: string, digits?: number) =>
  (
    numbers(
      digits === undefined ? { maximumFractionDigits: 10 } : { maximumFractionDigits: digits, minimumFractionDigits: digits },
    ) as {
      format(value: string): string;
    }
  ).format(value);

/** Money, given as an exact decimal text. Whole amounts lose their zero cents; `compact` gives 1.2M. */
export function money(value: string | number, currency: string | null | undefined, compact = false): string {
  const text = String(value);
  const whole = /^-?\d+(\.0*)?$/.test(text);
  const options: Intl.NumberFormatOptions = compact
    ? { notation: "compact", maximumFractionDigits: 1 }
    : whole
      ? { maximumFractionDigits: 0 }
      : {};
  if (currency && /^[A-Z]{3}$/.test(currency)) {
    options.style = "currency";
    options.currency = currency;
    options.currencyDisplay = "narrowSymbol";
  }
  return (numbers(options) as { format(value: string): string }).format(text);
}

/** Money with all its decimals, as it stands on an invoice: figures under each other have one shape. */
export const exactMoney = (value: string, currency: string): string =>
  /^[A-Z]{3}$/.test(currency)
    ? (numbers({ style: "currency", currency, currencyDisplay: "narrowSymbol" }) as { format(value: string): string }).format(
        value,
      )
    : decimal(value, 2);

export const percent = (value: number) => numbers({ style: "percent", maximumFractionDigits: 1 }).format(value / 100);

/** A calendar day "2026-11-21", which has no time zone. */
export function day(value: string): string {
  const at = new Date(`${value.slice(0, 10)}T00:00:00Z`);
  return Number.isNaN(at.getTime())
    ? value
    : dates({ day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }).format(at);
}
/** The same without its year when that is this year. */
export function shortDay(value: string, today: string = isoDay(new Date())): string {
  const at = new Date(`${value.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(at.getTime())) return value;
  if (value.slice(0, 4) !== today.slice(0, 4)) return day(value);
  return dates({ day: "numeric", month: "short", timeZone: "UTC" }).format(at);
}
/** "Tuesday, November 24", with its year where that is another than today's. */
export function longDay(value: string, today: string = isoDay(new Date())): string {
  const year = value.slice(0, 4) === today.slice(0, 4) ? {} : { year: "numeric" as const };
  const at = new Date(`${value}T00:00:00Z`);
  return dates({ weekday: "long", month: "long", day: "numeric", timeZone: "UTC", ...year }).format(at);
}
/** "Tue" */
export const shortWeekday = (value: string): string =>
  dates({ weekday: "short", timeZone: "UTC" }).format(new Date(`${value}T00:00:00Z`));
/** "Tuesday" */
export const longWeekday = (value: string): string =>
  dates({ weekday: "long", timeZone: "UTC" }).format(new Date(`${value}T00:00:00Z`));
/** The calendar day of a moment, where the person is. */
export const isoDay = dayOf;

export function moment(value: string): string {
  const at = new Date(value);
  return Number.isNaN(at.getTime())
    ? value
    : dates({ dateStyle: "medium", timeStyle: "short", timeZone: currentZone() }).format(at);
}

/** Whether a moment stands for a whole day: nobody means one minute to midnight, or midnight itself. */
export function isWholeDay(value: string): boolean {
  const time = timeOf(new Date(value));
  return time === "23:59" || time === "00:00";
}
const clock = (value: string) => dates({ timeStyle: "short", timeZone: currentZone() }).format(new Date(value));
/** "Nov 25, 2026 9:00 AM", the hour only where one is meant. It can be read back as it is written. */
export function dayAndTime(value: string): string {
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return value;
  return isWholeDay(value) ? day(dayOf(at)) : `${day(dayOf(at))} ${timeOf(at)}`;
}
/** When something is due, as near as it is: "today 9:00", "tomorrow", "Friday 14:00", "Dec 24". */
export function dueText(value: string, now: Date = new Date()): string {
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return value;
  const due = dayOf(at);
  const distance = Math.round((Date.parse(due) - Date.parse(dayOf(now))) / 86_400_000);
  const name =
    Math.abs(distance) <= 1
      ? cached(`r${locale}`, () => new Intl.RelativeTimeFormat(locale, { numeric: "auto" })).format(distance, "day")
      : distance > 1 && distance < 7
        ? dates({ weekday: "long", timeZone: "UTC" }).format(new Date(`${due}T00:00:00Z`))
        : shortDay(due, dayOf(now));
  return isWholeDay(value) ? name : `${name} ${clock(value)}`;
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000_000],
  ["month", 2_592_000_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];
/** "3 days ago". */
export function relative(value: string, now: number = Date.now()): string {
  const distance = new Date(value).getTime() - now;
  if (Number.isNaN(distance)) return value;
  const format = cached(`r${locale}`, () => new Intl.RelativeTimeFormat(locale, { numeric: "auto" }));
  for (const [unit, size] of UNITS) if (Math.abs(distance) >= size) return format.format(Math.round(distance / size), unit);
  return format.format(0, "minute");
}

const names = (type: "region" | "currency") =>
  cached(`${type}${locale}`, () => new Intl.DisplayNames([locale], { type, fallback: "code" }));
export function countryName(code: string): string {
  try {
    return names("region").of(code.toUpperCase()) ?? code;
  } catch {
    return code;
  }
}
export function currencyName(code: string): string {
  try {
    return names("currency").of(code.toUpperCase()) ?? code;
  } catch {
    return code;
  }
}
/** "a, b and c" in the locale's way. */
export const listOf = (items: string[]) =>
  cached(`l${locale}`, () => new Intl.ListFormat(locale, { type: "conjunction" })).format(items);

/** A stable hue for a name, so that the same person or company always has the same colour. */
export function hueOf(text: string): number {
  let hash = 7;
  for (let i = 0; i < text.length; i++) hash = (hash * 31 + text.charCodeAt(i)) % 9973;
  return hash % 360;
}
export function initials(name: string, count: 1 | 2): string {
  const words = name.trim().split(/\s+/);
  const first = [...(words[0] ?? "")][0] ?? "?";
  if (count === 1 || words.length < 2) return first.toUpperCase();
  return (first + ([...(words.at(-1) ?? "")][0] ?? "")).toUpperCase();
}
