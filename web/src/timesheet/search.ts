/** What the address of the timesheet says: which week, and whose. */
export type TimesheetSearch = { week?: string; user?: string };
export function readTimesheetSearch(search: Record<string, unknown>): TimesheetSearch {
  return {
    ...(typeof search.week === "string" && /^\d{4}-\d{2}-\d{2}$/.test(search.week) ? { week: search.week } : {}),
    ...(typeof search.user === "string" && search.user ? { user: search.user } : {}),
  };
}
