import { queryOptions } from "@tanstack/react-query";
import { refreshLists } from "@/api/cache";
import { request } from "@/api/client";
import { fetchList, nestable, queryClient } from "@/api/queries";
import type { FilterTree, List, Rec } from "@/api/types";
import { addDays } from "@/lib/days";
import type { LineOf } from "./week";

const MOST = 200;
/** All time of a person in a week. */
export const weekQuery = (user: string, week: string) =>
  queryOptions({
    queryKey: ["list", "time-entries", { user, week }],
    queryFn: ({ signal }): Promise<List> => {
      const filter: FilterTree = {
        and: [
          { field: "user_id", op: "eq", value: user },
          { field: "date", op: "between", value: [week, addDays(week, 6)] },
        ],
      };
      return fetchList(
        "time-entries",
        { filter, sort: "date", include: nestable("time-entries", ["project", "task"]) },
        { limit: MOST },
        signal,
      );
    },
  });

const show = (user: string, week: string, alter: (entries: Rec[]) => Rec[]) =>
  queryClient.setQueryData<List>(weekQuery(user, week).queryKey, (held) => (held ? { ...held, data: alter(held.data) } : held));

/** Asks again for what shows time. Resolves once the week is here as the server has it. */
async function refreshTime(): Promise<void> {
  refreshLists("projects");
  void queryClient.invalidateQueries({ queryKey: ["record", "projects"] });
  await queryClient.invalidateQueries({ queryKey: ["list", "time-entries"] });
}

/** Writes hours: a new entry, other hours of one, or none any more. Shown at once; throws what the server refuses. */
export async function writeHours(
  where: { user: string; week: string; day: string; line: LineOf },
  entry: Rec | undefined,
  hours: string | null,
): Promise<void> {
  const { user, week, day, line } = where;
  const before = queryClient.getQueryData<List>(weekQuery(user, week).queryKey);
  try {
    if (entry && hours === null) {
      show(user, week, (entries) => entries.filter((one) => one.id !== entry.id));
      await request(`/time-entries/${entry.id}`, { method: "DELETE" });
    } else if (entry) {
      show(user, week, (entries) => entries.map((one) => (one.id === entry.id ? { ...one, hours } : one)));
      await request(`/time-entries/${entry.id}`, {
        method: "PATCH",
        body: { hours },
        headers: { "If-Match": `"${entry.version}"` },
      });
    } else if (hours !== null) {
      await request("/time-entries", {
        method: "POST",
        body: { user_id: user, date: day, hours, ...line },
        headers: { "Idempotency-Key": crypto.randomUUID() },
      });
    }
  } catch (error) {
    if (before) queryClient.setQueryData(weekQuery(user, week).queryKey, before);
    throw error;
  } finally {
    await refreshTime();
  }
}

/** Sends a verb over chosen entries ("POST /time-entries/submit"). */
export async function settleTime(
  verb: "submit" | "withdraw" | "approve" | "reject",
  ids: string[],
  more: object = {},
): Promise<void> {
  try {
    await request(`/time-entries/${verb}`, { method: "POST", body: { ids, ...more } });
  } finally {
    await refreshTime();
  }
}
