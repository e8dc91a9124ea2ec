import { infiniteQueryOptions } from "@tanstack/react-query";
import { refreshLists } from "@/api/cache";
import { request } from "@/api/client";
import { queryClient } from "@/api/queries";
import type { Entity, Field, Rec } from "@/api/types";
import { shownFields } from "@/fields/registry";
import { isBlank, titleOf, valueIn } from "@/fields/values";
import i18n from "@/i18n";
import { refreshRecord } from "@/records/act";
import { complain } from "@/records/errors";
import { offerUndo } from "@/records/undo";

/** Records that may be one, and why they are thought to be. */
export type Group = {
  /** How sure it is, of a hundred. */
  score: number;
  reasons: { field: string; code: string; similarity: number }[];
  records: Rec[];
};
type Page = { data: Group[]; page: { next_cursor: string | null } };

export const duplicatesQuery = (plural: string) =>
  infiniteQueryOptions({
    queryKey: ["duplicates", plural],
    queryFn: ({ signal, pageParam }) =>
      request<Page>(`/${plural}/duplicates`, { signal, query: { limit: 20, cursor: pageParam || undefined } }),
    initialPageParam: "",
    getNextPageParam: (last) => last.page.next_cursor ?? undefined,
  });
const refresh = (plural: string) => {
  void queryClient.invalidateQueries({ queryKey: ["duplicates", plural] });
  refreshLists(plural);
};

/** Whose value stays, field by field. */
export type Side = "mine" | "theirs";
export type Sides = Record<string, Side>;

const same = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one ?? null) === JSON.stringify(other ?? null) || (isBlank(one) && isBlank(other));

/** The fields on which two records differ, as far as one of the values is chosen: tags are put together, figures are kept. */
export function differing(entity: Entity, mine: Rec, theirs: Rec): Field[] {
  return shownFields(entity).filter(
    (field) =>
      !field.read_only && !field.create_only && field.kind !== "tags" && !same(valueIn(mine, field), valueIn(theirs, field)),
  );
}
/** What is chosen before anybody has: what the record that stays has, and from the other one what it lacks. */
export const firstChoice = (fields: Field[], mine: Rec): Sides =>
  Object.fromEntries(fields.map((field) => [field.name, isBlank(valueIn(mine, field)) ? "theirs" : "mine"]));

/** The record that is more worth keeping: the one that says more, then the older one. */
export function fuller(entity: Entity, one: Rec, other: Rec): [Rec, Rec] {
  const filled = (record: Rec) => shownFields(entity).filter((field) => !isBlank(valueIn(record, field))).length;
  const difference = filled(one) - filled(other);
  return difference > 0 || (difference === 0 && one.created_at <= other.created_at) ? [one, other] : [other, one];
}

/** Makes one record of two. Throws what the server refuses; what is done can be taken back. */
export async function merge(entity: Entity, stays: Rec, goes: Rec, fields: Sides): Promise<void> {
  const path = `/${entity.plural}/${stays.id}/merge`;
  const once = () => ({ "Idempotency-Key": crypto.randomUUID() });
  await request(path, { method: "POST", body: { with: goes.id, fields }, headers: once() });
  refresh(entity.plural);
  refreshRecord(entity, stays.id);
  offerUndo(i18n.t("duplicates.merged", { name: titleOf(entity, stays) }), async () => {
    try {
      await request(`${path}/undo`, { method: "POST", body: {}, headers: once() });
    } catch (error) {
      complain(i18n.t("duplicates.notUndone"), error);
    }
    refresh(entity.plural);
    refreshRecord(entity, stays.id);
    refreshRecord(entity, goes.id);
  });
}

/** Says that two records are not the same, so that nobody asks again. */
export async function tellApart(entity: Entity, one: Rec, other: Rec): Promise<void> {
  const path = `/${entity.plural}/${one.id}/not-duplicates`;
  try {
    await request(path, { method: "POST", body: { with: other.id } });
    offerUndo(i18n.t("duplicates.apart"), async () => {
      await request(path, { method: "DELETE", query: { with: other.id } }).catch((error: unknown) =>
        complain(i18n.t("record.notDone"), error),
      );
      refresh(entity.plural);
    });
  } catch (error) {
    complain(i18n.t("record.notDone"), error);
  }
  refresh(entity.plural);
}
