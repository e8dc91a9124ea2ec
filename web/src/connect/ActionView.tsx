import "@/i18n/connect";
import { useTranslation } from "react-i18next";
import { findEntity, useMeta } from "@/api/queries";
import type { Entity } from "@/api/types";
import { Told } from "@/filters/ClauseView";
import { fieldIn, labelOf } from "@/filters/clause";
import { inWords, within } from "@/lib/words";
import { useNames } from "@/records/useNames";
import { type Action, deedOf, settingEntity, settingsOf, usersOf } from "./rule";

const ID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;
export const isId = (text: string): boolean => ID.test(text);

/** An action in words: what it does, and with which values. */
export function ActionView({ action, trigger }: { action: Action; trigger: Entity | undefined }) {
  const { t } = useTranslation();
  const meta = useMeta();
  const users = findEntity(meta, "user");
  const hooks = findEntity(meta, "webhook_endpoint");
  const deed = deedOf(action);
  const endpoint = typeof action.endpoint_id === "string" ? action.endpoint_id : "";
  const names = useNames([
    ...(users
      ? usersOf(action)
          .filter(isId)
          .map((id) => ({ entity: users, id }))
      : []),
    ...(hooks && endpoint ? [{ entity: hooks, id: endpoint }] : []),
  ]);
  const entity = settingEntity(meta, action, trigger);
  const headline =
    deed === "update"
      ? t("connect.update")
      : deed === "create"
        ? t("connect.create", { label: entity ? within(entity.label) : inWords(String(action.entity ?? "")).toLowerCase() })
        : deed === "notify"
          ? t("connect.notify", {
              who: usersOf(action)
                .map((user) => (isId(user) ? (names.get(user) ?? "…") : within(labelOf(trigger, user))))
                .join(", "),
            })
          : deed === "webhook"
            ? t("connect.webhook", { name: names.get(endpoint) ?? t("connect.aWebhook") })
            : t("connect.otherAction", { name: action.do });
  return (
    <>
      <span className="font-medium">{headline}</span>
      {typeof action.title === "string" && action.title && <span className="block text-fg-2">“{action.title}”</span>}
      {typeof action.message === "string" && action.message && <span className="block text-fg-2">{action.message}</span>}
      {Object.keys(settingsOf(action)).length > 0 && (
        <dl className="mt-1 grid grid-cols-[minmax(72px,auto)_minmax(0,1fr)] gap-x-3 gap-y-0.5">
          {Object.entries(settingsOf(action)).map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="text-fg-2">{labelOf(entity, name)}</dt>
              <dd className="min-w-0 break-words">
                <Told field={fieldIn(entity, name)} value={value} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}
