import type { InfiniteData } from "@tanstack/react-query";
import { queryClient } from "./queries";
import type { List, Rec } from "./types";

type Held = List | InfiniteData<List> | undefined;
const isInfinite = (held: NonNullable<Held>): held is InfiniteData<List> => "pages" in held;

function mapHeld(held: Held, change: (list: List) => List): Held {
  // What was made of a list, such as its names alone, is held under the same key and is no list itself.
  if (!held || !("data" in held || "pages" in held)) return held;
  if (!isInfinite(held)) return change(held);
  const pages = held.pages.map(change);
  return pages.every((page, index) => page === held.pages[index]) ? held : { ...held, pages };
}

/** Changes one record wherever it is held. */
export function patchCached(plural: string, id: string, change: (record: Rec) => Rec) {
  queryClient.setQueriesData<List | InfiniteData<List>>({ queryKey: ["list", plural] }, (held) =>
    mapHeld(held, (list) =>
      list.data.some((record) => record.id === id)
        ? { ...list, data: list.data.map((record) => (record.id === id ? change(record) : record)) }
        : list,
    ),
  );
  queryClient.setQueryData<Rec>(["record", plural, id], (record) => (record ? change(record) : record));
}

/** Takes the server's record over, keeping nested references that its answer left out and older answers out. */
export function adoptRecord(plural: string, fresh: Rec) {
  patchCached(plural, fresh.id, (held) => (fresh.version < held.version ? held : { ...held, ...fresh }));
}

/** Looks a record up in whatever lists hold it. */
export function findCached(plural: string, id: string): Rec | undefined {
  const single = queryClient.getQueryData<Rec>(["record", plural, id]);
  if (single) return single;
  for (const [, held] of queryClient.getQueriesData<List | InfiniteData<List>>({ queryKey: ["list", plural] })) {
    if (!held || !("data" in held || "pages" in held)) continue;
    const lists = isInfinite(held) ? held.pages : [held];
    for (const list of lists) {
      const found = list.data.find((record) => record.id === id);
      if (found) return found;
    }
  }
  return undefined;
}

/** Asks again for every list of an entity and what is counted from it. */
export function refreshLists(plural: string) {
  void queryClient.invalidateQueries({ queryKey: ["list", plural] });
  void queryClient.invalidateQueries({ queryKey: ["pipeline", plural] });
  void queryClient.invalidateQueries({ queryKey: ["derived"] });
}
/** Asks again for the timeline of one record. */
export function refreshTimeline(plural: string, id: string) {
  void queryClient.invalidateQueries({ queryKey: ["activities", plural, id] });
  void queryClient.invalidateQueries({ queryKey: ["history", plural, id] });
}
