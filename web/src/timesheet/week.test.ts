import { describe, expect, it } from "vitest";
import type { Rec } from "@/api/types";
import {
  daysOf,
  firstWeekday,
  hoursOnDay,
  hoursOnLine,
  isLocked,
  linesOf,
  overflows,
  readHours,
  showHours,
  weekOf,
} from "./week";

const entry = (date: string, hours: string, more: Partial<Rec> = {}): Rec => ({
  ...{ id: `${date}-${hours}`, version: 1, created_at: "", updated_at: "" },
  ...{ date, hours, project_id: "p", task_id: null, billable: true, status: "pending" },
  ...more,
});

describe("the week", () => {
  it("begins where people say it does", () => {
    expect(firstWeekday("de-CH")).toBe(1);
    expect(firstWeekday("en-US")).toBe(0);
    expect(weekOf("2026-11-27", 1)).toBe("2026-11-23");
    expect(weekOf("2026-11-23", 1)).toBe("2026-11-23");
    expect(weekOf("2026-11-27", 0)).toBe("2026-11-22");
    expect(daysOf("2026-12-28").at(-1)).toBe("2027-01-03");
  });
});
describe("hours", () => {
  it.each([
    ["1.5", "1.50"],
    ["1,25", "1.25"],
    [".5", "0.50"],
    ["7", "7.00"],
    ["7h", "7.00"],
    ["1:30", "1.50"],
    ["1h45", "1.75"],
    ["90m", "1.50"],
    ["20 min", "0.33"],
    ["24", "24.00"],
    ["", null],
    ["0", null],
    ["0:00", null],
    ["24.01", undefined],
    ["1:75", undefined],
    ["soon", undefined],
    ["-2", undefined],
  ] as const)("reads %s", (text, hours) => expect(readHours(text)).toBe(hours));
  it("shows them as a clock", () => {
    expect(showHours("7.50")).toBe("7:30");
    expect(showHours("0.33")).toBe("0:20");
    expect(showHours("40")).toBe("40:00");
  });
});
describe("lines", () => {
  const entries = [
    entry("2026-11-23", "2.5"),
    entry("2026-11-23", "1.25"),
    entry("2026-11-24", "8", { billable: false }),
    entry("2026-11-24", "3", { task_id: "t" }),
  ];
  const lines = linesOf(entries, [{ project_id: "q", task_id: null, billable: true }]);
  it("gathers by what the time is for, and keeps what was asked for", () => {
    expect(lines.map(({ key }) => key)).toEqual(["p//b", "p//", "p/t/b", "q//b"]);
    expect(lines.map(hoursOnLine)).toEqual(["3.75", "8", "3", "0"]);
    expect(hoursOnDay(lines, "2026-11-24")).toBe("11");
  });
  it("knows that a day has twenty-four hours", () => {
    expect(overflows(lines, "2026-11-24", "13")).toBe(false);
    expect(overflows(lines, "2026-11-24", "13.01")).toBe(true);
  });
  it("locks what is approved or billed", () => {
    expect(entries.map(isLocked)).toEqual([false, false, false, false]);
    expect(isLocked(entry("2026-11-23", "1", { status: "approved" }))).toBe(true);
    expect(isLocked(entry("2026-11-23", "1", { invoice_item_id: "i" }))).toBe(true);
  });
});
