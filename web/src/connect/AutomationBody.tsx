import "@/i18n/connect";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import { Filter, ListChecks, PencilLine, Zap } from "lucide-react";
import { type ComponentType, lazy, type ReactNode, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { can, findEntity, listPageQuery, useMeta } from "@/api/queries";
import type { Entity, FilterTree, Rec } from "@/api/types";
import { kindOf } from "@/fields/registry";
import { ClauseView } from "@/filters/ClauseView";
import { clauseOf, labelOf } from "@/filters/clause";
import { moment, relative } from "@/lib/format";
import { inWords } from "@/lib/words";
import { explain } from "@/records/errors";
import { useNames } from "@/records/useNames";
import { Button, Notice, Skeleton } from "@/ui";
import { ActionView } from "./ActionView";
import { Panel, PanelTable, PanelText, ROOMY } from "./Panel";
import { actionsOf } from "./rule";

const EntityDialog = lazy(() => import("@/forms/EntityDialog"));

const FEW = 20;

/** An automation in sentences: when, if and then; and what has become of its runs. */
export default function AutomationBody({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const meta = useMeta();
  const trigger = findEntity(meta, String(record.trigger_entity));
  const happens = String(record.trigger_event) as "created" | "updated";
  const clause = clauseOf(record.conditions as FilterTree | null);
  const [editing, setEditing] = useState(false);
  const fields = Array.isArray(record.trigger_fields) ? record.trigger_fields.map(String) : [];
  return (
    <>
      <Panel
        title={t("connect.rule")}
        action={
          can(entity, "update") && (
            <Button size="sm" onClick={() => setEditing(true)}>
              <PencilLine size={14} aria-hidden /> {t("record.edit")}
            </Button>
          )
        }
      >
        <ol className="m-0 flex list-none flex-col p-0" data-rule>
          <Step icon={Zap} word={t("connect.whenever")}>
            <strong className="font-semibold">{trigger?.label ?? inWords(String(record.trigger_entity))}</strong>{" "}
            {t(`connect.happens.${happens}`, { defaultValue: happens })}
            {happens === "updated" && fields.length > 0 && (
              <span className="text-fg-2">
                {" "}
                {t("connect.inFields", { fields: fields.map((name) => labelOf(trigger, name)).join(", ") })}
              </span>
            )}
          </Step>
          {clause && (
            <Step icon={Filter} word={t("connect.unless")}>
              <ClauseView clause={clause} entity={trigger} />
            </Step>
          )}
          <Step icon={ListChecks} word={t("connect.thereupon")}>
            <ul className="m-0 flex list-none flex-col gap-2 p-0">
              {actionsOf(record.actions).map((action, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: actions have no identity but their order
                <li key={at}>
                  <ActionView action={action} trigger={trigger} />
                </li>
              ))}
            </ul>
          </Step>
        </ol>
      </Panel>
      <Runs entity={entity} record={record} trigger={trigger} />
      {editing && (
        <Suspense>
          <EntityDialog entity={entity} record={record} onClose={() => setEditing(false)} />
        </Suspense>
      )}
    </>
  );
}

function Step({ icon: Icon, word, children }: { icon: ComponentType<{ size?: number }>; word: string; children: ReactNode }) {
  return (
    <li className="grid grid-cols-[28px_48px_minmax(0,1fr)] gap-2 border-b border-line/80 px-3 py-2.5 last:border-b-0">
      <span className="flex size-6 items-center justify-center rounded-full bg-hover text-fg-2">
        <Icon size={13} aria-hidden />
      </span>
      <span className="pt-0.5 text-fg-2">{word}</span>
      <div className="min-w-0 pt-0.5 break-words">{children}</div>
    </li>
  );
}

function Runs({ entity, record, trigger }: { entity: Entity; record: Rec; trigger: Entity | undefined }) {
  const { t } = useTranslation();
  const target = findEntity(useMeta(), "automation_run");
  const { data, error } = useQuery({
    ...listPageQuery(
      target?.plural ?? "",
      { parent: { plural: entity.plural, id: record.id, child: "runs" }, sort: "-created_at" },
      0,
      FEW,
    ),
    enabled: target !== undefined,
  });
  const rows = data?.data ?? [];
  const names = useNames(
    trigger ? rows.flatMap((row) => (typeof row.record_id === "string" ? [{ entity: trigger, id: row.record_id }] : [])) : [],
  );
  if (!target) return null;
  const status = target.fields.find((field) => field.name === "status");
  const Status = status && kindOf(status).View;
  return (
    <Panel title={t("connect.runs")}>
      {error ? (
        <div className="p-3">
          <Notice>{explain(error)}</Notice>
        </div>
      ) : !data ? (
        <div className="p-3">
          <Skeleton className="h-16 w-full" />
        </div>
      ) : rows.length === 0 ? (
        <PanelText>{t(record.is_active ? "connect.noRuns" : "connect.noRunsOff")}</PanelText>
      ) : (
        <PanelTable columns={[t("connect.record"), t("connect.state"), t("connect.error"), [t("connect.when"), ROOMY]]}>
          {rows.map((row) => (
            <tr key={row.id} data-run={row.id} className="hover:bg-hover">
              <td className="max-w-48 truncate">
                {trigger && typeof row.record_id === "string" ? (
                  <Link
                    to="/$entity/$id"
                    params={{ entity: trigger.plural, id: row.record_id }}
                    className="font-medium underline-offset-3 hover:underline"
                  >
                    {names.get(row.record_id) ?? trigger.label}
                  </Link>
                ) : (
                  t("connect.none")
                )}
              </td>
              <td>{Status && status && <Status field={status} value={row.status} record={row} />}</td>
              <td className="max-w-56 truncate text-fg-2" title={typeof row.error === "string" ? row.error : undefined}>
                {typeof row.error === "string" ? row.error : ""}
              </td>
              <td className={clsx("whitespace-nowrap text-fg-2", ROOMY)} title={moment(row.created_at)}>
                {relative(row.created_at)}
              </td>
            </tr>
          ))}
        </PanelTable>
      )}
    </Panel>
  );
}
