import { currentLocale } from "@/lib/format";
import { type Parsed, refused, understood } from "./types";

const SHIFT: Record<string, number> = { k: 3, m: 6, b: 9, bn: 9 };

/** The mark between units and tenths in the locale. */
function decimalMark(): string {
  const part = new Intl.NumberFormat(currentLocale()).formatToParts(1.5).find((piece) => piece.type === "decimal");
  return part?.value ?? ".";
}

/** Decides which of "." and "," separates the decimals of a typed figure, and returns it with "." only. */
function normalise(digits: string, mark: string): string {
  const text = digits.replace(/[\s'’_]/g, "");
  const lastDot = text.lastIndexOf(".");
  const lastComma = text.lastIndexOf(",");
  if (lastDot >= 0 && lastComma >= 0) {
    const [group, point] = lastDot > lastComma ? [",", "."] : [".", ","];
    return text.replaceAll(group, "").replace(point, ".");
  }
  const used = lastDot >= 0 ? "." : lastComma >= 0 ? "," : "";
  if (!used) return text;
  const pieces = text.split(used);
  // Groups are of three; "1.2.3" is a version or a date, not a figure.
  if (pieces.length > 2 && pieces.slice(1).some((piece) => piece.length !== 3)) return "?";
  // "1,250,000" is grouped for sure; "1,250" is grouped where the locale's decimals are marked otherwise.
  const grouped = pieces.length > 2 || (used !== mark && pieces[1]?.length === 3);
  return grouped ? pieces.join("") : text.replace(used, ".");
}

/** Moves the point of an exact decimal to the right; no binary fraction ever touches it. */
function shift(text: string, places: number): string {
  const [whole = "0", fraction = ""] = text.split(".");
  const padded = fraction.padEnd(places, "0");
  const rest = padded.slice(places);
  return `${whole}${padded.slice(0, places)}${rest ? `.${rest}` : ""}`;
}

/** Reads a figure as a person writes it ("$1,250", "2.5m", "-3 000,50") into an exact decimal text. */
export function parseDecimal(text: string, scale: number | null): Parsed {
  const trimmed = text.trim();
  if (trimmed === "") return understood(null);
  const match = /^(-?)[^\d.,-]*(-?)([\d.,\s'’_]*\d|\d[\d.,\s'’_]*)\s*(bn|[kmb])?[^\d]*$/i.exec(trimmed);
  if (!match?.[3]) return refused("number");
  const plain = normalise(match[3], decimalMark());
  if (!/^\d*(\.\d*)?$/.test(plain) || plain === ".") return refused("number");
  const moved = match[4] ? shift(plain, SHIFT[match[4].toLowerCase()] ?? 0) : plain;
  const [whole = "", fraction = ""] = moved.split(".");
  const decimals = fraction.replace(/0+$/, "");
  if (scale !== null && decimals.length > scale) return refused("decimals");
  const digits = whole.replace(/^0+(?=\d)/, "") || "0";
  const value = decimals ? `${digits}.${decimals}` : digits;
  const negative = (match[1] || match[2]) && /[1-9]/.test(value);
  return understood(negative ? `-${value}` : value);
}

export function parseInteger(text: string): Parsed {
  const parsed = parseDecimal(text, null);
  if (!parsed.ok || parsed.value === null) return parsed;
  const value = Number(parsed.value);
  return Number.isSafeInteger(value) ? understood(value) : refused("integer");
}
