import "@/i18n/work";
import { useTranslation } from "react-i18next";
import type { Entity, Rec } from "@/api/types";
import { compareDecimal, isZero } from "@/lib/decimal";
import { decimal, money, number, shortDay } from "@/lib/format";
import { useNow } from "@/lib/now";
import { dayOf } from "@/lib/zone";
import { cx } from "@/ui";
import { Members } from "./Members";
import { shareOf } from "./shares";

const text = (value: unknown) => (value === null || value === undefined ? "" : String(value));

/** How far a project is: its tasks, its hours, its money, its day. */
export default function ProjectBody({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const today = dayOf(useNow());
  const currency = text(record.currency);
  const [cost, budget] = [text(record.actual_cost) || "0", text(record.budget)];
  const [hours, estimated] = [text(record.actual_hours) || "0", text(record.estimated_hours)];
  const due = text(record.due_date);
  const open = !["completed", "cancelled"].includes(text(record.status));
  const late = open && due !== "" && due < today;
  const has = (name: string) => entity.fields.some((field) => field.name === name);
  const spent = shareOf(cost, budget);
  return (
    <>
      <dl className="grid grid-cols-1 gap-px overflow-hidden rounded-md bg-line shadow-card sm:grid-cols-2 lg:grid-cols-4">
        <Gauge
          label={t("projects.progress")}
          value={`${number(Number(record.progress ?? 0))} %`}
          share={Number(record.progress ?? 0)}
          hint={t("projects.tasks", {
            done: number(Number(record.completed_task_count ?? 0)),
            all: number(Number(record.task_count ?? 0)),
          })}
        />
        <Gauge
          label={t("projects.hours")}
          value={`${decimal(hours)} h`}
          share={shareOf(hours, estimated)}
          over={estimated !== "" && compareDecimal(hours, estimated) > 0}
          hint={estimated ? t("projects.hoursOf", { actual: decimal(hours), estimated: decimal(estimated) }) : ""}
        />
        {has("budget") && (
          <Gauge
            label={t("projects.budget")}
            value={money(cost, currency)}
            share={spent}
            over={spent !== null && spent >= 100}
            near={spent !== null && spent >= 80}
            hint={
              budget && !isZero(budget)
                ? `${t("projects.budgetOf", { cost: money(cost, currency), budget: money(budget, currency) })}${spent !== null && spent >= 100 ? ` · ${t("projects.over")}` : spent !== null && spent >= 80 ? ` · ${t("projects.nearly")}` : ""}`
                : t("projects.noBudget")
            }
          />
        )}
        <div className="min-w-0 bg-raised px-3 py-2.5">
          <dt className="text-xs text-fg-2">{t("projects.due")}</dt>
          <dd className={cx("tabular mt-0.5 text-base font-semibold", late && "text-danger-text")}>
            {due ? shortDay(due, today) : "—"}
            {late && <span className="ms-1.5 text-xs font-medium">{t("projects.late")}</span>}
          </dd>
        </div>
      </dl>
      <Members entity={entity} record={record} />
    </>
  );
}

function Gauge({
  label,
  value,
  share,
  hint,
  over = false,
  near = false,
}: {
  label: string;
  value: string;
  /** Of a hundred; null where there is nothing to measure against. */
  share: number | null;
  hint: string;
  over?: boolean;
  near?: boolean;
}) {
  return (
    <div className="min-w-0 bg-raised px-3 py-2.5">
      <dt className="text-xs text-fg-2">{label}</dt>
      <dd>
        <span className={cx("tabular mt-0.5 block truncate text-base font-semibold", over && "text-danger-text")}>{value}</span>
        {share !== null && (
          // biome-ignore lint/a11y/useSemanticElements: a meter element is drawn by each browser in its own way
          <span
            role="meter"
            aria-label={label}
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={Math.min(100, share)}
            className="mt-1.5 block h-1.5 overflow-hidden rounded-full bg-active"
          >
            <span
              className={cx("block h-full rounded-full", over ? "bg-danger" : near ? "bg-warning-text" : "bg-accent")}
              style={{ width: `${Math.min(100, share)}%` }}
            />
          </span>
        )}
        <span className="mt-1 block truncate text-xs text-fg-3" title={hint}>
          {hint}
        </span>
      </dd>
    </div>
  );
}
