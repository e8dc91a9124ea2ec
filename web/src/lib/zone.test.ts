import { afterEach, expect, it } from "vitest";
import { currentZone, dayOf, momentOf, setZone, timeOf, wallTime } from "./zone";

afterEach(() => setZone("UTC"));

const at = (day: string, hour: number, minute = 0) => momentOf({ day, hour, minute }).toISOString();

it("reads the wall of another place", () => {
  setZone("Europe/Zurich");
  const moment = new Date("2026-11-24T23:30:00Z");
  expect(wallTime(moment)).toEqual({ day: "2026-11-25", hour: 0, minute: 30 });
  expect(dayOf(moment)).toBe("2026-11-25");
  expect(timeOf(moment)).toBe("00:30");
});
it("finds the moment of a wall time, summer and winter", () => {
  setZone("Europe/Zurich");
  expect(at("2026-11-24", 9)).toBe("2026-11-24T08:00:00.000Z");
  expect(at("2026-07-01", 9)).toBe("2026-07-01T07:00:00.000Z");
  setZone("America/Los_Angeles");
  expect(at("2026-11-24", 23, 59)).toBe("2026-11-25T07:59:00.000Z");
  setZone("Asia/Kathmandu");
  expect(at("2026-11-24", 0)).toBe("2026-11-23T18:15:00.000Z");
});
it("around a change of the clocks", () => {
  setZone("Europe/Zurich");
  expect(at("2026-03-29", 1, 30)).toBe("2026-03-29T00:30:00.000Z");
  expect(at("2026-03-29", 3, 30)).toBe("2026-03-29T01:30:00.000Z");
  // 02:30 does not exist that night.
  expect(["2026-03-29T00:30:00.000Z", "2026-03-29T01:30:00.000Z"]).toContain(at("2026-03-29", 2, 30));
  expect(at("2026-10-25", 4)).toBe("2026-10-25T03:00:00.000Z");
});
it("there and back for every hour of a year's edge days", () => {
  for (const zone of ["Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "UTC"]) {
    setZone(zone);
    for (const day of ["2026-01-01", "2026-06-30", "2026-12-31"])
      for (let hour = 0; hour < 24; hour++)
        expect(wallTime(momentOf({ day, hour, minute: 15 }))).toEqual({ day, hour, minute: 15 });
  }
});
it("ignores a zone it does not know", () => {
  setZone("UTC");
  setZone("Mars/Olympus");
  expect(currentZone()).toBe("UTC");
});
