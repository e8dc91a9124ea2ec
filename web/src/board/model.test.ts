import { describe, expect, it } from "vitest";
import type { Pipeline } from "@/api/types";
import { addDecimal } from "@/lib/decimal";
import { moveCard, placeOf, shiftTotals } from "./model";
import { sumTotals } from "./Totals";

const columns = { a: ["1", "2", "3"], b: ["4"], c: [] };

describe("moving cards", () => {
  it("between columns, to a place or the end", () => {
    expect(moveCard(columns, "1", "b", 0)).toEqual({ a: ["2", "3"], b: ["1", "4"], c: [] });
    expect(moveCard(columns, "1", "b")).toEqual({ a: ["2", "3"], b: ["4", "1"], c: [] });
    expect(moveCard(columns, "4", "c", 9)).toEqual({ a: ["1", "2", "3"], b: [], c: ["4"] });
  });
  it("within a column", () => expect(moveCard(columns, "1", "a", 2)).toEqual({ ...columns, a: ["2", "3", "1"] }));
  it("changes nothing where nothing moves", () => {
    expect(moveCard(columns, "2", "a", 1)).toBe(columns);
    expect(moveCard(columns, "9", "a")).toBe(columns);
    expect(moveCard(columns, "1", "z")).toBe(columns);
  });
  it("says where a card stands", () => {
    expect(placeOf(columns, "1")).toEqual({ before: "2" });
    expect(placeOf(columns, "3")).toEqual({ after: "2" });
    expect(placeOf(columns, "4")).toEqual({});
  });
});

describe("exact sums", () => {
  it.each([
    ["0.1", "0.2", 1, "0.3"],
    ["10.00", "2.5", -1, "7.50"],
    ["1", "2.25", -1, "-1.25"],
    ["-5", "5", 1, "0"],
    ["90071992547409931.01", "0.01", 1, "90071992547409931.02"],
  ] as const)("%s and %s (%s)", (one, other, sign, sum) => expect(addDecimal(one, other, sign)).toBe(sum));
});

const stage = (id: string, totals: Pipeline["stages"][number]["totals"] = [], count = totals.length) => ({
  id,
  key: id,
  name: id,
  position: 1,
  probability: 50,
  color: null,
  kind: "open" as const,
  is_active: true,
  count,
  totals,
});
const deal = { id: "1", version: 1, created_at: "", updated_at: "", amount: "10.50", currency: "USD" };

it("the sums of a pipeline follow a card", () => {
  const held = {
    pipeline: { id: "p", name: "P" },
    stages: [stage("a", [{ currency: "USD", count: 1, amount: "10.50", weighted: "5" }]), stage("b")],
  };
  const [from, to] = shiftTotals(held, deal, "amount", "a", "b").stages;
  expect(from).toMatchObject({ count: 0, totals: [] });
  expect(to).toMatchObject({ count: 1, totals: [{ currency: "USD", count: 1, amount: "10.50" }] });
  expect(shiftTotals(held, deal, "amount", "a", "a")).toBe(held);
});

it("never adds one currency to another", () => {
  const usd = { currency: "USD", count: 2, amount: "10.00", weighted: "5.00" };
  const eur = { currency: "EUR", count: 1, amount: "7.00", weighted: "1.00" };
  expect(sumTotals([stage("a", [usd, eur]), stage("b", [usd])])).toEqual([
    { currency: "USD", count: 4, amount: "20.00", weighted: "10.00" },
    eur,
  ]);
});
