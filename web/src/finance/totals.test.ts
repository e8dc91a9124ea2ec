import { describe, expect, it } from "vitest";
import { sumDecimal } from "@/lib/decimal";
import { lineAmount, placesOf, type Sum, totalsOf } from "./totals";

const line = (quantity: string, unit_price: string, tax_rate = "0", discount_percent = "0"): Sum => ({
  ...{ quantity, unit_price, tax_rate, discount_percent },
});
const NONE = { discount_percent: "0", fixed_discount: "0" };

describe("what a line comes to", () => {
  it("is rounded to the currency, halves away from zero", () => {
    expect(lineAmount(line("3", "0.335"), "USD")).toBe("1.01");
    expect(lineAmount(line("1.5", "19.99", "0", "12.5"), "EUR")).toBe("26.24");
    expect(lineAmount(line("3", "33.5"), "JPY")).toBe("101");
    expect(lineAmount(line("1", "1.2345"), "BHD")).toBe("1.235");
    expect(["USD", "JPY", "BHD"].map(placesOf)).toEqual([2, 0, 3]);
  });
});
describe("what an invoice comes to", () => {
  it("taxes line by line, and says so by rate", () => {
    const totals = totalsOf([line("2", "100", "20"), line("1", "49.99", "7.50"), line("1", "0.01", "20.0")], NONE, "EUR");
    expect(totals).toMatchObject({ subtotal: "250.00", discount_amount: "0.00", tax_amount: "43.75", total_amount: "293.75" });
    expect(totals.taxes).toEqual([
      { rate: "7.5", taxable: "49.99", tax: "3.75" },
      { rate: "20", taxable: "200.01", tax: "40.00" },
    ]);
  });
  it("lets each line bear its share of the discount, and the shares add up", () => {
    const totals = totalsOf(
      [line("1", "10"), line("1", "10"), line("1", "10")],
      { discount_percent: "0", fixed_discount: "10" },
      "USD",
    );
    expect(totals).toMatchObject({ subtotal: "30.00", discount_amount: "10.00", total_amount: "20.00" });
    expect(sumDecimal(totals.taxes.map(({ taxable }) => taxable))).toBe("20.00");
  });
  it("takes no more off than there is", () => {
    const totals = totalsOf([line("1", "10", "20")], { discount_percent: "50", fixed_discount: "7" }, "USD");
    expect(totals).toMatchObject({ discount_amount: "10.00", tax_amount: "0.00", total_amount: "0.00" });
  });
  it("is nothing without lines", () => {
    expect(totalsOf([], { discount_percent: "10", fixed_discount: "5" }, "USD")).toMatchObject({
      ...{ subtotal: "0.00", discount_amount: "0.00", tax_amount: "0.00", total_amount: "0.00", taxes: [] },
    });
  });
  it("adds up whatever the figures are", () => {
    let seed = 7;
    const next = (limit: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % limit;
    };
    for (let round = 0; round < 200; round++) {
      const lines = Array.from({ length: 1 + next(8) }, () =>
        line(`${next(40)}.${next(10)}`, `${next(900)}.${10 + next(89)}`, ["0", "7.7", "19", "20.5"][next(4)], `${next(30)}`),
      );
      const totals = totalsOf(lines, { discount_percent: `${next(40)}`, fixed_discount: `${next(20)}.5` }, "USD");
      expect(sumDecimal(totals.lines)).toBe(totals.subtotal === "0.00" ? "0.00" : totals.subtotal);
      expect(sumDecimal(totals.taxes.map(({ tax }) => tax))).toBe(totals.tax_amount);
      const taxable = sumDecimal(totals.taxes.map((entry) => entry.taxable));
      expect(sumDecimal([taxable, totals.discount_amount])).toBe(totals.subtotal);
    }
  });
});
