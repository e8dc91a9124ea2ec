import { useQueries } from "@tanstack/react-query";
import { findCached } from "@/api/cache";
import { request } from "@/api/client";
import type { Entity, Rec } from "@/api/types";
import { titleOf } from "@/fields/values";

/** The names of records by id, from what is held already or asked for one by one. Null where one may not be seen. */
export function useNames(wanted: { entity: Entity; id: string }[]): Map<string, string | null> {
  const results = useQueries({
    queries: wanted.map(({ entity, id }) => ({
      queryKey: ["name", entity.plural, id],
      queryFn: async () => {
        const held = findCached(entity.plural, id);
        return titleOf(entity, held ?? (await request<Rec>(`/${entity.plural}/${id}`)));
      },
      staleTime: 5 * 60_000,
      retry: false,
    })),
  });
  const names = new Map<string, string | null>();
  for (const [index, { id }] of wanted.entries()) {
    const result = results[index];
    if (result?.data !== undefined) names.set(id, result.data);
    else if (result?.isError) names.set(id, null);
  }
  return names;
}
