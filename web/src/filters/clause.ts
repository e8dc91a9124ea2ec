import type { Condition, Entity, Field, FilterTree, Operator } from "@/api/types";
import { isObject } from "@/fields/values";
import { inWords } from "@/lib/words";

export const fieldIn = (entity: Entity | undefined, name: string): Field | undefined =>
  entity?.fields.find((field) => field.name === name);
export const labelOf = (entity: Entity | undefined, name: string): string => fieldIn(entity, name)?.label ?? inWords(name);

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
