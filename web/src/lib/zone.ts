/**
 * Days and hours in the time zone of the person, which need not be that of this browser. The server counts "today" in
 * the same zone, so that a task is due on the same day in every place that shows it.
 */
const pad = (value: number) => String(value).padStart(2, "0");

let zone: string | undefined;
const clocks = new Map<string, Intl.DateTimeFormat>();

/** Sets the zone of all days and hours, for example "Europe/Zurich". An unknown one is ignored. */
export function setZone(next: string | null | undefined) {
  try {
    if (next) zone = new Intl.DateTimeFormat("en", { timeZone: next }).resolvedOptions().timeZone;
  } catch {
    // A zone that this browser does not know: its own is kept.
  }
}
export const browserZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone;
export const currentZone = (): string => zone ?? browserZone();

function clockOf(name: string): Intl.DateTimeFormat {
  let clock = clocks.get(name);
  if (!clock) {
    clock = new Intl.DateTimeFormat("en-CA", {
      timeZone: name,
      hourCycle: "h23",
      ...{ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" },
    });
    clocks.set(name, clock);
  }
  return clock;
}

export type WallTime = { day: string; hour: number; minute: number };

/** What calendar and clock on the wall show at a moment. */
export function wallTime(at: Date): WallTime {
  const parts = Object.fromEntries(
    clockOf(currentZone())
      .formatToParts(at)
      .map((part) => [part.type, part.value]),
  );
  return { day: `${parts.year}-${parts.month}-${parts.day}`, hour: Number(parts.hour), minute: Number(parts.minute) };
}
/** The calendar day of a moment. */
export const dayOf = (at: Date): string => wallTime(at).day;
/** "14:30" */
export const timeOf = (at: Date): string => {
  const { hour, minute } = wallTime(at);
  return `${pad(hour)}:${pad(minute)}`;
};

/** The moment at which the wall shows this day and time. An hour that the clocks skip counts as the one after it. */
export function momentOf({ day, hour, minute }: WallTime): Date {
  const wanted = Date.parse(`${day}T${pad(hour)}:${pad(minute)}:00Z`);
  const shownAt = (at: number) => {
    const shown = wallTime(new Date(at));
    return Date.parse(`${shown.day}T${pad(shown.hour)}:${pad(shown.minute)}:00Z`);
  };
  // The offset at a guess is nearly always the right one; near a change of the clocks it takes a second look.
  const guess = wanted - (shownAt(wanted) - wanted);
  const again = guess - (shownAt(guess) - wanted);
  return new Date(shownAt(again) === wanted ? again : guess);
}
