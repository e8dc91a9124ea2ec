import { inWords } from "@/lib/words";
import { isEmpty, isObject } from "./values";

/** What an entry of a list is called, where one of its members names it. */
const NAMES = ["label", "name", "title", "field", "value", "key", "file_name", "address", "email"];
const TIME = /^\d{2}:\d{2}$/;
/** From and to: "09:00", "17:00". */
const isSpan = (value: unknown): value is [string, string] =>
  Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "string" && TIME.test(part));
const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/** The members of a structure in the order in which people read them: days from Monday, everything else as it is kept. */
export const membersOf = (value: Record<string, unknown>): [string, unknown][] =>
  Object.entries(value)
    .filter(([, member]) => !isEmpty(member))
    .sort(([one], [other]) => DAYS.indexOf(one) - DAYS.indexOf(other));

/** A structure in one line, without a brace or a quotation mark. `words` says yes and no. */
export function lineOf(value: unknown, words: { yes: string; no: string }): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? words.yes : words.no;
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return value;
  if (isSpan(value)) return `${value[0]}–${value[1]}`;
  if (Array.isArray(value))
    return value
      .map((entry) => nameOf(entry) ?? lineOf(entry, words))
      .filter(Boolean)
      .join(", ");
  if (isObject(value))
    return membersOf(value)
      .map(([name, member]) => `${inWords(name)}: ${lineOf(member, words)}`)
      .join(" · ");
  return "";
}

function nameOf(entry: unknown): string | undefined {
  if (!isObject(entry)) return undefined;
  for (const name of NAMES) {
    const found = entry[name];
    if (typeof found === "string" && found) return name === "field" ? inWords(found) : found;
  }
  return undefined;
}
