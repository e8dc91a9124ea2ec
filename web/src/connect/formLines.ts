import type { Entity, Field } from "@/api/types";
import { shownFields } from "@/fields/registry";
import { isObject } from "@/fields/values";
import i18n from "@/i18n";

/** One field of a form while it is written. `was` is what is kept of it beyond that. */
export type FormLine = {
  key: number;
  label: string;
  field?: string | undefined;
  required: boolean;
  was: Record<string, unknown>;
};

/** How a lead is worked is none of a page's business. */
const KEPT = new Set([
  ...["pipeline_id", "stage_id", "status", "owner_id", "source", "source_detail", "campaign_id", "product_id"],
  ...["is_archived", "lost_reason", "estimated_value", "preferences", "tags"],
]);
const STRUCTURED = new Set(["json", "address", "custom_fields", "reference", "any_reference", "user"]);
/** The fields of a lead that a page may fill in. */
export const fillableFields = (lead: Entity): Field[] =>
  shownFields(lead).filter((field) => !field.read_only && !KEPT.has(field.name) && !STRUCTURED.has(field.kind));

export const linesOf = (value: unknown): FormLine[] =>
  (Array.isArray(value) ? value : []).filter(isObject).map((was, key) => ({
    key,
    label: typeof was.label === "string" ? was.label : String(was.name ?? ""),
    field: typeof was.field === "string" ? was.field : undefined,
    required: was.required === true,
    was,
  }));

/** The name under which a page sends what is asked: that of the field, or one made of what it is called. */
function nameFor({ field, label }: FormLine, taken: Set<string>): string {
  const plain = label
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z\d]+/g, "_")
    .replaceAll(/^_+|_+$/g, "");
  const wanted = (field ?? plain).replace(/^custom\./, "") || "field";
  let name = wanted;
  for (let nth = 2; taken.has(name); nth++) name = `${wanted}_${nth}`;
  return name;
}

/** What is kept of the lines, or what is missing in a sentence. A name that pages use already stays. */
export function linesToValue(lines: FormLine[]): Record<string, unknown>[] | string {
  const unnamed = lines.findIndex((line) => line.label.trim() === "");
  if (unnamed >= 0) return i18n.t("connect.missing.label", { place: unnamed + 1 });
  const taken = new Set(lines.flatMap(({ was }) => (typeof was.name === "string" ? [was.name] : [])));
  return lines.map((line) => {
    const { field: _, ...was } = line.was;
    const name = typeof was.name === "string" ? was.name : nameFor(line, taken);
    taken.add(name);
    return { ...was, name, ...(line.field ? { field: line.field } : {}), label: line.label.trim(), required: line.required };
  });
}
