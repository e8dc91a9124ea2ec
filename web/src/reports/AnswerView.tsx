import { lazy, Suspense, useCallback } from "react";
import { useTranslation } from "react-i18next";
import type { Colours } from "@/charts/colours";
import { axis, frame, legend } from "@/charts/frame";
import { day, decimal, money, number, percent, shortDay } from "@/lib/format";
import { cx, ScrollRegion, Skeleton } from "@/ui";
import { type Drawn, drawnOf, keyInWords, shownColumns } from "./shape";
import type { Answer, AnswerColumn, AnswerRow, ProjectSummary } from "./types";

const EChart = lazy(() => import("@/charts/EChart"));
const FIGURES = ["integer", "decimal", "money", "percent"];
const HEIGHT = 240;

/** A value of an answer in words, as its kind is written. */
function inWords(value: unknown, kind: string, currency: unknown): string {
  if (value === null || value === undefined || value === "") return "—";
  const text = String(value);
  if (kind === "money") return money(text, typeof currency === "string" ? currency : undefined);
  if (kind === "percent") return percent(Number(text));
  if (kind === "integer") return number(Number(text));
  if (kind === "decimal") return decimal(text);
  if (kind === "date" || kind === "timestamp") return day(text.slice(0, 10));
  return keyInWords(text);
}

/** What a report answers: drawn where that says something, and always as a table. */
export function AnswerView({ answer, label }: { answer: Answer; label: string }) {
  const { t } = useTranslation();
  const drawn = drawnOf(answer);
  if (answer.summary) return <Summary summary={answer.summary} />;
  if (answer.rows.length === 0) return <p className="py-8 text-center text-fg-3">{t("reports.nothing")}</p>;
  return (
    <>
      {drawn && <Chart drawn={drawn} label={label} />}
      <Table answer={answer} label={label} className={drawn ? "mt-4" : ""} />
    </>
  );
}

function Chart({ drawn, label }: { drawn: Drawn; label: string }) {
  const today = new Date().toISOString().slice(0, 10);
  const key = JSON.stringify(drawn);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key holds all that is drawn
  const option = useCallback(
    (colours: Colours) => {
      const { currency, byTime, series } = drawn;
      const write = (value: number) =>
        series[0]?.kind === "money" ? money(value, currency, true) : number(value, Number.isInteger(value) ? 0 : 1);
      const names = drawn.categories.map((name) => (byTime ? shortDay(name, today) : name === "" ? "—" : keyInWords(name)));
      const many = series.length > 1;
      const values = {
        type: "value",
        ...axis(colours),
        axisLabel: { ...axis(colours).axisLabel, formatter: write, hideOverlap: true },
        ...(series[0]?.kind === "integer" ? { minInterval: 1 } : {}),
      };
      const category = { type: "category", data: names, ...axis(colours) };
      return {
        ...frame(colours),
        ...(many ? { ...legend(colours), grid: { ...frame(colours).grid, top: 32 } } : {}),
        ...(byTime
          ? { xAxis: category, yAxis: values }
          : {
              xAxis: values,
              yAxis: {
                ...category,
                inverse: true,
                axisLabel: { ...axis(colours).axisLabel, width: 120, overflow: "truncate" },
              },
            }),
        series: series.map(({ label: name, values: data }, at) => ({
          type: "bar",
          name,
          barMaxWidth: 26,
          data: data.map(Number),
          itemStyle: { color: at === 0 ? colours.accent : colours.success, borderRadius: byTime ? [3, 3, 0, 0] : [0, 3, 3, 0] },
          tooltip: { valueFormatter: (value: unknown) => write(Number(value)) },
        })),
      };
    },
    [key],
  );
  const height = drawn.byTime ? HEIGHT : Math.max(140, drawn.categories.length * (drawn.series.length > 1 ? 38 : 28) + 48);
  const loading = (
    <div style={{ height }}>
      <Skeleton className="h-full w-full rounded-md!" />
    </div>
  );
  return (
    <Suspense fallback={loading}>
      {/* The same figures stand in the table below. */}
      <EChart option={option} height={height} label={label} />
    </Suspense>
  );
}

function Table({ answer, label, className }: { answer: Answer; label: string; className: string }) {
  const { t } = useTranslation();
  const columns = shownColumns(answer);
  return (
    <ScrollRegion label={t("reports.figures", { name: label })} className={cx("overflow-x-auto", className)}>
      <table className="w-full border-collapse">
        <thead>
          <tr className="border-b text-xs text-fg-2">
            {columns.map((column) => (
              <th
                key={column.name}
                scope="col"
                className={cx("h-8 px-2 font-medium whitespace-nowrap", isFigure(column) ? "text-end" : "text-start")}
              >
                {column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {answer.rows.map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of an answer have no identity
            <tr key={at} className="border-b border-line/80 last:border-b-0 hover:bg-hover">
              {columns.map((column) => (
                <Cell key={column.name} column={column} row={row} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}
const isFigure = (column: AnswerColumn) => FIGURES.includes(column.kind);
function Cell({ column, row }: { column: AnswerColumn; row: AnswerRow }) {
  return (
    <td className={cx("h-8 px-2", isFigure(column) ? "tabular text-end whitespace-nowrap" : "max-w-64 truncate")}>
      {inWords(row[column.name], column.kind, row.currency)}
    </td>
  );
}

/** A project on one page. */
function Summary({ summary }: { summary: ProjectSummary }) {
  const { t } = useTranslation();
  const { leads, tasks, hours, sources = [] } = summary;
  const figures: [string, string][] = [
    [t("reports.leads"), number(leads?.total ?? 0)],
    [t("reports.conversion"), inWords(leads?.conversion_rate, "percent", undefined)],
    [t("reports.tasks"), `${number(tasks?.completed ?? 0)} / ${number(tasks?.total ?? 0)}`],
    [t("reports.overdue"), number(tasks?.overdue ?? 0)],
    [t("reports.hours"), [hours?.actual, hours?.estimated].map((value) => inWords(value, "decimal", undefined)).join(" / ")],
  ];
  return (
    <>
      <dl className="grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-5">
        {figures.map(([name, value]) => (
          <div key={name} className="min-w-0">
            <dt className="truncate text-xs text-fg-2">{name}</dt>
            <dd className="tabular mt-0.5 truncate text-base font-semibold">{value}</dd>
          </div>
        ))}
      </dl>
      {sources.length > 0 && (
        <div className="mt-4">
          <AnswerView
            label={t("reports.sources")}
            answer={{
              type: "source_performance",
              columns: [
                { name: "source", label: t("reports.source"), kind: "text" },
                { name: "count", label: t("reports.leads"), kind: "integer" },
                { name: "rate", label: t("reports.conversion"), kind: "percent" },
              ],
              rows: sources,
            }}
          />
        </div>
      )}
    </>
  );
}
