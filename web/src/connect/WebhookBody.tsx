import "@/i18n/connect";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { can, findEntity, listPageQuery, useMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { eventInWords } from "@/fields/events";
import { kindOf } from "@/fields/registry";
import { moment, number, relative } from "@/lib/format";
import { act } from "@/records/act";
import { confirm } from "@/records/dialogs";
import { complain, explain } from "@/records/errors";
import { Button, buttonClass, Notice, Skeleton } from "@/ui";
import { Panel, PanelTable, PanelText, ROOMY } from "./Panel";
import { SecretOnce } from "./SecretOnce";
import { SendAgain } from "./SendAgain";

const FEW = 20;

/** A webhook: the secret that signs it, and what has become of its deliveries. */
export default function WebhookBody({ entity, record }: { entity: Entity; record: Rec }) {
  return (
    <>
      <Signature entity={entity} record={record} />
      <Deliveries entity={entity} record={record} />
    </>
  );
}

function Signature({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const [secret, setSecret] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const signed = record.has_secret === true;
  const make = async () => {
    if (signed && !(await confirm(t("connect.changeTitle"), t("connect.changeDetail"), t("connect.change")))) return;
    setBusy(true);
    try {
      setSecret((await act<{ secret: string }>(entity, record, "secret")).secret);
    } catch (error) {
      complain(t("record.notDone"), error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel
      title={t("connect.signing")}
      action={
        can(entity, "update") && (
          <Button size="sm" disabled={busy} onClick={() => void make()}>
            <KeyRound size={14} aria-hidden /> {t(signed ? "connect.newSecret" : "connect.makeSecret")}
          </Button>
        )
      }
    >
      <PanelText>
        {signed
          ? t("connect.signed", { when: relative(String(record.secret_changed_at ?? record.created_at)) })
          : t("connect.unsigned")}
      </PanelText>
      {secret && <SecretOnce name={String(record.name)} secret={secret} onClose={() => setSecret(null)} />}
    </Panel>
  );
}

function Deliveries({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const target = findEntity(useMeta(), "webhook_delivery");
  const { data, error } = useQuery({
    ...listPageQuery(
      target?.plural ?? "",
      { parent: { plural: entity.plural, id: record.id, child: "deliveries" }, sort: "-created_at" },
      0,
      FEW,
    ),
    enabled: target !== undefined,
  });
  const status = target?.fields.find((field) => field.name === "status");
  if (!target) return null;
  const Status = status && kindOf(status).View;
  const again = can(entity, "update");
  return (
    <Panel
      title={t("connect.deliveries")}
      action={
        data?.page.next_cursor && (
          <Link
            to="/$entity"
            params={{ entity: target.plural }}
            search={{ f: [{ field: "endpoint_id", op: "eq", value: record.id }] }}
            className={buttonClass("ghost", "sm")}
          >
            {t("connect.all")}
          </Link>
        )
      }
    >
      {error ? (
        <div className="p-3">
          <Notice>{explain(error)}</Notice>
        </div>
      ) : !data ? (
        <div className="p-3">
          <Skeleton className="h-24 w-full" />
        </div>
      ) : data.data.length === 0 ? (
        <PanelText>{t("connect.noDeliveries")}</PanelText>
      ) : (
        <PanelTable
          columns={[
            t("connect.event"),
            t("connect.state"),
            ...[t("connect.attempts"), t("connect.answer"), t("connect.when")].map((name): [string, string] => [name, ROOMY]),
            ...(again ? [t("connect.again")] : []),
          ]}
        >
          {data.data.map((row) => (
            <tr key={row.id} data-delivery={row.id} className="hover:bg-hover">
              <td className="max-w-56 truncate">
                <Link
                  to="/$entity/$id"
                  params={{ entity: target.plural, id: row.id }}
                  className="font-medium underline-offset-3 hover:underline"
                >
                  {eventInWords(String(row.event ?? ""))}
                </Link>
              </td>
              <td title={typeof row.last_error === "string" ? row.last_error : undefined}>
                {Status && status && <Status field={status} value={row.status} record={row} />}
              </td>
              <td className={clsx("tabular", ROOMY)}>{number(Number(row.attempts ?? 0))}</td>
              <td className={clsx("tabular text-fg-2", ROOMY)}>
                {row.response_status ? String(row.response_status) : t("connect.none")}
              </td>
              <td className={clsx("whitespace-nowrap text-fg-2", ROOMY)} title={moment(row.created_at)}>
                {relative(row.created_at)}
              </td>
              {again && (
                <td>
                  <SendAgain target={target} delivery={row} narrow />
                </td>
              )}
            </tr>
          ))}
        </PanelTable>
      )}
    </Panel>
  );
}
