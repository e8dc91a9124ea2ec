import i18n from "@/i18n";
import { parseDecimal } from "./numbers";
import { lineOf } from "./structured";
import { isObject } from "./values";

/** What the values of a structure are: texts, figures, or whatever each of them was. */
export type PairStyle = "texts" | "figures" | "any";
/** A name and what is written beside it. `was` is the value as it was kept; undefined for a new line. */
export type Pair = { key: number; name: string; text: string; was: unknown };
export type PairsResult = { value: Record<string, unknown> | null; problem: string | null };

const YES_NO = () => ({ yes: i18n.t("common.yes"), no: i18n.t("common.no") });
/** Lists and structures within a structure are kept as they are. */
export const isDeep = (value: unknown): boolean => typeof value === "object" && value !== null;

export const pairsOf = (value: unknown): Pair[] =>
  Object.entries(isObject(value) ? value : {}).map(([name, was], key) => ({ key, name, was, text: lineOf(was, YES_NO()) }));

const FIGURE = /^-?(0|[1-9]\d{0,14})(\.\d+)?$/;
/** A figure stays a figure and a text a text; something new is a figure when it looks like one. */
function storedOf({ text, was }: Pair, style: PairStyle): unknown {
  if (isDeep(was) || typeof was === "boolean") return was;
  const trimmed = text.trim();
  if (style === "figures") {
    const parsed = parseDecimal(trimmed, null);
    return parsed.ok && parsed.value !== null ? Number(parsed.value) : undefined;
  }
  return style === "any" && typeof was !== "string" && FIGURE.test(trimmed) ? Number(trimmed) : trimmed;
}

/** The structure that the lines say, or what is wrong with them. Lines that say nothing are left out. */
export function pairsToValue(pairs: Pair[], style: PairStyle): PairsResult {
  const value: Record<string, unknown> = {};
  for (const pair of pairs) {
    const name = pair.name.trim();
    if (!name && !pair.text.trim()) continue;
    if (!name) return { value: null, problem: i18n.t("pairs.noName", { value: pair.text }) };
    if (Object.hasOwn(value, name)) return { value: null, problem: i18n.t("pairs.twice", { name }) };
    const held = storedOf(pair, style);
    if (held === undefined) return { value: null, problem: i18n.t("pairs.noFigure", { name }) };
    value[name] = held;
  }
  return { value, problem: null };
}
