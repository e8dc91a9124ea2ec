import "@/i18n/work";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import type { Entity, Rec } from "@/api/types";
import { money, number, percent } from "@/lib/format";
import { explain } from "@/records/errors";
import { Notice, Skeleton } from "@/ui";
import { type Metrics, stepsOf } from "./steps";

const metricsQuery = (entity: Entity, id: string) =>
  queryOptions({
    queryKey: ["derived", "campaign", id],
    queryFn: ({ signal }) => request<Metrics>(`/${entity.plural}/${id}/metrics`, { signal }),
  });

/** What has come of a campaign: whom it reached, step by step, and what it brought for what it cost. */
export default function CampaignBody({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const { data, error } = useQuery(metricsQuery(entity, record.id));
  if (error) return <Notice>{explain(error)}</Notice>;
  if (!data) return <Skeleton className="h-44 rounded-md!" />;
  const steps = stepsOf(data);
  const figures: [string, string][] = [
    [t("campaigns.leads"), number(data.leads)],
    [t("campaigns.conversions"), number(data.conversions)],
    [t("campaigns.revenue"), data.won_value ? money(data.won_value, data.currency) : "—"],
    [t("campaigns.cost"), data.actual_cost ? money(data.actual_cost, data.currency) : "—"],
    [t("campaigns.roi"), data.roi === null ? "—" : percent(Number(data.roi) * 100)],
  ];
  return (
    <section aria-labelledby="campaign-metrics" className="rounded-md bg-raised shadow-card">
      <h2 id="campaign-metrics" className="border-b px-3 py-2.5 font-semibold">
        {t("campaigns.metrics")}
      </h2>
      <dl className="grid grid-cols-2 gap-px bg-line sm:grid-cols-5">
        {figures.map(([label, value]) => (
          <div key={label} className="min-w-0 bg-raised px-3 py-2.5 last:max-sm:col-span-2">
            <dt className="truncate text-xs text-fg-2">{label}</dt>
            <dd className="tabular mt-0.5 truncate text-base font-semibold">{value}</dd>
          </div>
        ))}
      </dl>
      <ol className="m-0 flex list-none flex-col gap-2.5 border-t p-3">
        {steps.map(({ name, count, share }) => (
          <li key={name} className="grid grid-cols-[96px_minmax(0,1fr)_auto] items-center gap-3" data-step={name}>
            <span className="truncate text-fg-2">{t(`campaigns.${name}`)}</span>
            <span aria-hidden className="h-2 overflow-hidden rounded-full bg-active">
              <span className="block h-full rounded-full bg-accent" style={{ width: `${share}%` }} />
            </span>
            <span className="tabular min-w-20 text-end">
              {number(count)} <span className="text-xs text-fg-3">{percent(share)}</span>
            </span>
          </li>
        ))}
      </ol>
      {((data.members?.bounced ?? 0) > 0 || (data.members?.unsubscribed ?? 0) > 0) && (
        <p className="border-t px-3 py-2 text-xs text-fg-2">
          {[
            (data.members?.bounced ?? 0) > 0 && `${t("campaigns.bounced")}: ${number(data.members?.bounced ?? 0)}`,
            (data.members?.unsubscribed ?? 0) > 0 && `${t("campaigns.unsubscribed")}: ${number(data.members?.unsubscribed ?? 0)}`,
          ]
            .filter(Boolean)
            .join(" · ")}
        </p>
      )}
    </section>
  );
}
