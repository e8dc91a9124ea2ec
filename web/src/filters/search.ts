import { type Condition, type FilterTree, OPERATORS, type Operator } from "@/api/types";

/** Conditions that hold together, or of which one is enough. A group stands among conditions, never in another group. */
export type FilterGroup = { and: Condition[] } | { or: Condition[] };
export type FilterItem = Condition | FilterGroup;
export type Join = "and" | "or";

export const isGroup = (item: FilterItem): item is FilterGroup => "and" in item || "or" in item;
export const joinOf = (group: FilterGroup): Join => ("or" in group ? "or" : "and");
export const itemsOf = (group: FilterGroup): Condition[] => ("or" in group ? group.or : group.and);
export const groupOf = (join: Join, items: Condition[]): FilterGroup => (join === "or" ? { or: items } : { and: items });

/** What the address of a list can say. Anything unreadable in it is dropped, never an error page. */
export type ListSearch = {
  q?: string;
  sort?: string;
  f?: FilterItem[];
  /** One of the filters is enough. */
  any?: true;
  /** The columns with their widths, where they are not the remembered ones: "name:240,status". */
  cols?: string;
  /** The saved view that the rest began as. */
  view?: string;
  peek?: string;
  layout?: "board" | "list";
  pipeline?: string;
  deleted?: true;
  archived?: "only" | "with";
  create?: true;
};

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;
const FIELD_NAME = /^[a-z][\w.-]{0,120}$/i;

export function asCondition(value: unknown): Condition | null {
  if (typeof value !== "object" || value === null) return null;
  const { field, op, value: operand } = value as Record<string, unknown>;
  if (typeof field !== "string" || !FIELD_NAME.test(field)) return null;
  if (typeof op !== "string" || !(OPERATORS as readonly string[]).includes(op)) return null;
  return { field, op: op as Operator, value: operand ?? null };
}
const asConditions = (value: unknown): Condition[] =>
  Array.isArray(value) ? value.map(asCondition).filter((entry) => entry !== null) : [];

export function asFilterItem(value: unknown): FilterItem | null {
  if (typeof value !== "object" || value === null) return null;
  for (const join of ["and", "or"] as const)
    if (join in value) {
      const items = asConditions((value as Record<string, unknown>)[join]);
      return items.length > 0 ? groupOf(join, items) : null;
    }
  return asCondition(value);
}

export function readListSearch(search: Record<string, unknown>): ListSearch {
  const q = text(search.q);
  const sort = text(search.sort);
  const peek = text(search.peek);
  const pipeline = text(search.pipeline);
  const cols = text(search.cols);
  const view = text(search.view);
  const items = Array.isArray(search.f) ? search.f.map(asFilterItem).filter((entry) => entry !== null) : [];
  return {
    ...(q ? { q } : {}),
    ...(sort && /^-?[\w.-]+(,-?[\w.-]+)*$/.test(sort) ? { sort } : {}),
    ...(items.length > 0 ? { f: items } : {}),
    ...(search.any === true ? { any: true as const } : {}),
    ...(cols && COLUMNS.test(cols) ? { cols } : {}),
    ...(view ? { view } : {}),
    ...(peek ? { peek } : {}),
    ...(search.layout === "board" || search.layout === "list" ? { layout: search.layout } : {}),
    ...(pipeline ? { pipeline } : {}),
    ...(search.deleted === true ? { deleted: true as const } : {}),
    ...(search.archived === "only" || search.archived === "with" ? { archived: search.archived } : {}),
    ...(search.create === true ? { create: true as const } : {}),
  };
}
const COLUMNS = /^[\w.-]+(:\d{2,4})?(,[\w.-]+(:\d{2,4})?)*$/;

/** The search with a change made; undefined removes a part. */
export function changed(search: ListSearch, change: { [Key in keyof ListSearch]?: ListSearch[Key] | undefined }): ListSearch {
  return Object.fromEntries(
    Object.entries({ ...search, ...change }).filter(([, value]) => value !== undefined && value !== ""),
  ) as ListSearch;
}
export type SearchChange = Parameters<typeof changed>[1];

/** Whether a condition says enough to be asked. One that is still being written matches everything meanwhile. */
export function isComplete({ op, value }: Condition): boolean {
  if (op === "is_null") return typeof value === "boolean";
  if (op === "between") return Array.isArray(value) && value.length === 2 && value.every((edge) => edge !== null && edge !== "");
  if (Array.isArray(value)) return value.length > 0;
  return value !== null && value !== undefined && value !== "";
}

/** What the server is asked: the conditions that say enough, joined as they are in the address. */
export function treeOf({ f, any }: Pick<ListSearch, "f" | "any">): FilterTree | undefined {
  const join = (how: Join, trees: FilterTree[]): FilterTree | undefined =>
    trees.length > 1 ? (how === "or" ? { or: trees } : { and: trees }) : trees[0];
  const trees = (f ?? []).flatMap((item): FilterTree[] => {
    if (!isGroup(item)) return isComplete(item) ? [item] : [];
    const tree = join(joinOf(item), itemsOf(item).filter(isComplete));
    return tree ? [tree] : [];
  });
  return join(any ? "or" : "and", trees);
}

/** Sort as the interface writes it: "-amount". Cycles ascending, descending, none. */
export function nextSort(sort: string | undefined, name: string): string | undefined {
  if (sort === name) return `-${name}`;
  if (sort === `-${name}`) return undefined;
  return name;
}
export const sortOf = (sort: string | undefined, name: string): "ascending" | "descending" | "none" =>
  sort === name ? "ascending" : sort === `-${name}` ? "descending" : "none";
