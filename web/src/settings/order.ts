import { patchCached } from "@/api/cache";
import { request } from "@/api/client";
import { can, queryClient } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import i18n from "@/i18n";
import { complain } from "@/records/errors";
import { offerUndo } from "@/records/undo";

const placeOf = (record: Rec) => Number(record.position ?? 0);
/** As their places say; what shares a place stands in the order in which it came. */
export const inOrder = (records: Rec[]): Rec[] => [...records].sort((one, other) => placeOf(one) - placeOf(other));

/** The places that change when records stand in this order, counted from 1. */
export const newPlaces = (ordered: Rec[]): { id: string; position: number }[] =>
  ordered.flatMap((record, index) => (placeOf(record) === index + 1 ? [] : [{ id: record.id, position: index + 1 }]));

const show = (entity: Entity, places: { id: string; position: number }[]) => {
  for (const { id, position } of places) patchCached(entity.plural, id, (held) => ({ ...held, position }));
};

/** In one request for who may change many at once, else one after the other. */
async function write(entity: Entity, places: { id: string; position: number }[]): Promise<void> {
  if (can(entity, "bulk"))
    await request(`/${entity.plural}/bulk`, {
      method: "POST",
      body: { operations: places.map(({ id, position }) => ({ op: "update", id, data: { position } })) },
    });
  else for (const { id, position } of places) await request(`/${entity.plural}/${id}`, { method: "PATCH", body: { position } });
}

/** Puts records in an order: shown at once, taken back when refused, undone on demand. */
export async function reorder(entity: Entity, ordered: Rec[], options: { undoing?: boolean } = {}): Promise<void> {
  const places = newPlaces(ordered);
  if (places.length === 0) return;
  const before = inOrder(ordered);
  const old = places.map(({ id }) => ({ id, position: placeOf(ordered.find((record) => record.id === id) as Rec) }));
  show(entity, places);
  try {
    await write(entity, places);
    if (!options.undoing)
      offerUndo(i18n.t("settings.reordered"), () =>
        reorder(
          entity,
          before.map((record) => ({ ...record, ...places.find(({ id }) => id === record.id) })),
          { undoing: true },
        ),
      );
  } catch (error) {
    show(entity, old);
    complain(i18n.t("record.notSaved"), error);
  }
  // The versions have moved on, and boards follow the order of their stages.
  await queryClient.invalidateQueries({ queryKey: ["list", entity.plural] });
  void queryClient.invalidateQueries({ queryKey: ["pipeline"] });
}
