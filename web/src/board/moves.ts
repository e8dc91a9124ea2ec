import type { InfiniteData } from "@tanstack/react-query";
import { adoptRecord, refreshTimeline } from "@/api/cache";
import { request } from "@/api/client";
import { columnQuery, type ListParams, queryClient } from "@/api/queries";
import type { Entity, List, Pipeline, PipelineStage, Rec } from "@/api/types";
import { titleOf } from "@/fields/values";
import i18n from "@/i18n";
import { askForValue } from "@/records/dialogs";
import { editRecord } from "@/records/edit";
import { complain } from "@/records/errors";
import { specialOf } from "@/records/special";
import { offerUndo } from "@/records/undo";
import { choiceField } from "./choices";
import { faceOf } from "./face";
import { type Columns, placeOf, shiftTotals, stageOf } from "./model";

export type BoardScope = { entity: Entity; stages: PipelineStage[]; paramsOf: (stage: string) => ListParams };

/** Takes a record out of one held column and puts it into another, and moves the sums with it. */
function moveHeld(scope: BoardScope, record: Rec, from: string, to: string, index: number) {
  const key = (stage: string) => columnQuery(scope.entity.plural, scope.paramsOf(stage)).queryKey;
  queryClient.setQueryData<InfiniteData<List>>(key(from), (held) =>
    held
      ? { ...held, pages: held.pages.map((page) => ({ ...page, data: page.data.filter((held) => held.id !== record.id) })) }
      : held,
  );
  const stage = scope.stages.find((entry) => entry.id === to);
  const field = scope.entity.fields.find((entry) => entry.name === scope.entity.layout.board?.group_by);
  queryClient.setQueryData<InfiniteData<List>>(key(to), (held) => {
    if (!held) return held;
    let rest = index;
    let placed = false;
    const moved: Rec = {
      ...record,
      ...(field ? { [field.name]: to } : {}),
      ...(field?.include && stage ? { [field.include]: { id: to, name: stage.name } } : {}),
    };
    const pages = held.pages.map((page, at) => {
      if (placed || (rest > page.data.length && at < held.pages.length - 1)) {
        if (!placed) rest -= page.data.length;
        return page;
      }
      placed = true;
      return { ...page, data: [...page.data.slice(0, rest), moved, ...page.data.slice(rest)] };
    });
    return { ...held, pages };
  });
  queryClient.setQueriesData<Pipeline>({ queryKey: ["pipeline", scope.entity.plural] }, (held) =>
    held ? shiftTotals(held, record, choiceField(scope.entity) ? "" : amountOf(scope.entity), from, to) : held,
  );
}

const amountOf = (entity: Entity): string => faceOf(entity).amount?.name ?? "";

const refreshBoard = (entity: Entity) => {
  void queryClient.invalidateQueries({ queryKey: ["pipeline", entity.plural] });
  void queryClient.invalidateQueries({ queryKey: ["list", entity.plural] });
};

/**
 * Puts a record where it was dropped: shown at once, written behind, undone from the message. A lost stage asks for
 * the reason first; whoever thinks better of it finds the card where it was. Resolves to whether it moved.
 */
export async function moveRecord(
  scope: BoardScope,
  record: Rec,
  was: Columns,
  now: Columns,
  options: { undoing?: boolean } = {},
): Promise<boolean> {
  const { entity, stages } = scope;
  const from = stageOf(was, record.id);
  const to = stageOf(now, record.id);
  if (from === undefined || to === undefined) return false;
  const stage = stages.find((entry) => entry.id === to);
  const choice = choiceField(entity);
  if (choice) {
    // Among the choices of a field there are no places, only the choice itself.
    if (from === to) return false;
    moveHeld(scope, record, from, to, (now[to] ?? []).indexOf(record.id));
    const stands = await editRecord(entity, record, [{ field: choice, value: to }]);
    if (!stands) refreshBoard(entity);
    return stands;
  }
  const enter = from !== to && !options.undoing && stage ? specialOf(entity).enterStage?.(entity, record, stage) : undefined;
  if (enter) return enter;
  const body: Record<string, unknown> = { stage: to, ...placeOf(now, record.id) };
  if (stage?.kind === "lost" && from !== to && !options.undoing) {
    const field = entity.fields.find((entry) => entry.name === "lost_reason");
    if (field) {
      const answer = await askForValue(entity, field, i18n.t("board.lostTitle", { name: titleOf(entity, record) }));
      if (!answer) return false;
      body.lost_reason = answer.value;
    }
  } else if (stage?.kind === "lost" && record.lost_reason) body.lost_reason = record.lost_reason;
  moveHeld(scope, record, from, to, (now[to] ?? []).indexOf(record.id));
  try {
    const fresh = await request<Rec>(`/${entity.plural}/${record.id}/stage`, { method: "PUT", body });
    adoptRecord(entity.plural, fresh);
    refreshTimeline(entity.plural, record.id);
    void queryClient.invalidateQueries({ queryKey: ["pipeline", entity.plural] });
    if (!options.undoing && from !== to)
      offerUndo(i18n.t("board.moved", { name: titleOf(entity, record), stage: stage?.name ?? "" }), async () => {
        await moveRecord(scope, { ...record, ...fresh }, now, was, { undoing: true });
      });
    return true;
  } catch (error) {
    complain(i18n.t("record.notSaved"), error);
    refreshBoard(entity);
    return false;
  }
}
