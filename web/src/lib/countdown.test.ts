import { describe, expect, it } from "vitest";
import { clockOf, spanOf } from "./countdown";

const now = new Date("2026-11-27T12:00:00Z");
describe("clocks", () => {
  it("splits what is left into days, hours and minutes", () => {
    expect(spanOf(((2 * 24 + 3) * 60 + 5) * 60_000)).toEqual({ days: 2, hours: 3, minutes: 5 });
    expect(spanOf(-90_000)).toEqual({ days: 0, hours: 0, minutes: 1 });
  });
  it("runs, calls for attention within the hour, and goes over", () => {
    expect(clockOf("2026-11-27T15:00:00Z", null, false, now)).toMatchObject({ state: "running", left: { hours: 3 } });
    expect(clockOf("2026-11-27T13:00:00Z", null, false, now)).toMatchObject({ state: "soon" });
    expect(clockOf("2026-11-27T11:30:00Z", null, false, now)).toMatchObject({ state: "over", left: { minutes: 30 } });
  });
  it("stands still while somebody else is waited for, and stops when it is done", () => {
    expect(clockOf("2026-11-27T11:30:00Z", null, true, now)).toEqual({ state: "paused" });
    expect(clockOf("2026-11-27T11:30:00Z", "2026-11-27T11:30:00Z", true, now)).toMatchObject({ state: "met" });
    expect(clockOf("2026-11-27T11:30:00Z", "2026-11-27T11:30:01Z", false, now)).toMatchObject({ state: "missed" });
    expect(clockOf(null, null, true, now)).toEqual({ state: "paused" });
    expect(clockOf(null, null, false, now)).toBeNull();
  });
});
