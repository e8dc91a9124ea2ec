import type { Entity, ImportPreview } from "@/api/types";
import { COUNTRIES } from "@/lib/countries";
import { parseCsv } from "@/lib/csv";
import { countryName } from "@/lib/format";
import type { Mapping } from "./model";

/** One of the things that a value in the file may mean. */
export type Meaning = { value: string; label: string; color?: unknown };
/** A field whose values come from a short list: its choices, the countries, or the records of a kind that is set up. */
export type ListField = { field: string; label: string } & ({ meanings: Meaning[] } | { target: Entity });

/** Kinds of record that an organization has few of. */
const SHORT = new Set(["stage", "pipeline", "industry", "role", "team"]);
/** Columns with more different values than this hold no list. */
const MOST_VALUES = 40;
/** Bytes of a file that are looked through for values. The server reads all of it and names what it does not know. */
const LOOKED_THROUGH = 8 * 1024 * 1024;

/** What a target of the import chooses from, where that is a short list. */
export function listFieldOf(entity: Entity, name: string, find: (entity: string) => Entity | undefined): ListField | null {
  const [first = "", part] = name.startsWith("custom.") ? [name] : name.split(".");
  const field = entity.fields.find((entry) => entry.name === first);
  if (!field) return null;
  const countries = () =>
    COUNTRIES.map((code) => ({ value: code, label: countryName(code) })).sort((one, other) =>
      one.label.localeCompare(other.label),
    );
  if (field.kind === "country" || (field.kind === "address" && part === "country"))
    return { field: name, label: field.label, meanings: countries() };
  if (part !== undefined) return null;
  if (field.kind === "choice" && field.choices) return { field: name, label: field.label, meanings: field.choices };
  const target = field.kind === "reference" && field.reference ? find(field.reference) : undefined;
  return target && SHORT.has(target.name) ? { field: name, label: field.label, target } : null;
}

/** The different values of each column, in the order of the file; columns with too many are left out. */
export async function distinctValues(file: File, preview: ImportPreview): Promise<Map<string, string[]>> {
  let rows = preview.rows;
  if (preview.delimiter) {
    const bytes = await file.slice(0, LOOKED_THROUGH).arrayBuffer();
    rows = parseCsv(decoderOf(preview.encoding).decode(bytes), Number.POSITIVE_INFINITY, preview.delimiter).slice(1);
  }
  const found = new Map<string, string[]>();
  for (const [index, { header }] of preview.columns.entries()) {
    const values = new Set<string>();
    for (const row of rows) {
      const text = row[index]?.trim();
      if (text) values.add(text);
      if (values.size > MOST_VALUES) break;
    }
    if (values.size <= MOST_VALUES) found.set(header, [...values]);
  }
  return found;
}
function decoderOf(encoding: string | null): TextDecoder {
  try {
    return new TextDecoder(encoding ?? "utf-8");
  } catch {
    return new TextDecoder();
  }
}

const plain = (text: string) => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");
/** The values that none of the meanings is called. */
export function unknownValues(values: string[], meanings: Meaning[]): string[] {
  const known = new Set(meanings.flatMap((meaning) => [plain(meaning.label), plain(meaning.value)]));
  return values.filter((value) => !known.has(plain(value)));
}

/** The translations of values that are still of use: those of fields that a column goes to. */
export const usedValues = (map: Record<string, Record<string, string>>, mapping: Mapping) => {
  const mapped = new Set(Object.values(mapping));
  return Object.fromEntries(Object.entries(map).filter(([field, values]) => mapped.has(field) && Object.keys(values).length > 0));
};
