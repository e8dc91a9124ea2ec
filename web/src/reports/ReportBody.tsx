import "@/i18n/work";
import { useQuery } from "@tanstack/react-query";
import { Save } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { adoptRecord } from "@/api/cache";
import { request } from "@/api/client";
import { can } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { isoDay, moment } from "@/lib/format";
import { editRecord } from "@/records/edit";
import { complain, explain } from "@/records/errors";
import { Button, Notice, notify, Skeleton } from "@/ui";
import { AnswerView } from "./AnswerView";
import { PERIODS, type Period, periodOf, spanOf } from "./periods";
import { type Answer, configOf, typesQuery } from "./types";

const INTERVALS = ["day", "week", "month", "quarter", "year"] as const;

/** What a report answers now. Its period can be changed to look around, and kept when it is right. */
export default function ReportBody({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const [own, setOwn] = useState<Record<string, unknown>>();
  const [busy, setBusy] = useState(false);
  const kept = configOf(record);
  const config = own ?? kept;
  const types = useQuery(typesQuery);
  const parameters = types.data?.data.find(({ type }) => type === record.type)?.parameters ?? [];
  const asked = { ...config, ...(record.project_id ? { project_id: record.project_id } : {}) };
  const { data, error } = useQuery({
    queryKey: ["derived", "report", record.id, record.type, asked],
    queryFn: ({ signal }) =>
      own
        ? request<Answer>("/reports/run", { method: "POST", body: { type: record.type, config: asked }, signal })
        : request<Answer>(`/${entity.plural}/${record.id}/data`, { signal }),
    placeholderData: (before) => (before?.type === record.type ? before : undefined),
  });
  const today = isoDay(new Date());
  const period = periodOf(config, today);
  const put = (change: Record<string, unknown>) =>
    setOwn(Object.fromEntries(Object.entries({ ...config, ...change }).filter(([, value]) => value !== undefined)));
  const writable = can(entity, "update") && !record.deleted_at;
  const field = entity.fields.find(({ name }) => name === "config");
  const save = async () => {
    if (own && field && (await editRecord(entity, record, [{ field, value: own }]))) setOwn(undefined);
  };
  const generate = async () => {
    setBusy(true);
    try {
      adoptRecord(entity.plural, await request<Rec>(`/${entity.plural}/${record.id}/generate`, { method: "POST", body: {} }));
      notify(t("reports.kept"));
    } catch (failure) {
      complain(t("record.notDone"), failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section aria-labelledby="report-answer" className="rounded-md bg-raised shadow-card">
      <div className="flex min-h-11 flex-wrap items-center gap-x-2 gap-y-1 border-b ps-3 pe-2 py-1.5">
        <h2 id="report-answer" className="me-auto font-semibold">
          {t("reports.answer")}
        </h2>
        {parameters.includes("from") && (
          <Select
            label={t("reports.period")}
            value={period ?? "own"}
            options={[
              ...PERIODS.map((one) => ({ value: one as string, label: t(`reports.periods.${one}`) })),
              ...(period ? [] : [{ value: "own", label: t("reports.periods.own") }]),
            ]}
            onChange={(value) => {
              const span = spanOf(value as Period, today);
              put({ from: span?.from, to: span?.to });
            }}
          />
        )}
        {parameters.includes("interval") && (
          <Select
            label={t("reports.interval")}
            value={String(config.interval ?? "month")}
            options={INTERVALS.map((one) => ({ value: one, label: t(`reports.intervals.${one}`) }))}
            onChange={(interval) => put({ interval })}
          />
        )}
        {own && (
          <>
            <Button size="sm" variant="ghost" onClick={() => setOwn(undefined)}>
              {t("reports.back")}
            </Button>
            {writable && (
              <Button size="sm" onClick={() => void save()}>
                {t("common.save")}
              </Button>
            )}
          </>
        )}
        {!own && writable && data && (
          <Button size="sm" disabled={busy} onClick={() => void generate()}>
            <Save size={13} />
            {t("reports.keep")}
          </Button>
        )}
      </div>
      <div className="p-3">
        {error ? (
          <Notice>{explain(error)}</Notice>
        ) : !data ? (
          <Skeleton className="h-44 w-full rounded-md!" />
        ) : (
          <AnswerView answer={data} label={String(record.name)} />
        )}
      </div>
      {typeof record.generated_at === "string" && (
        <p className="border-t px-3 py-2 text-xs text-fg-2">{t("reports.keptAt", { when: moment(record.generated_at) })}</p>
      )}
    </section>
  );
}

function Select({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string;
  options: { value: string; label: string }[];
  onChange: (value: string) => void;
}) {
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      className="h-7 rounded-sm border bg-raised px-1.5 text-xs hover:bg-hover pointer-coarse:h-10"
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}
