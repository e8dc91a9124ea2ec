import { findEntity, loadedMeta } from "@/api/queries";
import type { Condition, Entity, Field, FilterTree, Operator, Values } from "@/api/types";
import { kindOf } from "@/fields/registry";
import { isBlank, isObject } from "@/fields/values";
import { inWords } from "@/lib/words";

export type Action = {
  do: string;
  entity?: string;
  set?: Values;
  users?: string[];
  title?: string;
  message?: string;
  endpoint_id?: string;
};

/** The actions of an automation, as far as they have the form of one. */
export const actionsOf = (value: unknown): Action[] =>
  Array.isArray(value) ? value.filter((one): one is Action => isObject(one) && typeof one.do === "string") : [];

const fieldOf = (entity: Entity | undefined, name: string): Field | undefined =>
  entity?.fields.find((field) => field.name === name);
export const labelOf = (entity: Entity | undefined, name: string): string => fieldOf(entity, name)?.label ?? inWords(name);

/** A value as the pages write it, where its field is known. */
export function valueInWords(entity: Entity | undefined, name: string, value: unknown): string {
  const field = fieldOf(entity, name);
  const one = (single: unknown): string =>
    isBlank(single) ? "—" : field ? kindOf(field).text(single, field) || String(single) : String(single);
  return Array.isArray(value) && field?.kind !== "tags" && field?.kind !== "multi_choice"
    ? value.map(one).join(", ")
    : one(value);
}

/** The fields that an action writes: what each is called, and the value. */
export function settingsOf(action: Action, trigger: string): [label: string, value: string, name: string][] {
  const meta = loadedMeta();
  const entity = meta ? findEntity(meta, action.entity ?? trigger) : undefined;
  return Object.entries(action.set ?? {}).map(([name, value]) => [
    labelOf(entity, name),
    valueInWords(entity, name, value),
    name,
  ]);
}

export type Clause = { join: "all" | "any" | "none"; parts: (Clause | Said)[] } | Said;
export type Said = { field: string; op: Operator; value: unknown };
/** A filter as nested clauses. Undefined for what is none. */
export function clauseOf(tree: FilterTree | null | undefined): Clause | undefined {
  if (!isObject(tree)) return undefined;
  const group = (join: "all" | "any" | "none", list: unknown): Clause | undefined => {
    const parts = (Array.isArray(list) ? list : [list]).flatMap((part) => clauseOf(part as FilterTree) ?? []);
    return parts.length === 0 ? undefined : { join, parts };
  };
  if ("and" in tree) return group("all", tree.and);
  if ("or" in tree) return group("any", tree.or);
  if ("not" in tree) return group("none", tree.not);
  const { field, op, value } = tree as Condition;
  return typeof field === "string" && typeof op === "string" ? { field, op, value } : undefined;
}
