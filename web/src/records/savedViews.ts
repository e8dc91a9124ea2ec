import { queryOptions } from "@tanstack/react-query";
import { request } from "@/api/client";
import { fetchList, queryClient } from "@/api/queries";
import type { Condition, FilterTree, List, Rec } from "@/api/types";
import { asCondition, type FilterItem, treeOf } from "@/filters/search";
import type { View, ViewSearch } from "./views";

/** As many as one person can have in sight. */
const MOST = 200;
/** The saved views of every list that this person sees, their own and those that others share. */
export const savedViewsQuery = queryOptions({
  queryKey: ["list", "views", "all"],
  queryFn: ({ signal }) => fetchList("views", { sort: "position,name" }, { limit: MOST }, signal),
  staleTime: 300_000,
});

/** What a view keeps, as the server keeps it. The list of tasks is no layout there: it is what one has open. */
export function bodyOf({ q, sort, f, any, cols, layout, pipeline, archived }: ViewSearch): Record<string, unknown> {
  return {
    search: q ?? null,
    sort: sort ?? null,
    filter: treeOf({ ...(f ? { f } : {}), ...(any ? { any } : {}) }) ?? null,
    columns: (cols ?? "")
      .split(",")
      .filter(Boolean)
      .map((part) => {
        const [field, width] = part.split(":");
        return { field, ...(width ? { width: Number(width) } : {}) };
      }),
    layout: layout === "board" ? "board" : "table",
    pipeline_id: pipeline ?? null,
    archived: archived ?? "no",
  };
}

const conditionsOf = (parts: unknown): Condition[] | undefined => {
  if (!Array.isArray(parts) || parts.length === 0) return undefined;
  const read = parts.map(asCondition);
  return read.every((part) => part !== null) ? read : undefined;
};
/** A filter as the bar above a list writes it; nothing for one that it has no words for. */
function itemsOf(tree: FilterTree | null | undefined): { f?: FilterItem[]; any?: true } | undefined {
  if (!tree) return {};
  const item = (node: unknown): FilterItem | undefined => {
    const { and, or } = node as { and?: unknown; or?: unknown };
    if (and !== undefined || or !== undefined) {
      const inner = conditionsOf(and ?? or);
      return inner && (or !== undefined ? { or: inner } : { and: inner });
    }
    return asCondition(node) ?? undefined;
  };
  const parts: unknown = "and" in tree ? tree.and : "or" in tree ? tree.or : [tree];
  if (!Array.isArray(parts)) return undefined;
  const read = parts.map(item);
  if (!read.every((part) => part !== undefined)) return undefined;
  if (read.length === 0) return {};
  return { f: read, ...("or" in tree ? { any: true as const } : {}) };
}

/** A saved view of the server's; nothing for one whose filter cannot be shown here, as a list without it would mislead. */
export function viewFrom(record: Rec, me: string): View | undefined {
  const filter = itemsOf(record.filter as FilterTree | null);
  if (!filter) return undefined;
  const columns = Array.isArray(record.columns) ? (record.columns as { field: string; width?: number }[]) : [];
  const cols = columns.map(({ field, width }) => (width ? `${field}:${Math.round(width)}` : field)).join(",");
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
  const held = {
    q: text(record.search),
    sort: text(record.sort),
    ...filter,
    cols: text(cols),
    layout: record.layout === "board" ? ("board" as const) : undefined,
    pipeline: text(record.pipeline_id),
    archived: record.archived === "only" || record.archived === "with" ? record.archived : undefined,
  };
  return {
    id: record.id,
    name: String(record.name),
    search: Object.fromEntries(Object.entries(held).filter(([, value]) => value !== undefined)) as ViewSearch,
    saved: { record, mine: record.owner_id === me, shared: record.visibility === "shared" },
  };
}

/** The held list with one view written, or taken out of it. */
function hold(id: string, next: Rec | undefined) {
  queryClient.setQueryData<List>(savedViewsQuery.queryKey, (list) =>
    list
      ? {
          ...list,
          data: list.data.some((one) => one.id === id)
            ? list.data.flatMap((one) => (one.id === id ? (next ? [next] : []) : [one]))
            : next
              ? [...list.data, next]
              : list.data,
        }
      : list,
  );
}

export async function createView(entity: string, name: string, search: ViewSearch, shared = false): Promise<Rec> {
  const record = await request<Rec>("/views", {
    method: "POST",
    body: { entity, name, visibility: shared ? "shared" : "private", ...bodyOf(search) },
    headers: { "Idempotency-Key": crypto.randomUUID() },
  });
  hold(record.id, record);
  return record;
}
export async function changeView({ id, version }: Rec, body: Record<string, unknown>): Promise<Rec> {
  const record = await request<Rec>(`/views/${id}`, { method: "PATCH", body, headers: { "If-Match": `"${version}"` } });
  hold(id, record);
  return record;
}
export async function removeView({ id }: Rec): Promise<void> {
  await request(`/views/${id}`, { method: "DELETE" });
  hold(id, undefined);
}
