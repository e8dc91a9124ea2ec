/** How long until a moment, as far as it matters: "2 d 4 h", "3 h 5 min", "12 min". Below a minute it is none. */
export type Span = { days: number; hours: number; minutes: number };
const MINUTE_MS = 60_000;

export function spanOf(ms: number): Span {
  const minutes = Math.floor(Math.abs(ms) / MINUTE_MS);
  return { days: Math.floor(minutes / 1440), hours: Math.floor((minutes % 1440) / 60), minutes: minutes % 60 };
}

/** What a clock that runs to a moment has to say. */
export type ClockState =
  | { state: "running" | "soon" | "over"; left: Span; dueAt: string }
  | { state: "paused" }
  | { state: "met" | "missed"; dueAt: string };

/** Near its end, a clock calls for attention. */
const SOON_MS = 60 * MINUTE_MS;

/**
 * Reads a clock: it runs to `dueAt` until what it waits for has happened at `doneAt`. While somebody else is waited for it
 * stands still, and nothing need be due. Null where nothing is.
 */
export function clockOf(dueAt: unknown, doneAt: unknown, paused: boolean, now: Date): ClockState | null {
  if (paused && typeof doneAt !== "string") return { state: "paused" };
  if (typeof dueAt !== "string") return null;
  if (typeof doneAt === "string") return { state: Date.parse(doneAt) <= Date.parse(dueAt) ? "met" : "missed", dueAt };
  const ms = Date.parse(dueAt) - now.getTime();
  return { state: ms < 0 ? "over" : ms <= SOON_MS ? "soon" : "running", left: spanOf(ms), dueAt };
}
