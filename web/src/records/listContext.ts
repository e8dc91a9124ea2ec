import { type ListParams, listPageQuery, PAGE_SIZE, queryClient } from "@/api/queries";
import type { Rec } from "@/api/types";

/** The list a record was opened from, so that j and k can walk on through it with its filters and order. */
type Context = { plural: string; params: ListParams; index: number };
const KEY = "kith.list";
let context: Context | null = null;

export function rememberList(next: Context) {
  context = next;
  try {
    sessionStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // Without storage the way on is lost by a reload, nothing else.
  }
}
function held(): Context | null {
  if (context) return context;
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    if (typeof stored === "object" && stored !== null && "plural" in stored && "index" in stored) context = stored as Context;
  } catch {
    context = null;
  }
  return context;
}

const rowAt = async (plural: string, params: ListParams, index: number): Promise<Rec | undefined> => {
  if (index < 0) return undefined;
  const list = await queryClient.ensureQueryData(listPageQuery(plural, params, Math.floor(index / PAGE_SIZE)));
  return list.data[index % PAGE_SIZE];
};

/** The record before or after this one in the list it was opened from, or in the plain list of its entity. */
export async function neighbour(plural: string, id: string, step: 1 | -1): Promise<string | undefined> {
  const known = held();
  const list = known?.plural === plural ? known : { plural, params: {}, index: 0 };
  const page = await queryClient.ensureQueryData(listPageQuery(plural, list.params, Math.floor(list.index / PAGE_SIZE)));
  const at = page.data.findIndex((record) => record.id === id);
  // The list may have moved since; then the place that was remembered is the best guess.
  const index = at >= 0 ? Math.floor(list.index / PAGE_SIZE) * PAGE_SIZE + at : list.index;
  const next = await rowAt(plural, list.params, index + step);
  if (!next || next.id === id) return undefined;
  rememberList({ ...list, index: index + step });
  return next.id;
}
