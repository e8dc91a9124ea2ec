/** Exact decimals, held as text so that no digit is lost: "12345678901234.56". Binary fractions never touch them. */
type Exact = { units: bigint; scale: number };

function read(text: string): Exact {
  const negative = text.startsWith("-");
  const [whole = "", fraction = ""] = text.replace(/^[-+]/, "").split(".");
  const units = BigInt((whole + fraction).replace(/\D/g, "") || "0");
  return { units: negative ? -units : units, scale: fraction.length };
}
function write({ units, scale }: Exact): string {
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(scale + 1, "0");
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return negative ? `-${text}` : text;
}
const raised = ({ units, scale }: Exact, to: number): bigint => units * 10n ** BigInt(to - scale);

/** Adds two exact decimals, the second one taken away if asked. */
export function addDecimal(one: string, other: string, sign: 1 | -1 = 1): string {
  const [first, second] = [read(one), read(other)];
  const scale = Math.max(first.scale, second.scale);
  return write({ units: raised(first, scale) + BigInt(sign) * raised(second, scale), scale });
}
/** Multiplies two exact decimals, with every digit of the product. */
export function multiplyDecimal(one: string, other: string): string {
  const [first, second] = [read(one), read(other)];
  return write({ units: first.units * second.units, scale: first.scale + second.scale });
}
/** So many decimals, halves away from zero: what is written on paper. */
export function roundDecimal(text: string, scale: number): string {
  const exact = read(text);
  if (exact.scale <= scale) return write({ units: raised(exact, scale), scale });
  const step = 10n ** BigInt(exact.scale - scale);
  const magnitude = exact.units < 0n ? -exact.units : exact.units;
  const rounded = (magnitude + step / 2n) / step;
  return write({ units: exact.units < 0n ? -rounded : rounded, scale });
}
/** A hundredth of it. */
export function percentOf(rate: string): string {
  const exact = read(rate);
  return write({ units: exact.units, scale: exact.scale + 2 });
}
/** Below zero, zero or above, as one is smaller than, equal to or greater than the other. */
export function compareDecimal(one: string, other: string): number {
  const { units } = read(addDecimal(one, other, -1));
  return units < 0n ? -1 : units > 0n ? 1 : 0;
}
export const isZero = (text: string): boolean => read(text).units === 0n;
export const sumDecimal = (values: string[]): string => values.reduce((sum, value) => addDecimal(sum, value), "0");
