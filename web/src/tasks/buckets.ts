import type { Rec } from "@/api/types";
import { addDays } from "@/lib/days";
import { dayOf } from "@/lib/zone";

/** The groups of a list of tasks by when they are due, in order. */
export const BUCKETS = ["overdue", "today", "tomorrow", "this_week", "later", "no_date"] as const;
export type Bucket = (typeof BUCKETS)[number];

/**
 * Where a task belongs until the server has said so itself: by its day, where the person is; weeks begin on Monday. What
 * was due earlier today is still today's.
 */
export function bucketOf(due: unknown, now: Date = new Date()): Bucket {
  if (typeof due !== "string" || !due) return "no_date";
  const today = dayOf(now);
  const day = dayOf(new Date(due));
  if (day < today) return "overdue";
  if (day === today) return "today";
  if (day === addDays(today, 1)) return "tomorrow";
  const weekday = (new Date(`${today}T00:00:00Z`).getUTCDay() + 6) % 7;
  return day <= addDays(today, 6 - weekday) ? "this_week" : "later";
}

const PRIORITIES = ["urgent", "high", "medium", "low"];
const rankOf = (task: Rec): [string, number] => [String(task.due_at ?? "9"), PRIORITIES.indexOf(String(task.priority))];
/** The order within a group: what is due first, then what matters most. */
export function byDue(one: Rec, other: Rec): number {
  const [a, b] = [rankOf(one), rankOf(other)];
  return a[0] === b[0] ? a[1] - b[1] : a[0] < b[0] ? -1 : 1;
}

/** The tasks of each group, in order. Done ones come last, by themselves. */
export function grouped<Task extends Rec>(
  tasks: Task[],
  bucket: (task: Task) => string,
): { bucket: Bucket | "done"; tasks: Task[] }[] {
  return [...BUCKETS, "done" as const]
    .map((name) => ({ bucket: name, tasks: tasks.filter((task) => bucket(task) === name) }))
    .filter((group) => group.tasks.length > 0)
    .map((group) => ({ ...group, tasks: group.bucket === "done" ? group.tasks : [...group.tasks].sort(byDue) }));
}
