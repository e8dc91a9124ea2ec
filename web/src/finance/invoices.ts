import { refreshLists } from "@/api/cache";
import { request } from "@/api/client";
import { listPageQuery, nestable } from "@/api/queries";
import type { Entity, Rec, Values } from "@/api/types";
import { addDecimal, compareDecimal } from "@/lib/decimal";
import { refreshRecord } from "@/records/act";
import type { Sum } from "./totals";

const MOST = 200;
/** The lines of an invoice, in their order. */
export const itemsQuery = (entity: Entity, id: string) =>
  listPageQuery(
    "invoice-items",
    { parent: { plural: entity.plural, id, child: "items" }, sort: "position", include: nestable("invoice-items", ["product"]) },
    0,
    MOST,
  );
export const paymentsQuery = (entity: Entity, id: string) =>
  listPageQuery("payments", { parent: { plural: entity.plural, id, child: "payments" }, sort: "-payment_date" }, 0, MOST);

export const isDraft = (invoice: Rec): boolean => invoice.status === "draft";
export const isCreditNote = (invoice: Rec): boolean => invoice.kind === "credit_note";
const text = (value: unknown, fallback = "0"): string =>
  value === null || value === undefined || value === "" ? fallback : String(value);
/** What is still owed. */
export const balanceOf = (invoice: Rec): string => text(invoice.balance);
/** Whether money can still come in: it is sent, not cancelled, and something is owed. */
export const isPayable = (invoice: Rec): boolean =>
  !isCreditNote(invoice) &&
  ["sent", "partially_paid", "overdue"].includes(String(invoice.status)) &&
  compareDecimal(balanceOf(invoice), "0") > 0;
/** What is sent is corrected by a credit note, as long as there is something left to take back. */
export const isCorrectable = (invoice: Rec): boolean =>
  !isCreditNote(invoice) &&
  ["sent", "partially_paid", "paid", "overdue"].includes(String(invoice.status)) &&
  compareDecimal(text(invoice.amount_credited), text(invoice.total_amount)) < 0;
/** How much of a payment has not been given back. */
export const refundableOf = (payment: Rec): string => {
  const [amount, back] = [text(payment.amount), text(payment.amount_refunded)];
  return compareDecimal(amount, back) > 0 ? addDecimal(amount, back, -1) : "0";
};
/** A line as it is being written. `id` is null until it is saved. */
export type DraftLine = Sum & { key: string; id: string | null; description: string; unit: string; product_id: string | null };

let fresh = 0;
export const emptyLine = (tax_rate: string): DraftLine => {
  fresh += 1;
  return {
    ...{ key: `new-${fresh}`, id: null, description: "", unit: "", product_id: null },
    ...{ quantity: "1", unit_price: "0", discount_percent: "0", tax_rate },
  };
};
export const lineOf = (item: Rec): DraftLine => ({
  key: item.id,
  id: item.id,
  description: text(item.description, ""),
  unit: text(item.unit, ""),
  product_id: typeof item.product_id === "string" ? item.product_id : null,
  quantity: text(item.quantity, "1"),
  unit_price: text(item.unit_price),
  discount_percent: text(item.discount_percent),
  tax_rate: text(item.tax_rate),
});

const FIGURES = ["quantity", "unit_price", "discount_percent", "tax_rate"] as const;
const bodyOf = (line: DraftLine, position: number): Values => ({
  description: line.description.trim(),
  unit: line.unit.trim() || null,
  product_id: line.product_id,
  quantity: line.quantity,
  unit_price: line.unit_price,
  discount_percent: line.discount_percent,
  tax_rate: line.tax_rate,
  position,
});
/**
 * The place of each line. What is kept need not be counted from 0 or without gaps: a line that follows the one before it
 * stays where it is.
 */
export function positionsOf(kept: Rec[], lines: DraftLine[]): number[] {
  let before = -1;
  return lines.map((line) => {
    const held = Number(kept.find((item) => item.id === line.id)?.position ?? Number.NaN);
    before = held > before ? held : before + 1;
    return before;
  });
}
/** Whether a line says the same as the one that is kept. */
function same(line: DraftLine, position: number, item: Rec): boolean {
  const held = lineOf(item);
  return (
    line.description.trim() === held.description &&
    line.unit.trim() === held.unit &&
    line.product_id === held.product_id &&
    position === Number(item.position ?? 0) &&
    FIGURES.every((name) => compareDecimal(line[name], held[name]) === 0)
  );
}
export type Operation = { op: "create" | "update" | "delete"; id?: string; data?: Values };
/** What has to be written for the kept lines to become these: all of it at once, or nothing. */
export function operationsOf(invoice: string, kept: Rec[], lines: DraftLine[]): Operation[] {
  const operations: Operation[] = kept
    .filter((item) => !lines.some((line) => line.id === item.id))
    .map((item) => ({ op: "delete", id: item.id }));
  const places = positionsOf(kept, lines);
  for (const [at, line] of lines.entries()) {
    const position = places[at] ?? at;
    const item = kept.find((one) => one.id === line.id);
    if (!item) operations.push({ op: "create", data: { invoice_id: invoice, ...bodyOf(line, position) } });
    else if (!same(line, position, item)) operations.push({ op: "update", id: item.id, data: bodyOf(line, position) });
  }
  return operations;
}

/** Writes the lines of a draft. Throws what the server refuses, with the place of the line in its operations. */
export async function saveLines(entity: Entity, invoice: Rec, kept: Rec[], lines: DraftLine[]): Promise<void> {
  const operations = operationsOf(invoice.id, kept, lines);
  if (operations.length > 0) await request("/invoice-items/bulk", { method: "POST", body: { operations } });
  refreshLists("invoice-items");
  refreshRecord(entity, invoice.id);
}
