import { describe, expect, it } from "vitest";
import type { Rec } from "@/api/types";
import { emptyLine, isCorrectable, isPayable, lineOf, operationsOf, refundableOf } from "./invoices";

const stamps = { version: 1, created_at: "", updated_at: "" };
const item = (id: string, position: number, more: Partial<Rec> = {}): Rec => ({
  ...{ id, ...stamps, position, description: `Line ${id}`, unit: null, product_id: null },
  ...{ quantity: "1.0000", unit_price: "10.000", discount_percent: "0.0000", tax_rate: "20.0000" },
  ...more,
});

describe("what is written of an invoice's lines", () => {
  const kept = [item("a", 0), item("b", 1)];
  it("is nothing where nothing has changed, however figures are written", () => {
    const lines = kept.map(lineOf).map((line) => ({ ...line, quantity: "1", unit_price: "10.00", tax_rate: "20" }));
    expect(operationsOf("i", kept, lines)).toEqual([]);
  });
  it("is nothing for lines that are counted in another way", () => {
    for (const places of [
      [1, 2],
      [10, 20],
    ] as const) {
      const elsewhere = [item("a", places[0]), item("b", places[1])];
      expect(operationsOf("i", elsewhere, elsewhere.map(lineOf))).toEqual([]);
    }
  });
  it("is what was added, changed, moved and taken away", () => {
    const [first, second] = kept.map(lineOf) as [ReturnType<typeof lineOf>, ReturnType<typeof lineOf>];
    const added = { ...emptyLine("20"), description: " Setup ", unit_price: "99.5" };
    expect(operationsOf("i", kept, [second, added])).toMatchObject([
      { op: "delete", id: "a" },
      { op: "create", data: { invoice_id: "i", description: "Setup", unit_price: "99.5", position: 2 } },
    ]);
    expect(operationsOf("i", kept, [second, first])).toMatchObject([{ op: "update", id: "a", data: { position: 2 } }]);
    expect(operationsOf("i", kept, [{ ...first, discount_percent: "5" }, second])).toMatchObject([
      { op: "update", id: "a", data: { discount_percent: "5" } },
    ]);
  });
});
describe("what can be done with an invoice", () => {
  const invoice = (more: Partial<Rec>): Rec => ({
    ...{
      id: "i",
      ...stamps,
      kind: "invoice",
      status: "sent",
      total_amount: "100.00",
      balance: "40.00",
      amount_credited: "0.000",
    },
    ...more,
  });
  it("takes money as long as something is owed", () => {
    expect(isPayable(invoice({}))).toBe(true);
    expect(isPayable(invoice({ status: "overdue" }))).toBe(true);
    for (const more of [
      { status: "draft" },
      { status: "cancelled" },
      { balance: "0.00" },
      { balance: "-5" },
      { kind: "credit_note" },
    ])
      expect(isPayable(invoice(more))).toBe(false);
  });
  it("is corrected once it is sent, until all of it is taken back", () => {
    expect(isCorrectable(invoice({ status: "paid" }))).toBe(true);
    expect(isCorrectable(invoice({ amount_credited: "100.000" }))).toBe(false);
    expect(isCorrectable(invoice({ status: "draft" }))).toBe(false);
  });
  it("gives back what came in and was not given back yet", () => {
    const payment = (amount: string, amount_refunded: string): Rec => ({ id: "p", ...stamps, amount, amount_refunded });
    expect(refundableOf(payment("100.00", "33.335"))).toBe("66.665");
    expect(refundableOf(payment("100", "100.000"))).toBe("0");
  });
});
