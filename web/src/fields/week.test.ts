import { expect, it } from "vitest";
import "@/i18n";
import { linesOf, problemOfWeek, type Span, weekFrom, weekInLine, weekOf } from "./week";

const DAY: Span[] = [["09:00", "17:00"]];
const stored = { friday: [["09:00", "15:00"]], monday: DAY, tuesday: DAY };

it("days with the same hours are told together, from Monday", () => {
  expect(weekInLine(weekOf(stored))).toBe("Mon–Tue 09:00–17:00 · Fri 09:00–15:00");
  expect(linesOf(weekOf(stored)).map(({ days, hours }) => [days, hours])).toEqual([
    ["Mon–Tue", "09:00–17:00"],
    ["Wed–Thu", null],
    ["Fri", "09:00–15:00"],
    ["Sat–Sun", null],
  ]);
  expect(weekInLine(weekOf(null))).toBe("Closed");
});
it("what is written comes back in order; midnight is the end of the day", () => {
  const week = weekOf({
    sunday: [
      ["13:00", "00:00"],
      ["09:00", "12:00"],
    ],
    monday: [],
  });
  expect(problemOfWeek(week)).toBeNull();
  expect(weekFrom(week)).toEqual({
    sunday: [
      ["09:00", "12:00"],
      ["13:00", "24:00"],
    ],
  });
});
it("what is wrong is said of its day", () => {
  const said = (monday: Span[]) => problemOfWeek({ ...weekOf(null), monday });
  expect(said([["09:00", ""]])).toBe("Monday: give both a beginning and an end.");
  expect(said([["17:00", "09:00"]])).toBe("Monday: the end must come after the beginning.");
  expect(
    said([
      ["11:00", "13:00"],
      ["09:00", "12:00"],
    ]),
  ).toBe("Monday: two of these hours overlap.");
});
