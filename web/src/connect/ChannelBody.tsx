import "@/i18n/connect";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { can } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { moment, relative } from "@/lib/format";
import { inWords } from "@/lib/words";
import { Button, Notice, Tag } from "@/ui";
import { Panel, PanelText } from "./Panel";
import { SecretsDialog } from "./SecretsDialog";

/** A connected account: whether it works, and the secrets that it works with. */
export default function ChannelBody({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const names = Array.isArray(record.secret_names) ? record.secret_names.map(String) : [];
  const at = typeof record.secrets_set_at === "string" ? record.secrets_set_at : null;
  return (
    <>
      {record.status === "failed" && typeof record.last_error === "string" && (
        <Notice>
          <strong className="font-semibold">{t("connect.failed")}</strong>: {record.last_error}
        </Notice>
      )}
      <Panel
        title={t("connect.secrets")}
        action={
          can(entity, "update") &&
          !record.deleted_at && (
            <Button size="sm" onClick={() => setAsking(true)}>
              <KeyRound size={14} aria-hidden /> {t("connect.setSecrets")}
            </Button>
          )
        }
      >
        <PanelText>{t("connect.secretsHint")}</PanelText>
        <div className="flex flex-wrap items-center gap-1.5 px-3 pb-3" data-secrets>
          {names.length === 0 ? (
            <span className="text-fg-3">{t("connect.noSecrets")}</span>
          ) : (
            names.map((name) => <Tag key={name} label={inWords(name)} />)
          )}
          {names.length > 0 && at && (
            <span className="text-xs text-fg-3" title={moment(at)}>
              {t("connect.secretsSet", { when: relative(at) })}
            </span>
          )}
        </div>
      </Panel>
      {asking && <SecretsDialog entity={entity} record={record} kept={names} onClose={() => setAsking(false)} />}
    </>
  );
}
