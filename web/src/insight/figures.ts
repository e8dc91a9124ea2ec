import { queryOptions } from "@tanstack/react-query";
import { request } from "@/api/client";
import { fetchList } from "@/api/queries";
import type { Pipeline } from "@/api/types";
import { sumTotals } from "@/board/Totals";
import { addDecimal, compareDecimal } from "@/lib/decimal";

/** What is owed by how long it has been due. */
export const AGES = ["current", "days_1_30", "days_31_60", "days_61_90", "days_over_90"] as const;
export type Age = (typeof AGES)[number];
export type AgeLine = { currency: string; total: string } & Record<Age, string>;
type Ageing = { as_of: string; data: (AgeLine & { company: { id: string; name: string | null } })[]; totals: AgeLine[] };
export const ageingQuery = queryOptions({
  queryKey: ["derived", "ageing"],
  queryFn: ({ signal }) => request<Ageing>("/invoices/ageing", { signal }),
});

type Timed = { count: number; met: number; missed: number; share_met: number | null; median_minutes: number | null };
export type TicketFigures = { tickets: number; open: number; resolved: number; first_response: Timed; resolution: Timed };
type TicketMetrics = { data: (TicketFigures & { period: string })[]; total: TicketFigures };
/** How tickets went, week by week. */
export const ticketsQuery = queryOptions({
  queryKey: ["derived", "ticket-metrics"],
  queryFn: ({ signal }) => request<TicketMetrics>("/tickets/metrics", { signal, query: { period: "weekly" } }),
});
/** The tickets whose promise runs out first. */
export const pressingQuery = queryOptions({
  queryKey: ["list", "tickets", { pressing: true }],
  queryFn: ({ signal }) =>
    fetchList(
      "tickets",
      { sort: "sla_due_at", filter: { field: "status", op: "in", value: ["open", "in_progress"] } },
      { limit: 6 },
      signal,
    ),
});

/** The currency in which most is at stake: figures of different currencies are never added up. */
export function mainCurrency(stages: Pipeline["stages"], base: string): string {
  const totals = sumTotals(stages);
  return totals.some((total) => total.currency === base) ? base : (totals[0]?.currency ?? base);
}
/** What stands in a stage, in one currency. */
export const amountIn = (stage: Pipeline["stages"][number], currency: string): string =>
  stage.totals.find((total) => total.currency === currency)?.amount ?? "0";
export const sumOf = (stages: Pipeline["stages"], kind: "open" | "won" | "lost", currency: string): string =>
  stages.filter((stage) => stage.kind === kind).reduce((sum, stage) => addDecimal(sum, amountIn(stage, currency)), "0");

/** What is owed later than it should be. */
export const overdueOf = (line: AgeLine | undefined): string => (line ? addDecimal(line.total, line.current, -1) : "0");
/** The line of a currency, or else that of the largest sum. */
export const lineIn = (totals: AgeLine[], currency: string): AgeLine | undefined =>
  totals.find((line) => line.currency === currency) ??
  [...totals].sort((one, other) => compareDecimal(other.total, one.total))[0];
