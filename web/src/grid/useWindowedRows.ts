import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { type ListParams, listPageQuery, PAGE_SIZE } from "@/api/queries";
import type { Rec } from "@/api/types";

export type Rows = {
  /** Undefined until the first page has come. */
  total: number | undefined;
  /** The total is only a lower bound: there are more than that. */
  more: boolean;
  get: (index: number) => Rec | undefined;
  setVisible: (first: number, last: number) => void;
  error: unknown;
  retry: () => void;
};

/**
 * Rows by their place in the list, fetched in pages around what is visible. The last total of a query is kept while
 * another page loads: were it to fall back to unknown, the height of the scroll area would collapse.
 */
export function useWindowedRows(plural: string, params: ListParams): Rows {
  const client = useQueryClient();
  const key = JSON.stringify([plural, params]);
  const [range, setRange] = useState({ key, first: 0, last: 0 });
  const [kept, setKept] = useState<{ key: string; total: number; more: boolean } | null>(null);
  const first = range.key === key ? range.first : 0;
  const last = range.key === key ? range.last : 0;
  const pages = useMemo(() => Array.from({ length: last - first + 1 }, (_, index) => first + index), [first, last]);
  const results = useQueries({ queries: pages.map((page) => listPageQuery(plural, params, page)) });
  const fresh = results.find((result) => typeof result.data?.page.total === "number")?.data?.page;
  if (fresh && typeof fresh.total === "number") {
    const more = fresh.total_is_lower_bound === true;
    if (kept?.key !== key || kept.total !== fresh.total || kept.more !== more) setKept({ key, total: fresh.total, more });
  }
  const held = kept?.key === key ? kept : undefined;

  // Pages out of sight stay readable from the cache: the active row may be far from the visible ones.
  const get = (index: number): Rec | undefined => {
    const page = Math.floor(index / PAGE_SIZE);
    const list =
      page >= first && page <= last
        ? results[page - first]?.data
        : client.getQueryData(listPageQuery(plural, params, page).queryKey);
    return list?.data[index % PAGE_SIZE];
  };
  const setVisible = useCallback(
    (from: number, to: number) =>
      setRange((current) => {
        const next = { key, first: Math.floor(Math.max(0, from) / PAGE_SIZE), last: Math.floor(Math.max(0, to) / PAGE_SIZE) };
        return current.key === key && current.first === next.first && current.last === next.last ? current : next;
      }),
    [key],
  );
  return {
    total: fresh?.total ?? held?.total,
    more: held?.more ?? false,
    get,
    setVisible,
    error: results.find((result) => result.error)?.error ?? null,
    retry: () => {
      for (const result of results) if (result.error) void result.refetch();
    },
  };
}
