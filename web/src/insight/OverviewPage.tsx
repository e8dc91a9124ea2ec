import "@/i18n/work";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { LayoutDashboard } from "lucide-react";
import { lazy, type ReactNode, Suspense, useCallback } from "react";
import { useTranslation } from "react-i18next";
import { findEntity, listPageQuery, pipelineQuery, useMe, useMeta } from "@/api/queries";
import type { Entity, PipelineStage } from "@/api/types";
import { sees } from "@/app/navigation";
import { PageHead, useTitle } from "@/app/pages";
import type { Colours } from "@/charts/colours";
import { axis, frame, legend } from "@/charts/frame";
import { Deadline } from "@/fields/parts/Deadline";
import { titleOf } from "@/fields/values";
import { money, number, percent, shortDay } from "@/lib/format";
import { explain } from "@/records/errors";
import { buttonClass, Notice, ScrollRegion, Skeleton } from "@/ui";
import {
  AGES,
  ageingQuery,
  amountIn,
  lineIn,
  mainCurrency,
  overdueOf,
  pressingQuery,
  sumOf,
  type TicketFigures,
  ticketsQuery,
} from "./figures";

const EChart = lazy(() => import("@/charts/EChart"));

/** How the organization stands: what may be sold, what is owed, whether promises are kept. Only what one may read. */
export default function OverviewPage() {
  const { t } = useTranslation();
  useTitle(t("overview.title"));
  const meta = useMeta();
  const [deals, invoices, tickets] = [sees(meta, "deal"), sees(meta, "invoice"), sees(meta, "ticket")];
  return (
    <>
      <PageHead icon={<LayoutDashboard size={16} />} title={t("overview.title")} />
      <ScrollRegion label={t("overview.title")} className="min-h-0 flex-1 bg-sunken">
        <div className="mx-auto flex max-w-[1180px] flex-col gap-4 p-4 lg:p-6">
          {sees(meta, "dashboard") && <Dashboards />}
          <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">
            {deals && <DealFigures />}
            {invoices && <OwedFigure />}
            {tickets && <PromiseFigure />}
          </div>
          <div className="grid grid-cols-1 gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
            {deals && <Stages />}
            {invoices && <Ageing />}
            {tickets && <Promises />}
            {tickets && <Pressing entity={findEntity(meta, "ticket")} />}
          </div>
        </div>
      </ScrollRegion>
    </>
  );
}

const MOST_DASHBOARDS = 12;
/** The ways to what people have put together for themselves and each other. */
function Dashboards() {
  const { t } = useTranslation();
  const { data } = useQuery(listPageQuery("dashboards", { sort: "position,name" }, 0, MOST_DASHBOARDS));
  if (!data || data.data.length === 0) return null;
  return (
    <nav aria-label={t("overview.dashboards")} className="flex flex-wrap gap-2">
      {data.data.map((dashboard) => (
        <Link
          key={dashboard.id}
          to="/$entity/$id"
          params={{ entity: "dashboards", id: dashboard.id }}
          className={buttonClass("secondary", "sm")}
        >
          <LayoutDashboard size={13} aria-hidden className="text-fg-3" />
          {String(dashboard.name)}
        </Link>
      ))}
    </nav>
  );
}

function Card({ title, hint, children }: { title: string; hint: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="min-w-0 rounded-md bg-raised p-4 shadow-card">
      <h2 className="font-semibold">{title}</h2>
      <p className="mb-3 text-xs text-fg-2">{hint}</p>
      {children}
    </section>
  );
}
function Figure({ label, value, hint }: { label: string; value: string | undefined; hint?: string | undefined }) {
  return (
    <div className="min-w-0 rounded-md bg-raised p-4 shadow-card" data-figure={label}>
      <p className="truncate text-xs text-fg-2">{label}</p>
      <p className="tabular mt-1 truncate text-2xl font-semibold tracking-[-0.02em]">
        {value ?? <span className="skeleton mt-1 h-6 w-24" />}
      </p>
      {hint && <p className="mt-1 truncate text-xs text-fg-2">{hint}</p>}
    </div>
  );
}
function Loading({ height }: { height: number }) {
  return (
    <div style={{ height }}>
      <Skeleton className="h-full w-full rounded-md!" />
    </div>
  );
}

const usePipeline = () => {
  const me = useMe();
  const query = useQuery(pipelineQuery("deals", undefined, {}));
  const stages = query.data?.stages;
  return { ...query, stages, currency: mainCurrency(stages ?? [], me.organization.base_currency ?? "") };
};

function DealFigures() {
  const { t } = useTranslation();
  const { stages, currency } = usePipeline();
  const count = (kind: PipelineStage["kind"]) =>
    (stages ?? []).filter((stage) => stage.kind === kind).reduce((sum, stage) => sum + stage.count, 0);
  const settled = count("won") + count("lost");
  return (
    <>
      <Figure
        label={t("overview.open")}
        value={stages && money(sumOf(stages, "open", currency), currency, true)}
        hint={stages && t("overview.deals", { count: count("open") })}
      />
      <Figure
        label={t("overview.won")}
        value={stages && money(sumOf(stages, "won", currency), currency, true)}
        hint={stages && (settled > 0 ? t("overview.winRate", { rate: percent((count("won") * 100) / settled) }) : "")}
      />
    </>
  );
}
function OwedFigure() {
  const { t } = useTranslation();
  const me = useMe();
  const { data } = useQuery(ageingQuery);
  const line = data && lineIn(data.totals, me.organization.base_currency ?? "");
  const currency = line?.currency ?? me.organization.base_currency;
  return (
    <Figure
      label={t("overview.owed")}
      value={data && money(line?.total ?? "0", currency, true)}
      hint={data && t("overview.ofThatLate", { amount: money(overdueOf(line), currency, true) })}
    />
  );
}
function PromiseFigure() {
  const { t } = useTranslation();
  const { data } = useQuery(ticketsQuery);
  const share = data?.total.first_response.share_met;
  return (
    <Figure
      label={t("overview.answered")}
      value={data && (share === null || share === undefined ? "—" : percent(share))}
      hint={data && t("overview.openTickets", { count: data.total.open })}
    />
  );
}

function Stages() {
  const { t } = useTranslation();
  const { stages, currency, error } = usePipeline();
  const shown = (stages ?? []).filter((stage) => stage.kind === "open");
  const key = JSON.stringify(shown.map((stage) => [stage.name, stage.count, amountIn(stage, currency)]));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key holds all that is drawn
  const option = useCallback(
    (colours: Colours) => ({
      ...frame(colours),
      xAxis: { type: "category", data: shown.map((stage) => stage.name), ...axis(colours) },
      yAxis: {
        type: "value",
        ...axis(colours),
        axisLabel: { ...axis(colours).axisLabel, formatter: (value: number) => money(value, currency, true) },
      },
      series: [
        {
          type: "bar",
          name: t("overview.amount"),
          barMaxWidth: 44,
          data: shown.map((stage) => Number(amountIn(stage, currency))),
          itemStyle: { color: colours.accent, borderRadius: [3, 3, 0, 0] },
          tooltip: { valueFormatter: (value: unknown) => money(String(value), currency) },
        },
      ],
    }),
    [key, currency],
  );
  return (
    <Card title={t("overview.stages")} hint={t("overview.stagesHint")}>
      {error ? (
        <Notice>{explain(error)}</Notice>
      ) : !stages ? (
        <Loading height={240} />
      ) : (
        <Suspense fallback={<Loading height={240} />}>
          <EChart
            option={option}
            height={240}
            label={t("overview.stages")}
            rows={shown.map((stage) => [stage.name, number(stage.count), money(amountIn(stage, currency), currency)])}
          />
        </Suspense>
      )}
    </Card>
  );
}

function Ageing() {
  const { t } = useTranslation();
  const me = useMe();
  const { data, error } = useQuery(ageingQuery);
  const line = data && lineIn(data.totals, me.organization.base_currency ?? "");
  const key = JSON.stringify(line ?? null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key holds all that is drawn
  const option = useCallback(
    (colours: Colours) => ({
      ...frame(colours),
      // The longest bar leaves room for its figure.
      grid: { ...frame(colours).grid, right: 56 },
      xAxis: { type: "value", ...axis(colours), axisLabel: { show: false }, splitLine: { show: false } },
      yAxis: { type: "category", inverse: true, data: AGES.map((age) => t(`overview.age.${age}`)), ...axis(colours) },
      series: [
        {
          type: "bar",
          barMaxWidth: 22,
          data: AGES.map((age, at) => ({
            value: Number(line?.[age] ?? 0),
            itemStyle: {
              color: at === 0 ? colours.accent : at < 3 ? colours.warning : colours.danger,
              borderRadius: [0, 3, 3, 0],
            },
          })),
          label: {
            show: true,
            position: "right",
            color: colours.fg2,
            fontSize: 11,
            formatter: ({ value }: { value: number }) => (value ? money(value, line?.currency, true) : ""),
          },
        },
      ],
    }),
    [key],
  );
  return (
    <Card title={t("overview.ageing")} hint={t("overview.ageingHint")}>
      {error ? (
        <Notice>{explain(error)}</Notice>
      ) : !data ? (
        <Loading height={240} />
      ) : !line ? (
        <p className="py-8 text-center text-fg-3">{t("overview.nothingOwed")}</p>
      ) : (
        <Suspense fallback={<Loading height={240} />}>
          <EChart
            option={option}
            height={240}
            label={t("overview.ageing")}
            rows={AGES.map((age) => [t(`overview.age.${age}`), money(line[age], line.currency)])}
          />
        </Suspense>
      )}
    </Card>
  );
}

const WEEKS = 12;
function Promises() {
  const { t } = useTranslation();
  const { data, error } = useQuery(ticketsQuery);
  const weeks = (data?.data ?? []).slice(-WEEKS);
  const key = JSON.stringify(weeks.map((week) => [week.period, week.tickets, week.resolved]));
  const today = new Date().toISOString().slice(0, 10);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key holds all that is drawn
  const option = useCallback(
    (colours: Colours) => ({
      ...frame(colours),
      grid: { ...frame(colours).grid, top: 32 },
      ...legend(colours),
      xAxis: { type: "category", data: weeks.map((week) => shortDay(week.period, today)), ...axis(colours) },
      yAxis: { type: "value", minInterval: 1, ...axis(colours) },
      series: (["tickets", "resolved"] as const).map((name, at) => ({
        type: at === 0 ? "bar" : "line",
        name: t(`overview.${name}`),
        barMaxWidth: 28,
        data: weeks.map((week: TicketFigures) => week[name]),
        itemStyle: { color: at === 0 ? colours.accent : colours.success, borderRadius: at === 0 ? [3, 3, 0, 0] : 0 },
        lineStyle: { color: colours.success, width: 2 },
      })),
    }),
    [key],
  );
  return (
    <Card title={t("overview.support")} hint={t("overview.supportHint")}>
      {error ? (
        <Notice>{explain(error)}</Notice>
      ) : !data ? (
        <Loading height={220} />
      ) : weeks.length === 0 ? (
        <p className="py-8 text-center text-fg-3">{t("overview.noTickets")}</p>
      ) : (
        <Suspense fallback={<Loading height={220} />}>
          <EChart
            option={option}
            height={220}
            label={t("overview.support")}
            rows={weeks.map((week) => [shortDay(week.period, today), number(week.tickets), number(week.resolved)])}
          />
        </Suspense>
      )}
    </Card>
  );
}

function Pressing({ entity }: { entity: Entity | undefined }) {
  const { t } = useTranslation();
  const { data, error } = useQuery(pressingQuery);
  return (
    <Card title={t("overview.pressing")} hint={t("overview.pressingHint")}>
      {error ? (
        <Notice>{explain(error)}</Notice>
      ) : !data || !entity ? (
        <Loading height={180} />
      ) : data.data.length === 0 ? (
        <p className="py-8 text-center text-fg-3">{t("overview.noTickets")}</p>
      ) : (
        <ul className="m-0 list-none p-0">
          {data.data.map((ticket) => (
            <li key={ticket.id} className="border-b border-line/80 last:border-b-0">
              <Link
                to="/$entity/$id"
                params={{ entity: entity.plural, id: ticket.id }}
                className="flex min-h-10 items-center gap-3 hover:bg-hover"
              >
                <span className="tabular shrink-0 text-xs text-fg-3">{String(ticket.number ?? "")}</span>
                <span className="min-w-0 flex-1 truncate">{titleOf(entity, ticket)}</span>
                <Deadline name="sla_due_at" value={ticket.sla_due_at} record={ticket} />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
