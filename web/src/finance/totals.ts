import { addDecimal, compareDecimal, multiplyDecimal, percentOf, roundDecimal } from "@/lib/decimal";

/** A line of an invoice, as far as its sum goes. Every figure is an exact decimal. */
export type Sum = { quantity: string; unit_price: string; discount_percent: string; tax_rate: string };
export type Discounts = { discount_percent: string; fixed_discount: string };
export type Totals = {
  subtotal: string;
  discount_amount: string;
  tax_amount: string;
  total_amount: string;
  /** Tax by its rate, the lowest first. */
  taxes: { rate: string; taxable: string; tax: string }[];
  /** What each line comes to, in their order. */
  lines: string[];
};

const WHOLE = new Set("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(" "));
const THREE = new Set("BHD IQD JOD KWD LYD OMR TND".split(" "));
/** Decimal places of a currency (ISO 4217). */
export const placesOf = (currency: string): number => (WHOLE.has(currency) ? 0 : THREE.has(currency) ? 3 : 2);

const units = (text: string, places: number): bigint => BigInt(roundDecimal(text, places).replace(".", ""));
const written = (value: bigint, places: number): string => {
  const digits = (value < 0n ? -value : value).toString().padStart(places + 1, "0");
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  return value < 0n ? `-${text}` : text;
};
/** a / b, halves up, for a ≥ 0 and b > 0. */
const divided = (a: bigint, b: bigint): bigint => (a * 2n + b) / (b * 2n);

/** What a line comes to, without tax and before the invoice's own discount. */
export function lineAmount(line: Sum, currency: string): string {
  const rest = addDecimal("100", line.discount_percent, -1);
  return roundDecimal(percentOf(multiplyDecimal(multiplyDecimal(line.quantity, line.unit_price), rest)), placesOf(currency));
}

/**
 * What an invoice comes to, as the server will say it once the lines are saved. The rule is the database's (`invoice_totals`):
 * the discount is a percentage of the subtotal, then a fixed amount, and no more than the subtotal; each line bears its
 * share of it by running totals, so that the shares add up; its tax is a percentage of what remains, rounded line by line.
 * What is sent and kept is always the server's own account.
 */
export function totalsOf(lines: Sum[], discounts: Discounts, currency: string): Totals {
  const places = placesOf(currency);
  const amounts = lines.map((line) => units(lineAmount(line, currency), places));
  const subtotal = amounts.reduce((sum, amount) => sum + amount, 0n);
  const wanted =
    units(percentOf(multiplyDecimal(written(subtotal, places), discounts.discount_percent)), places) +
    units(discounts.fixed_discount, places);
  const discount = wanted < subtotal ? wanted : subtotal;
  const share = (running: bigint) => (subtotal === 0n ? 0n : divided(discount * running, subtotal));
  const byRate = new Map<string, { rate: string; taxable: bigint; tax: bigint }>();
  let running = 0n;
  let tax = 0n;
  for (const [index, amount] of amounts.entries()) {
    const before = share(running);
    running += amount;
    const taxable = amount - (share(running) - before);
    const rate = lines[index]?.tax_rate ?? "0";
    const own = units(percentOf(multiplyDecimal(written(taxable, places), rate)), places);
    tax += own;
    const key = plain(rate);
    const held = byRate.get(key) ?? { rate: key, taxable: 0n, tax: 0n };
    byRate.set(key, { ...held, taxable: held.taxable + taxable, tax: held.tax + own });
  }
  return {
    subtotal: written(subtotal, places),
    discount_amount: written(discount, places),
    tax_amount: written(tax, places),
    total_amount: written(subtotal - discount + tax, places),
    taxes: [...byRate.values()]
      .map((entry) => ({ rate: entry.rate, taxable: written(entry.taxable, places), tax: written(entry.tax, places) }))
      .sort((one, other) => compareDecimal(one.rate, other.rate)),
    lines: amounts.map((amount) => written(amount, places)),
  };
}
/** "8.10" and "8.1" are one rate. */
const plain = (rate: string): string => (rate.includes(".") ? rate.replace(/0+$/, "").replace(/\.$/, "") : rate) || "0";
