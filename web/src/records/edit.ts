import { adoptRecord, findCached, patchCached, refreshLists, refreshTimeline } from "@/api/cache";
import { ApiError, request } from "@/api/client";
import { queryClient } from "@/api/queries";
import type { Conflict, Entity, Field, Nested, Rec, Values } from "@/api/types";
import { bodyOf, isBlank, pairOf, titleOf, valueIn, withValues } from "@/fields/values";
import i18n from "@/i18n";
import { askForValue, conflictStore } from "./dialogs";
import { complain, labelOf } from "./errors";
import { offerUndo } from "./undo";

/** One field to change, with the record a new reference points at so that its name shows at once. */
export type Change = { field: Field; value: unknown; nested?: Nested | null | undefined };

/** Writes to one record follow each other, so that each carries the version the one before it left. */
const queues = new Map<string, Promise<unknown>>();
const versions = new Map<string, number>();
function inTurn<T>(key: string, run: () => Promise<T>): Promise<T> {
  const turn = (queues.get(key) ?? Promise.resolve()).then(run, run);
  queues.set(key, turn);
  void turn
    .catch(() => {})
    .finally(() => {
      if (queues.get(key) !== turn) return;
      queues.delete(key);
      versions.delete(key);
    });
  return turn;
}

function patchOf(changes: Change[]): { values: Values; nested: Values } {
  const values: Values = {};
  const nested: Values = {};
  for (const { field, value, nested: target } of changes) {
    Object.assign(values, pairOf(field, value, target));
    if (field.include && target !== undefined) nested[field.include] = target;
  }
  return { values, nested };
}
/** The same fields as they are now, to go back to. */
const before = (record: Rec, changes: Change[]): Change[] =>
  changes.map(({ field }) => ({
    field,
    value: valueIn(record, field) ?? null,
    ...(field.include ? { nested: nestedNow(record, field) } : {}),
  }));
function nestedNow(record: Rec, field: Field): Nested | null {
  const held = record[field.include ?? ""] as Nested | null | undefined;
  const id = record[field.name];
  if (held || !field.entity_field || typeof id !== "string") return held ?? null;
  return { id, entity: record[field.entity_field] };
}

function show(entity: Entity, id: string, changes: Change[]) {
  const { values, nested } = patchOf(changes);
  patchCached(entity.plural, id, (held) => ({ ...withValues(held, values), ...nested }));
}

async function write(entity: Entity, record: Rec, values: Values): Promise<Rec> {
  const key = `${entity.plural}/${record.id}`;
  return inTurn(key, async () => {
    const version = Math.max(record.version, versions.get(key) ?? 0);
    const fresh = await request<Rec>(`/${key}`, {
      method: "PATCH",
      body: bodyOf(values),
      headers: { "If-Match": `"${version}"` },
    });
    versions.set(key, fresh.version);
    return fresh;
  });
}

/**
 * Changes fields of a record: shown at once, written behind, taken back on failure. A conflict opens its dialog, a
 * missing companion value is asked for, and success can be undone. Resolves to whether the change stands.
 */
export async function editRecord(
  entity: Entity,
  record: Rec,
  changes: Change[],
  options: { undoing?: boolean } = {},
): Promise<boolean> {
  const old = before(record, changes);
  show(entity, record.id, changes);
  try {
    const fresh = await write(entity, record, patchOf(changes).values);
    stands(entity, record, changes, fresh, old, options.undoing === true);
    return true;
  } catch (error) {
    show(entity, record.id, old);
    if (error instanceof ApiError && error.status === 412 && error.problem?.current) {
      openConflict(entity, record, error.problem.current, changes, error);
      return false;
    }
    const companion = missingCompanion(entity, changes, error);
    if (companion) {
      const answer = await askForValue(entity, companion, titleOf(entity, record));
      return answer ? editRecord(entity, record, [...changes, { field: companion, value: answer.value }], options) : false;
    }
    complain(i18n.t("record.notSaved"), error);
    return false;
  }
}

/** A write that went through: held everywhere, and offered back unless it was itself taken back. */
function stands(entity: Entity, record: Rec, changes: Change[], fresh: Rec, old: Change[], undoing: boolean) {
  adoptRecord(entity.plural, fresh);
  settled(entity, fresh.id, changes);
  if (undoing) return;
  const now = { ...record, ...fresh };
  offerUndo(
    i18n.t("record.changed", { field: changes.map((change) => change.field.label).join(", ") }),
    async () => {
      await editRecord(entity, findCached(entity.plural, record.id) ?? now, old, { undoing: true });
    },
    titleOf(entity, now),
  );
}

/**
 * As `editRecord`, for a form: nothing is shown before the server has agreed, and what it refuses is thrown, to be put
 * on its field. Resolves to whether the change stands; a conflict opens its dialog and does not.
 */
export async function saveRecord(entity: Entity, record: Rec, changes: Change[]): Promise<boolean> {
  const old = before(record, changes);
  try {
    const fresh = await write(entity, record, patchOf(changes).values);
    show(entity, record.id, changes);
    stands(entity, record, changes, fresh, old, false);
    return true;
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 412 && error.problem?.current)) throw error;
    openConflict(entity, record, error.problem.current, changes, error);
    return false;
  }
}

/** A field the server asks for that was not part of the change: "a lost deal needs its reason". */
function missingCompanion(entity: Entity, changes: Change[], error: unknown): Field | undefined {
  if (!(error instanceof ApiError) || error.status !== 422) return undefined;
  const [first, ...others] = error.problem?.errors ?? [];
  if (!first || others.length > 0 || changes.some((change) => change.field.name === first.field)) return undefined;
  return entity.fields.find((field) => field.name === first.field && !field.read_only);
}

/** What is written again after a conflict: what nobody else touched, and of the contested fields those I insist on. */
export function insisted(changes: Change[], conflicts: Conflict[], mine: string[]): Change[] {
  const contested = new Set(conflicts.map((conflict) => conflict.field));
  return changes.filter((change) => !contested.has(change.field.name) || mine.includes(change.field.name));
}

function openConflict(entity: Entity, record: Rec, current: Rec, changes: Change[], error: ApiError) {
  adoptRecord(entity.plural, current);
  const conflicts = error.problem?.conflicts ?? [];
  if (conflicts.length === 0) {
    complain(i18n.t("record.notSaved"), error);
    return;
  }
  conflictStore.set({
    entity,
    record: { ...record, ...current },
    conflicts,
    settle: (mine) => {
      conflictStore.set(null);
      const again = insisted(changes, conflicts, mine);
      if (again.length > 0) void editRecord(entity, { ...record, ...current }, again);
    },
  });
}

/** After a write: what depends on it is asked for again. */
function settled(entity: Entity, id: string, changes: Change[]) {
  refreshTimeline(entity.plural, id);
  // Put away or taken out again: it belongs to another list now.
  if (changes.some((change) => change.field.name === entity.archive)) refreshLists(entity.plural);
  if (
    entity.layout.board &&
    changes.some((change) => change.field.name === entity.layout.board?.group_by || change.field.kind === "money")
  )
    void queryClient.invalidateQueries({ queryKey: ["pipeline", entity.plural] });
  // It stands in another column of its board now, which need not be the one that is looked at.
  const columns = entity.fields.find((field) => field.name === entity.layout.board?.group_by && field.kind === "choice");
  if (columns && changes.some((change) => change.field.name === columns.name))
    void queryClient.invalidateQueries({
      predicate: ({ queryKey }) => queryKey[0] === "list" && queryKey[1] === entity.plural && queryKey.at(-1) === "column",
    });
}

export async function createRecord(entity: Entity, values: Values): Promise<Rec> {
  const record = await request<Rec>(`/${entity.plural}`, {
    method: "POST",
    body: bodyOf(values),
    headers: { "Idempotency-Key": crypto.randomUUID() },
  });
  refreshLists(entity.plural);
  return record;
}

/** Deletes one record, and offers it back. */
export async function deleteRecord(entity: Entity, record: Rec): Promise<boolean> {
  try {
    await request(`/${entity.plural}/${record.id}`, { method: "DELETE" });
    queryClient.removeQueries({ queryKey: ["record", entity.plural, record.id] });
    refreshLists(entity.plural);
    const title = i18n.t("record.deleted", { name: titleOf(entity, record) });
    if (entity.soft_delete) offerUndo(title, () => restoreRecord(entity, record.id));
    return true;
  } catch (error) {
    complain(i18n.t("record.notDeleted"), error);
    return false;
  }
}

export async function restoreRecord(entity: Entity, id: string): Promise<void> {
  try {
    await request(`/${entity.plural}/${id}/restore`, { method: "POST", body: {} });
    refreshLists(entity.plural);
    await queryClient.invalidateQueries({ queryKey: ["record", entity.plural, id] });
  } catch (error) {
    complain(i18n.t("record.notRestored"), error);
  }
}

/** A value in words for a message: never empty. */
export const wordsFor = (value: unknown): string => (isBlank(value) ? i18n.t("common.empty") : String(value));
export { labelOf };
