import { expect, it } from "vitest";
import { PERIODS, periodOf, spanOf } from "./periods";

it("names the days of a period, both included", () => {
  expect(PERIODS.map((period) => spanOf(period, "2026-11-27"))).toEqual([
    undefined,
    { from: "2026-11-01", to: "2026-11-30" },
    { from: "2026-10-01", to: "2026-12-31" },
    { from: "2026-01-01", to: "2026-12-31" },
    { from: "2025-12-01", to: "2026-11-30" },
  ]);
});
it("knows a period again, and leaves days of one's own alone", () => {
  for (const period of PERIODS) expect(periodOf({ ...spanOf(period, "2024-02-29") }, "2024-02-29")).toBe(period);
  expect(periodOf({ from: "2024-01-05" }, "2024-02-29")).toBeUndefined();
});
