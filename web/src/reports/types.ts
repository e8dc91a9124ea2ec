import { queryOptions } from "@tanstack/react-query";
import { request } from "@/api/client";
import type { Rec } from "@/api/types";

export type AnswerColumn = { name: string; label: string; kind: string };
export type AnswerRow = Record<string, unknown>;
/** A project on one page. */
export type ProjectSummary = {
  leads?: { total?: number; conversion_rate?: number | null };
  sources?: { source: string; count: number; rate: number | null }[];
  tasks?: { total?: number; completed?: number; overdue?: number };
  hours?: { estimated?: number | string | null; actual?: number | string | null };
};
/** What a report answers: a table, or of some a summary. */
export type Answer = { type: string; columns: AnswerColumn[]; rows: AnswerRow[]; summary?: ProjectSummary };
export type ReportType = { type: string; label: string; parameters: string[]; columns: AnswerColumn[] };
/** One place of a dashboard: a saved report, or a question of its own. */
export type Widget = {
  title?: string;
  report_id?: string;
  type?: string;
  config?: Record<string, unknown>;
  width?: number;
};
export type AnsweredWidget = Widget & { answer?: Answer; error?: string };

export const typesQuery = queryOptions({
  queryKey: ["report-types"],
  queryFn: ({ signal }) => request<{ data: ReportType[] }>("/reports/types", { signal }),
  staleTime: Number.POSITIVE_INFINITY,
});

export const widgetsOf = (record: Rec): Widget[] => (Array.isArray(record.widgets) ? (record.widgets as Widget[]) : []);
export const configOf = (record: Rec): Record<string, unknown> =>
  record.config && typeof record.config === "object" && !Array.isArray(record.config)
    ? (record.config as Record<string, unknown>)
    : {};
