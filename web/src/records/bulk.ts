import { patchCached, refreshLists } from "@/api/cache";
import { request } from "@/api/client";
import { allOf, fetchList, type ListParams } from "@/api/queries";
import type { Entity, Field, FilterTree, Nested, Rec } from "@/api/types";
import { bodyOf, valueIn, withValues } from "@/fields/values";
import i18n from "@/i18n";
import { notify } from "@/ui";
import { complain } from "./errors";
import { offerUndo } from "./undo";

/** The most records one request may name. */
export const BULK_LIMIT = 1000;

/** Which records a bulk change is for: named ones, or all that a filter matches. */
export type Target = { ids: string[]; known: Map<string, Rec> } | { filter: FilterTree; expected: number };

/** The whole of what a list shows, as a filter: what it leaves out by itself has to be said in a bulk change. */
export function wholeFilter(entity: Entity, { filter, archived }: Pick<ListParams, "filter" | "archived">): FilterTree {
  const named = entity.archive ? JSON.stringify(filter ?? null).includes(`"${entity.archive}"`) : true;
  const kept: FilterTree | undefined =
    entity.archive && !named && archived !== "with" ? { field: entity.archive, op: "eq", value: archived === "only" } : undefined;
  return allOf(filter, kept) ?? { and: [] };
}

/** The ids of every record that a list shows, read page by page: a bulk change by filter knows no text search. */
export async function everyId(entity: Entity, params: ListParams): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const { data, page } = await fetchList(entity.plural, { ...params, include: [] }, { limit: MOST_OF_A_PAGE, cursor });
    ids.push(...data.map((record) => record.id));
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return ids;
}
const MOST_OF_A_PAGE = 200;

type Operation = { op: "update" | "delete" | "restore"; id: string; data?: object };

async function send(entity: Entity, operations: Operation[]) {
  for (let start = 0; start < operations.length; start += BULK_LIMIT)
    await request(`/${entity.plural}/bulk`, {
      method: "POST",
      body: { operations: operations.slice(start, start + BULK_LIMIT) },
    });
}

export async function bulkUpdate(
  entity: Entity,
  target: Target,
  field: Field,
  value: unknown,
  nested?: Nested | null,
): Promise<boolean> {
  try {
    if ("filter" in target) {
      const { affected } = await request<{ affected: number }>(`/${entity.plural}/bulk`, {
        method: "POST",
        body: {
          op: "update",
          filter: target.filter,
          data: bodyOf({ [field.name]: value }),
          expected: target.expected,
        },
      });
      notify(i18n.t("bulk.updated", { count: affected }));
    } else {
      for (const id of target.ids)
        patchCached(entity.plural, id, (record) => ({
          ...withValues(record, { [field.name]: value }),
          ...(field.include && nested !== undefined ? { [field.include]: nested } : {}),
        }));
      await send(
        entity,
        target.ids.map((id) => ({ op: "update", id, data: bodyOf({ [field.name]: value }) })),
      );
      const old = target.ids.flatMap((id) => {
        const record = target.known.get(id);
        return record ? [{ op: "update" as const, id, data: bodyOf({ [field.name]: valueIn(record, field) ?? null }) }] : [];
      });
      const title = i18n.t("bulk.updated", { count: target.ids.length });
      // Records that were never loaded cannot be put back as they were.
      if (old.length === target.ids.length) offerUndo(title, () => again(entity, old));
      else notify(title);
    }
    return true;
  } catch (error) {
    complain(i18n.t("bulk.failed"), error);
    return false;
  } finally {
    refreshLists(entity.plural);
  }
}

export async function bulkDelete(entity: Entity, target: Target): Promise<boolean> {
  try {
    if ("filter" in target) {
      const { affected } = await request<{ affected: number }>(`/${entity.plural}/bulk`, {
        method: "POST",
        body: { op: "delete", filter: target.filter, expected: target.expected },
      });
      notify(i18n.t("bulk.deleted", { count: affected }));
    } else {
      const { ids } = target;
      await send(
        entity,
        ids.map((id) => ({ op: "delete", id })),
      );
      const title = i18n.t("bulk.deleted", { count: ids.length });
      if (entity.soft_delete)
        offerUndo(title, () =>
          again(
            entity,
            ids.map((id) => ({ op: "restore", id })),
          ),
        );
      else notify(title);
    }
    return true;
  } catch (error) {
    complain(i18n.t("bulk.failed"), error);
    return false;
  } finally {
    refreshLists(entity.plural);
  }
}

export async function bulkRestore(entity: Entity, ids: string[]): Promise<boolean> {
  try {
    await send(
      entity,
      ids.map((id) => ({ op: "restore", id })),
    );
    notify(i18n.t("bulk.restored", { count: ids.length }));
    return true;
  } catch (error) {
    complain(i18n.t("bulk.failed"), error);
    return false;
  } finally {
    refreshLists(entity.plural);
  }
}

async function again(entity: Entity, operations: Operation[]) {
  try {
    await send(entity, operations);
  } catch (error) {
    complain(i18n.t("bulk.failed"), error);
  } finally {
    refreshLists(entity.plural);
  }
}
