import { useQuery } from "@tanstack/react-query";
import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import { type ApiKey, apiKeysQuery } from "@/api/people";
import { queryClient } from "@/api/queries";
import { day, moment, relative } from "@/lib/format";
import { confirm } from "@/records/dialogs";
import { complain, explain } from "@/records/errors";
import { Button, Empty, Notice, notify, Skeleton, Tag } from "@/ui";
import { Card } from "../frame";
import { ApiKeyDialog } from "./ApiKeyDialog";
import { isExpired, reachOf } from "./scopes";

/** Keys with which programs act as oneself. */
export function ApiKeysSection() {
  const { t } = useTranslation();
  const { data, error } = useQuery(apiKeysQuery);
  const [creating, setCreating] = useState(false);
  const revoke = async (key: ApiKey) => {
    const sure = await confirm(t("account.revokeTitle", { name: key.name }), t("account.revokeHint"), t("account.revoke"));
    if (!sure) return;
    try {
      await request(`/auth/api-keys/${key.id}`, { method: "DELETE" });
      notify(t("account.revoked", { name: key.name }));
    } catch (failure) {
      complain(t("account.notRevoked"), failure);
    }
    await queryClient.invalidateQueries({ queryKey: apiKeysQuery.queryKey });
  };
  const create = (
    <Button size="sm" onClick={() => setCreating(true)}>
      <Plus size={14} aria-hidden />
      {t("account.newKey")}
    </Button>
  );
  return (
    <Card title={t("account.keys")} hint={t("account.keysHint")} flush aside={data && data.length > 0 ? create : null}>
      {error ? (
        <div className="p-4">
          <Notice>{explain(error)}</Notice>
        </div>
      ) : !data ? (
        <div className="p-4">
          <Skeleton className="h-10" />
        </div>
      ) : data.length === 0 ? (
        <Empty icon={<KeyRound size={20} />} title={t("account.noKeys")} hint={t("account.noKeysHint")}>
          {create}
        </Empty>
      ) : (
        <ul className="m-0 list-none p-0">
          {data.map((key) => (
            <KeyLine key={key.id} held={key} onRevoke={() => void revoke(key)} />
          ))}
        </ul>
      )}
      {creating && <ApiKeyDialog onClose={() => setCreating(false)} />}
    </Card>
  );
}

function KeyLine({ held, onRevoke }: { held: ApiKey; onRevoke: () => void }) {
  const { t } = useTranslation();
  const reach = reachOf(held.scopes);
  const over = isExpired(held.expires_at);
  return (
    <li className="flex items-center gap-3 border-b px-4 py-3 last:border-b-0 lg:px-5">
      <KeyRound size={17} strokeWidth={1.7} className="shrink-0 text-fg-3" aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2">
          <span className="truncate font-medium">{held.name}</span>
          <code className="font-mono text-xs text-fg-2">{held.prefix}…</code>
          <span title={reach === "chosen" ? held.scopes.join(", ") : undefined}>
            <Tag
              label={reach === "chosen" ? t("account.permissions", { count: held.scopes.length }) : t(`account.reach.${reach}`)}
              hue={reach === "all" ? "violet" : reach === "read" ? "blue" : "gray"}
            />
          </span>
          {over && <Tag label={t("account.expired")} hue="red" />}
        </p>
        <p className="truncate text-xs text-fg-2">
          <span title={held.last_used_at ? moment(held.last_used_at) : undefined}>
            {held.last_used_at ? t("account.lastUsed", { when: relative(held.last_used_at) }) : t("account.neverUsed")}
          </span>
          {" · "}
          {held.expires_at
            ? t(over ? "account.expiredOn" : "account.expiresOn", { day: day(held.expires_at) })
            : t("account.noExpiry")}
        </p>
      </div>
      <Button variant="ghost" size="sm" aria-label={t("account.revokeKey", { name: held.name })} onClick={onRevoke}>
        {t("account.revoke")}
      </Button>
    </li>
  );
}
