import type { Entity, Field, ImportOptions, ImportPreview } from "@/api/types";
import { shownFields } from "@/fields/registry";
import { isStamp } from "@/forms/sections";
import { usedValues } from "./values";

/** Which field each column goes to; null leaves the column out. */
export type Mapping = Record<string, string | null>;

/** Fields a file may fill. */
export const importable = (entity: Entity): Field[] =>
  shownFields(entity).filter((field) => !field.read_only && !isStamp(field) && field.kind !== "any_reference");

/** The server's suggestions, each field given to one column only: the surest of those that ask for it. */
export function suggestedMapping(preview: ImportPreview): Mapping {
  const taken = new Set<string>();
  const mapping: Mapping = Object.fromEntries(preview.columns.map((column) => [column.header, null]));
  for (const column of [...preview.columns].sort((one, other) => other.confidence - one.confidence)) {
    if (!column.suggestion || taken.has(column.suggestion)) continue;
    taken.add(column.suggestion);
    mapping[column.header] = column.suggestion;
  }
  return mapping;
}

/** Required fields that no column and no default fills. */
export const missingFields = (required: string[], mapping: Mapping, defaults: Record<string, string>): string[] => {
  const filled = new Set(Object.values(mapping));
  return required.filter((name) => !filled.has(name) && !defaults[name]);
};
/** Fields that more than one column goes to. */
export function doubledFields(mapping: Mapping): string[] {
  const counts = new Map<string, number>();
  for (const name of Object.values(mapping)) if (name) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 1).map(([name]) => name);
}

export type Choices = Omit<ImportOptions, "mapping" | "dry_run">;
/** Fields that records can be recognized by: only such as a column goes to. */
export const matchable = (preview: ImportPreview, mapping: Mapping): string[] =>
  preview.match_on.filter((name) => Object.values(mapping).includes(name));

export const freshChoices = (preview: ImportPreview, mapping: Mapping): Choices => ({
  mode: "best_effort",
  duplicates: "skip",
  match_on: matchable(preview, mapping)[0] ?? null,
  missing_references: "error",
  defaults: {},
  value_map: {},
  date_order: preview.date_order === "day_first" || preview.date_order === "month_first" ? preview.date_order : "auto",
});

/** What a column may go to: a field, a part of an address, the id, or a field of a record that a row brings along. */
export type ImportTarget = { name: string; label: string; owner: string | undefined };
export function targetsOf(entity: Entity, preview: ImportPreview): ImportTarget[] {
  const fields = importable(entity);
  const offered = preview.targets ?? fields;
  return offered.map(({ name, label }) => {
    const [first = "", part] = name.startsWith("custom.") ? [name] : name.split(".");
    const owner =
      part === undefined
        ? undefined
        : (entity.fields.find((field) => field.name === first) ?? entity.children.find((child) => child.name === first))?.label;
    return { name, label, owner };
  });
}

export function importForm(file: File, mapping: Mapping, choices: Choices, dryRun: boolean): FormData {
  const form = new FormData();
  const matched = choices.match_on !== null && Object.values(mapping).includes(choices.match_on);
  const options: ImportOptions = {
    ...choices,
    value_map: usedValues(choices.value_map, mapping),
    match_on: matched ? choices.match_on : null,
    mapping,
    dry_run: dryRun,
  };
  form.append("options", JSON.stringify(options));
  form.append("file", file, file.name);
  return form;
}
