import { describe, expect, it } from "vitest";
import type { Pipeline } from "@/api/types";
import { type AgeLine, amountIn, lineIn, mainCurrency, overdueOf, sumOf } from "./figures";

const stage = (kind: "open" | "won", totals: [string, string][]) =>
  ({
    ...{
      id: kind,
      key: kind,
      name: kind,
      position: 1,
      probability: 50,
      color: null,
      kind,
      is_active: true,
      count: totals.length,
    },
    totals: totals.map(([currency, amount]) => ({ currency, amount, count: 1, weighted: "0" })),
  }) as Pipeline["stages"][number];
const line = (currency: string, total: string, current: string): AgeLine => ({
  ...{ currency, total, current, days_1_30: "0", days_31_60: "0", days_61_90: "0", days_over_90: "0" },
});

describe("the figures of the overview", () => {
  const stages = [
    stage("open", [["EUR", "100.50"]]),
    stage("open", [
      ["EUR", "0.50"],
      ["CHF", "7"],
    ]),
    stage("won", [["EUR", "20"]]),
  ];
  it("are of one currency: the organization's own where there is any of it", () => {
    expect(mainCurrency(stages, "CHF")).toBe("CHF");
    expect(mainCurrency(stages, "USD")).toBe("EUR");
    expect(mainCurrency([], "USD")).toBe("USD");
  });
  it("add up by kind of stage, exactly", () => {
    expect(sumOf(stages, "open", "EUR")).toBe("101.00");
    expect(sumOf(stages, "lost", "EUR")).toBe("0");
    expect(stages[1] && amountIn(stages[1], "CHF")).toBe("7");
  });
  it("know what is owed too long", () => {
    expect(overdueOf(line("EUR", "300.00", "120.50"))).toBe("179.50");
    expect(overdueOf(undefined)).toBe("0");
    expect(lineIn([line("EUR", "5", "0"), line("CHF", "9", "0")], "USD")?.currency).toBe("CHF");
  });
});
