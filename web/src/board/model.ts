import type { Pipeline, Rec } from "@/api/types";
import { addDecimal } from "@/lib/decimal";

/** Card ids by stage, in order. */
export type Columns = Record<string, string[]>;

export const stageOf = (columns: Columns, id: string): string | undefined =>
  Object.keys(columns).find((stage) => columns[stage]?.includes(id));

/** Moves a card to a place in a stage (its end by default). The same object comes back where nothing changes. */
export function moveCard(columns: Columns, id: string, to: string, index?: number): Columns {
  const from = stageOf(columns, id);
  const target = columns[to];
  if (from === undefined || target === undefined) return columns;
  const source = columns[from] ?? [];
  const rest = source.filter((card) => card !== id);
  const base = from === to ? rest : target;
  const at = Math.max(0, Math.min(base.length, index ?? base.length));
  if (from === to && source.indexOf(id) === at) return columns;
  const placed = [...base.slice(0, at), id, ...base.slice(at)];
  return from === to ? { ...columns, [to]: placed } : { ...columns, [from]: rest, [to]: placed };
}

/** How the interface is told where a card stands: before the next one, or after the last. */
export function placeOf(columns: Columns, id: string): { before?: string; after?: string } {
  const stage = stageOf(columns, id);
  const cards = (stage !== undefined && columns[stage]) || [];
  const at = cards.indexOf(id);
  const next = cards[at + 1];
  const previous = cards[at - 1];
  return next !== undefined ? { before: next } : previous !== undefined ? { after: previous } : {};
}

/** The head counts and sums of the columns once a record has moved; the server's own figures follow shortly after. */
export function shiftTotals(pipeline: Pipeline, record: Rec, amountField: string, from: string, to: string): Pipeline {
  if (from === to) return pipeline;
  const currency = String(record.currency ?? "");
  const amount = typeof record[amountField] === "string" ? record[amountField] : "0";
  const change = (stage: Pipeline["stages"][number], sign: 1 | -1) => {
    // A board without sums counts its cards, and nothing else.
    if (amountField === "") return { ...stage, count: Math.max(0, stage.count + sign) };
    const held = stage.totals.find((total) => total.currency === currency) ?? { currency, count: 0, amount: "0", weighted: "0" };
    const next = { ...held, count: held.count + sign, amount: addDecimal(held.amount, amount, sign) };
    return {
      ...stage,
      count: Math.max(0, stage.count + sign),
      totals: [...stage.totals.filter((total) => total.currency !== currency), next].filter((total) => total.count > 0),
    };
  };
  return {
    ...pipeline,
    stages: pipeline.stages.map((stage) => (stage.id === from ? change(stage, -1) : stage.id === to ? change(stage, 1) : stage)),
  };
}
