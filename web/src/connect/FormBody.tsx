import "@/i18n/connect";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import { findEntity, useMeta } from "@/api/queries";
import type { Entity, Hue, List, Rec } from "@/api/types";
import { moment, relative } from "@/lib/format";
import { explain } from "@/records/errors";
import { useNames } from "@/records/useNames";
import { Notice, ScrollRegion, Skeleton, Tag } from "@/ui";
import { CopyButton } from "@/ui/CopyButton";
import { Panel, PanelTable, PanelText } from "./Panel";
import { formFields, snippetOf } from "./snippet";

type Submission = {
  id: string;
  outcome: "accepted" | "known" | "spam";
  lead_id: string | null;
  origin: string | null;
  created_at: string;
};
const HUE: Record<Submission["outcome"], Hue> = { accepted: "green", known: "blue", spam: "red" };
const FEW = 20;

/** A form for other sites: where it is sent to, what to paste there, and what has come in. */
export default function FormBody({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const address = `${location.origin}/api/v1/forms/${String(record.public_id ?? "")}`;
  const snippet = snippetOf(
    { address, fields: formFields(record.fields), honeypot: typeof record.honeypot === "string" ? record.honeypot : "" },
    { send: t("connect.send"), leaveEmpty: t("connect.leaveEmpty") },
  );
  return (
    <>
      {record.is_active !== true && <Notice tone="warning">{t("connect.formOff")}</Notice>}
      <Panel title={t("connect.address")} action={<CopyButton size="sm" text={address} label={t("connect.copyAddress")} />}>
        <PanelText>{t("connect.addressHint")}</PanelText>
        <code className="block px-3 pb-3 font-mono text-xs break-all" data-address>
          {address}
        </code>
      </Panel>
      <Panel title={t("connect.snippet")} action={<CopyButton size="sm" text={snippet} label={t("connect.copySnippet")} />}>
        <PanelText>{t("connect.snippetHint")}</PanelText>
        <ScrollRegion label={t("connect.snippet")} className="max-h-64 rounded-b-md border-t bg-sunken">
          <pre className="m-0 p-3 font-mono text-xs leading-5" data-snippet>
            {snippet}
          </pre>
        </ScrollRegion>
      </Panel>
      <Submissions entity={entity} record={record} />
    </>
  );
}

function Submissions({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const leads = findEntity(useMeta(), "lead");
  const { data, error } = useQuery({
    queryKey: ["derived", "inbound_form", record.id, record.submission_count],
    queryFn: ({ signal }) =>
      request<List<Submission>>(`/${entity.plural}/${record.id}/submissions`, { signal, query: { limit: FEW } }),
  });
  const rows = data?.data ?? [];
  const names = useNames(leads ? rows.flatMap((row) => (row.lead_id ? [{ entity: leads, id: row.lead_id }] : [])) : []);
  return (
    <Panel title={t("connect.submissions")}>
      {error ? (
        <div className="p-3">
          <Notice>{explain(error)}</Notice>
        </div>
      ) : !data ? (
        <div className="p-3">
          <Skeleton className="h-16 w-full" />
        </div>
      ) : rows.length === 0 ? (
        <PanelText>{t("connect.noSubmissions")}</PanelText>
      ) : (
        <PanelTable columns={[t("connect.state"), t("connect.lead"), t("connect.site"), t("connect.when")]}>
          {rows.map((row) => (
            <tr key={row.id} data-submission={row.id} className="hover:bg-hover">
              <td>
                <Tag label={t(`connect.outcome.${row.outcome}`)} hue={HUE[row.outcome]} dot />
              </td>
              <td className="max-w-56 truncate">
                {leads && row.lead_id ? (
                  <Link
                    to="/$entity/$id"
                    params={{ entity: leads.plural, id: row.lead_id }}
                    className="font-medium underline-offset-3 hover:underline"
                  >
                    {names.get(row.lead_id) ?? t("connect.openLead")}
                  </Link>
                ) : (
                  t("connect.none")
                )}
              </td>
              <td className="max-w-48 truncate text-fg-2">{row.origin ?? t("connect.none")}</td>
              <td className="whitespace-nowrap text-fg-2" title={moment(row.created_at)}>
                {relative(row.created_at)}
              </td>
            </tr>
          ))}
        </PanelTable>
      )}
    </Panel>
  );
}
