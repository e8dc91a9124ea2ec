import { inWords } from "@/lib/words";
import { isEmpty, isObject } from "./values";

/** What an entry of a list is called, where one of its members names it. */
const NAMES = ["label", "name", "title", "field", "value", "key", "file_name", "address", "email"];

/** The members of a structure, without those that say nothing. */
export const membersOf = (value: Record<string, unknown>): [string, unknown][] =>
  Object.entries(value).filter(([, member]) => !isEmpty(member));

/** A structure in one line, without a brace or a quotation mark. `words` says yes and no. */
export function lineOf(value: unknown, words: { yes: string; no: string }): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? words.yes : words.no;
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return value;
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
