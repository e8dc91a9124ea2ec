import type { Condition, Entity, FilterTree } from "@/api/types";
import { isObject } from "@/fields/values";
import i18n from "@/i18n";
import { asCondition, type FilterGroup, type FilterItem, groupOf, isComplete, isGroup, itemsOf, type Join } from "./search";

/**
 * A stored filter as the editor shows it: conditions and groups of them, and what it has no controls for, which is kept
 * as it is.
 */
export type FilterDraft = { items: FilterItem[]; join: Join; kept: FilterTree[] };

const JOINS = ["and", "or"] as const;
const partsOf = (tree: unknown): [Join, unknown[]] | undefined => {
  if (!isObject(tree) || Object.keys(tree).length !== 1) return undefined;
  for (const join of JOINS) if (Array.isArray(tree[join])) return [join, tree[join]];
  return undefined;
};

/** A condition that says nothing but field, operator and value, of a field that the entity has. */
function conditionOf(tree: unknown, entity: Entity): Condition | undefined {
  const condition = asCondition(tree);
  const plain = isObject(tree) && Object.keys(tree).every((key) => key === "field" || key === "op" || key === "value");
  return condition && plain && entity.fields.some((field) => field.name === condition.field) ? condition : undefined;
}
function groupIn(tree: unknown, entity: Entity): FilterGroup | undefined {
  const [join, parts] = partsOf(tree) ?? [];
  const conditions = parts?.map((part) => conditionOf(part, entity));
  return join && conditions && conditions.length > 0 && conditions.every((one) => one !== undefined)
    ? groupOf(join, conditions)
    : undefined;
}

/** Takes a stored filter apart. */
export function draftOfTree(tree: unknown, entity: Entity): FilterDraft {
  const draft: FilterDraft = { items: [], join: "and", kept: [] };
  if (!isObject(tree)) return draft;
  const [join, parts] = partsOf(tree) ?? ["and" as const, [tree]];
  draft.join = join;
  for (const part of parts) {
    const item = conditionOf(part, entity) ?? groupIn(part, entity);
    if (item) draft.items.push(item);
    else draft.kept.push(part as FilterTree);
  }
  return draft;
}

/** Puts it together again. Null where it says nothing. */
export function treeOfDraft({ items, join, kept }: FilterDraft): FilterTree | null {
  const trees: FilterTree[] = [...items, ...kept];
  return trees.length === 0 ? null : join === "or" ? { or: trees } : { and: trees };
}

/** The first condition that is still being written, in a sentence. */
export function problemOfDraft({ items }: FilterDraft, entity: Entity): string | null {
  const open = items.flatMap((item) => (isGroup(item) ? itemsOf(item) : [item])).find((condition) => !isComplete(condition));
  if (!open) return null;
  const label = entity.fields.find((field) => field.name === open.field)?.label ?? open.field;
  return i18n.t("filters.unfinished", { field: label });
}
