import type { InfiniteData } from "@tanstack/react-query";
import { refreshLists, refreshTimeline } from "@/api/cache";
import { request } from "@/api/client";
import { findEntity, listPageQuery, loadedMeta, meQuery, queryClient } from "@/api/queries";
import type { Activity, Entity, List, Rec, Values } from "@/api/types";
import i18n from "@/i18n";
import { complain } from "@/records/errors";
import { offerUndo } from "@/records/undo";
import { refreshTasks } from "@/tasks/tasks";
import { notify } from "@/ui";

/** How many notes or interactions of a record are held in full. */
export const HELD = 100;
/** What was written about a record, in full: its notes (pinned ones first) or its interactions. */
export const writtenQuery = (child: "notes" | "interactions" | "tasks", entity: Entity, id: string) =>
  listPageQuery(child, { parent: { plural: entity.plural, id, child } }, 0, HELD);

/** Everything that shows what was written about a record is asked for again. */
export function refreshWritten(subject: { plural: string; id: string }, child: string) {
  refreshLists(child);
  refreshTimeline(subject.plural, subject.id);
  if (child === "notes") return;
  // An interaction may have made a task.
  refreshLists("tasks");
  refreshTasks();
}

/** Stands in the timeline from the moment it is sent until the server's own account of it arrives. */
function showAtOnce(entity: Entity, id: string, activity: Pick<Activity, "type" | "subject" | "description">): () => void {
  const me = queryClient.getQueryData(meQuery.queryKey)?.user;
  const pending: Activity = {
    ...activity,
    id: `pending-${crypto.randomUUID()}`,
    entity_type: entity.name,
    entity_id: id,
    user_id: me?.id ?? null,
    user: me ? { id: me.id, full_name: me.full_name } : null,
    created_at: new Date().toISOString(),
  };
  const change = (alter: (list: Activity[]) => Activity[]) =>
    queryClient.setQueriesData<InfiniteData<List<Activity>>>({ queryKey: ["activities", entity.plural, id] }, (held) =>
      held ? { ...held, pages: held.pages.map((page, at) => (at === 0 ? { ...page, data: alter(page.data) } : page)) } : held,
    );
  change((list) => [pending, ...list]);
  return () => change((list) => list.filter((entry) => entry.id !== pending.id));
}

type Written = {
  child: "notes" | "interactions" | "tasks";
  type: string;
  title: string | null;
  text: string | null;
  body: Values;
};

/**
 * Writes something about a record: shown in its timeline at once, and what can be taken back is offered back. Throws
 * what the server refuses, so that the composer can give the text back.
 */
export async function writeAbout(entity: Entity, id: string, what: Written): Promise<Rec> {
  const { child, body } = what;
  const takeAway = showAtOnce(entity, id, { type: what.type, subject: what.title, description: what.text });
  try {
    const made = await request<Rec>(`/${child}`, {
      method: "POST",
      body: { ...body, subject_type: entity.name, subject_id: id },
      headers: { "Idempotency-Key": crypto.randomUUID() },
    });
    const subject = { plural: entity.plural, id };
    refreshWritten(subject, child);
    // What was said to a customer stays said: interactions have no way back.
    if (child === "interactions")
      notify(i18n.t("composer.logged"), made.follow_up_at ? { description: i18n.t("composer.followUpMade") } : {});
    else
      offerUndo(i18n.t(child === "notes" ? "composer.noted" : "composer.planned"), async () => {
        await removeWritten(subject, child, made);
      });
    return made;
  } catch (error) {
    takeAway();
    throw error;
  }
}

async function removeWritten(subject: { plural: string; id: string }, child: string, record: Rec): Promise<boolean> {
  try {
    await request(`/${child}/${record.id}`, { method: "DELETE" });
    refreshWritten(subject, child);
    return true;
  } catch (error) {
    complain(i18n.t("record.notDeleted"), error);
    return false;
  }
}

/** Deletes a note or a task, and offers it back. */
export async function deleteWritten(subject: { plural: string; id: string }, child: "notes" | "tasks", record: Rec) {
  if (!(await removeWritten(subject, child, record))) return;
  offerUndo(i18n.t(child === "notes" ? "composer.noteDeleted" : "composer.taskDeleted"), async () => {
    try {
      await request(`/${child}/${record.id}/restore`, { method: "POST", body: {} });
      refreshWritten(subject, child);
    } catch (error) {
      complain(i18n.t("record.notRestored"), error);
    }
  });
}

/** Changes a note in place: its text, or whether it is pinned. */
export async function changeNote(subject: { plural: string; id: string }, note: Rec, values: Values): Promise<boolean> {
  try {
    await request<Rec>(`/notes/${note.id}`, { method: "PATCH", body: values, headers: { "If-Match": `"${note.version}"` } });
    return true;
  } catch (error) {
    complain(i18n.t("record.notSaved"), error);
    return false;
  } finally {
    refreshWritten(subject, "notes");
  }
}

/** Whether this person may write notes, interactions or tasks about records of this kind. */
export function writable(entity: Entity): ("note" | "interaction" | "task")[] {
  const meta = loadedMeta();
  return (["note", "interaction", "task"] as const).filter((name) => {
    const target = meta ? findEntity(meta, name) : undefined;
    return target?.permissions.includes("create") === true && entity.children.some((child) => child.entity === name);
  });
}
