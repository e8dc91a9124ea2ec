import { addDecimal, compareDecimal } from "@/lib/decimal";
import type { Answer, AnswerColumn, AnswerRow } from "./types";

/** Columns that only serve the machine: a key beside its name, an identity beside what it names. */
export function shownColumns({ columns }: Answer): AnswerColumn[] {
  const has = (name: string) => columns.some((column) => column.name === name);
  return columns.filter(
    ({ name, label }) =>
      !(name === "stage" && has("name")) &&
      !(name === "currency" && columns.some(({ kind }) => kind === "money")) &&
      !((name === "id" || name.endsWith("_id")) && columns.some((other) => other.name !== name && other.label === label)),
  );
}

const text = (value: unknown): string => (value === null || value === undefined ? "" : String(value));
const amount = (value: unknown): string => (value === null || value === undefined || value === "" ? "0" : String(value));

/** The currency most of the rows have: others cannot be drawn on the same axis. */
export function currencyOf(rows: AnswerRow[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { currency } of rows) if (typeof currency === "string") counts.set(currency, (counts.get(currency) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0];
}

/** More bars than this say nothing. */
const MOST = 24;

export type Drawn = {
  /** Names on the axis, or days. */
  categories: string[];
  byTime: boolean;
  series: { label: string; kind: string; values: string[] }[];
  currency: string | undefined;
};

/** What of an answer can be drawn: its first column against its amounts, or else its counts. Nothing where that says nothing. */
export function drawnOf(answer: Answer): Drawn | undefined {
  const shown = shownColumns(answer);
  const by = shown.find(({ kind }) => !["integer", "money", "decimal", "percent"].includes(kind));
  if (!by || answer.rows.length < 2) return undefined;
  const money = shown.filter(({ kind }) => kind === "money");
  const measures = (money.length > 0 ? money : shown.filter(({ kind }) => kind === "integer" || kind === "decimal"))
    // An average beside a sum would only be a second, smaller bar.
    .filter(({ name }) => !name.startsWith("av"))
    .slice(0, 2);
  if (measures.length === 0) return undefined;
  const currency = money.length > 0 ? currencyOf(answer.rows) : undefined;
  const rows = answer.rows.filter((row) => currency === undefined || row.currency === currency || row.currency === null);
  const sums = new Map<string, string[]>();
  for (const row of rows) {
    const name = text(row[by.name]);
    const held = sums.get(name);
    const values = measures.map((measure) => amount(row[measure.name]));
    sums.set(name, held ? held.map((sum, at) => addDecimal(sum, values[at] ?? "0")) : values);
  }
  const byTime = by.kind === "date" || by.kind === "timestamp";
  const all = [...sums].filter(([, values]) => byTime || values.some((value) => compareDecimal(value, "0") !== 0));
  const kept = byTime ? all.slice(-MOST) : all.slice(0, MOST);
  if (kept.length < 2) return undefined;
  return {
    categories: kept.map(([name]) => name),
    byTime,
    series: measures.map(({ label, kind }, at) => ({ label, kind, values: kept.map(([, values]) => values[at] ?? "0") })),
    currency,
  };
}

/** A key in words: "cold_call" is "Cold call". What people wrote stays as it is. */
export const keyInWords = (text: string): string =>
  /^[a-z][a-z0-9_]*$/.test(text) ? (text.charAt(0).toUpperCase() + text.slice(1)).replaceAll("_", " ") : text;
