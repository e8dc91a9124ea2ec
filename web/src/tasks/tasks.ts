import { queryOptions } from "@tanstack/react-query";
import { adoptRecord, patchCached, refreshLists, refreshTimeline } from "@/api/cache";
import { request } from "@/api/client";
import { findEntity, loadedMeta, queryClient } from "@/api/queries";
import type { List, Rec, Values } from "@/api/types";
import i18n from "@/i18n";
import { complain } from "@/records/errors";
import { offerUndo } from "@/records/undo";
import { bucketOf } from "./buckets";

const OPEN = new Set(["todo", "in_progress", "review"]);
export const isOpen = (task: Rec): boolean => OPEN.has(String(task.status));

/** My open tasks with what I have done today, each with the group it belongs to. */
export const myTasksQuery = queryOptions({
  queryKey: ["my-tasks", "all"],
  queryFn: ({ signal }) => request<List>("/tasks/my-tasks", { signal, query: { limit: 200, completed: "today" } }),
  staleTime: 15_000,
});
/** How many there are in each group, for the navigation. */
export const myCountsQuery = queryOptions({
  queryKey: ["my-tasks", "counts"],
  queryFn: ({ signal }) => request<List>("/tasks/my-tasks", { signal, query: { limit: 1 } }),
  staleTime: 60_000,
});

export const refreshTasks = () => void queryClient.invalidateQueries({ queryKey: ["my-tasks"] });

/** Changes a task wherever it is shown, before the server has answered. */
function show(id: string, values: Values) {
  const alter = (task: Rec): Rec => ({ ...task, ...values });
  patchCached("tasks", id, alter);
  queryClient.setQueryData<List>(myTasksQuery.queryKey, (held) =>
    held
      ? {
          ...held,
          data: held.data.map((task) => {
            if (task.id !== id) return task;
            const next = alter(task);
            return { ...next, bucket: isOpen(next) ? bucketOf(next.due_at) : "done" };
          }),
        }
      : held,
  );
}

/** Everything that counts or tells of a task is asked for again. */
function settle(task: Rec) {
  refreshTasks();
  refreshLists("tasks");
  const meta = loadedMeta();
  const subject = meta && typeof task.subject_type === "string" ? findEntity(meta, task.subject_type) : undefined;
  if (subject && typeof task.subject_id === "string") refreshTimeline(subject.plural, task.subject_id);
  refreshTimeline("tasks", task.id);
}

async function write(task: Rec, values: Values, send: () => Promise<Rec>): Promise<Rec | undefined> {
  const before = Object.fromEntries(Object.keys(values).map((name) => [name, task[name] ?? null]));
  show(task.id, values);
  try {
    const fresh = await send();
    adoptRecord("tasks", fresh);
    settle(fresh);
    return fresh;
  } catch (error) {
    show(task.id, before);
    complain(i18n.t("record.notSaved"), error);
    return undefined;
  }
}

/** Ticks a task off, or opens it again. The one takes back the other. */
export async function setDone(task: Rec, done: boolean, undoing = false): Promise<void> {
  const values = { status: done ? "completed" : "todo", completed_at: done ? new Date().toISOString() : null };
  const fresh = await write(task, values, () =>
    request<Rec>(`/tasks/${task.id}/${done ? "complete" : "reopen"}`, { method: "PUT" }),
  );
  if (fresh && !undoing)
    offerUndo(
      i18n.t(done ? "tasks.completed" : "tasks.reopened"),
      () => setDone({ ...task, ...fresh }, !done, true),
      String(task.title ?? ""),
    );
}

/** Puts a task off to another moment. */
export async function reschedule(task: Rec, due_at: string | null, words: string): Promise<void> {
  const before = (task.due_at as string | null | undefined) ?? null;
  const put = (held: Rec, due: string | null) =>
    write(held, { due_at: due }, () => request<Rec>(`/tasks/${task.id}`, { method: "PATCH", body: { due_at: due } }));
  const fresh = await put(task, due_at);
  if (fresh)
    offerUndo(
      i18n.t("tasks.moved", { when: words }),
      async () => {
        await put({ ...task, ...fresh }, before);
      },
      String(task.title ?? ""),
    );
}

/** Makes a task. Throws what the server refuses, so that the text can be given back. */
export async function addTask(values: Values): Promise<Rec> {
  const made = await request<Rec>("/tasks", {
    method: "POST",
    body: values,
    headers: { "Idempotency-Key": crypto.randomUUID() },
  });
  settle(made);
  offerUndo(
    i18n.t("composer.planned"),
    async () => {
      await request(`/tasks/${made.id}`, { method: "DELETE" }).catch((error: unknown) =>
        complain(i18n.t("record.notDeleted"), error),
      );
      settle(made);
    },
    String(made.title ?? ""),
  );
  return made;
}
