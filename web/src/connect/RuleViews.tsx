import "@/i18n/connect";
import { findEntity, useMeta } from "@/api/queries";
import type { FilterTree } from "@/api/types";
import type { ViewProps } from "@/fields/types";
import { ClauseView } from "@/filters/ClauseView";
import { clauseOf } from "@/filters/clause";
import { ActionView } from "./ActionView";
import { actionsOf } from "./rule";

/** The conditions of an automation in words. */
export function ConditionsView({ value, record }: ViewProps) {
  const trigger = findEntity(useMeta(), String(record?.trigger_entity ?? ""));
  const clause = clauseOf(value as FilterTree | null);
  return clause ? (
    <div className="min-w-0 truncate">
      <ClauseView clause={clause} entity={trigger} />
    </div>
  ) : null;
}
/** The actions of an automation in words. */
export function ActionsView({ value, record }: ViewProps) {
  const trigger = findEntity(useMeta(), String(record?.trigger_entity ?? ""));
  return (
    <div className="flex min-w-0 flex-col gap-1">
      {actionsOf(value).map((action, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: actions have no identity but their order
        <div key={at} className="min-w-0">
          <ActionView action={action} trigger={trigger} />
        </div>
      ))}
    </div>
  );
}
