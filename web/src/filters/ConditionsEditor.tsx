import { X } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Entity, FilterTree } from "@/api/types";
import { Button } from "@/ui";
import { AddFilter } from "./AddFilter";
import { ClauseView } from "./ClauseView";
import { AddGroup, Conditions, JoinMenu, useGrown } from "./Conditions";
import { clauseOf } from "./clause";
import { type FilterItem, isGroup, itemsOf } from "./search";
import type { FilterDraft } from "./tree";

/** The conditions of a list as part of a form: of an automation, or of an audience. */
export function ConditionsEditor({
  entity,
  draft,
  onChange,
}: {
  entity: Entity;
  draft: FilterDraft;
  onChange: (draft: FilterDraft) => void;
}) {
  const { t } = useTranslation();
  const { items, join, kept } = draft;
  const grown = useGrown(items.length);
  const put = (next: FilterItem[]) => onChange({ ...draft, items: next });
  const replace = (index: number, item: FilterItem | null) =>
    put(item ? items.map((entry, at) => (at === index ? item : entry)) : items.filter((_, at) => at !== index));
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Enter finishes a value here, and does not send the form around it
    <div
      className="flex flex-col gap-1.5"
      onKeyDown={(event) => {
        if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && event.target instanceof HTMLInputElement)
          event.preventDefault();
      }}
    >
      {items.length + kept.length > 0 && (
        <div className="flex flex-wrap items-center gap-1.5">
          {items.length + kept.length > 1 && <JoinMenu join={join} onChange={(next) => onChange({ ...draft, join: next })} />}
          <Conditions
            entity={entity}
            items={items}
            grown={grown}
            onItem={replace}
            onGroup={(index, group) => replace(index, group && itemsOf(group).length > 0 ? group : null)}
          />
        </div>
      )}
      {kept.map((tree, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: what is kept has no identity but its order
        <div key={at} className="flex items-start gap-2 rounded-sm bg-sunken px-2.5 py-1.5">
          <div className="min-w-0 flex-1">
            <Kept tree={tree} entity={entity} />
          </div>
          <Button
            variant="ghost"
            size="icon"
            aria-label={t("filters.removeKept", { place: at + 1 })}
            onClick={() => onChange({ ...draft, kept: kept.filter((_, place) => place !== at) })}
          >
            <X size={13} />
          </Button>
        </div>
      ))}
      <div className="-ms-2 flex flex-wrap gap-1">
        <AddFilter entity={entity} more text={t("filters.addCondition")} onAdd={(condition) => put([...items, condition])} />
        {items.length > 0 && !items.some(isGroup) && (
          <AddGroup entity={entity} join={join} text={t("filters.addBrackets")} onAdd={(group) => put([...items, group])} />
        )}
      </div>
    </div>
  );
}

/** What can only be kept or removed, in words as far as it has any. */
function Kept({ tree, entity }: { tree: FilterTree; entity: Entity }) {
  const clause = clauseOf(tree);
  return clause ? (
    <ClauseView clause={clause} entity={entity} />
  ) : (
    <code className="text-xs break-all">{JSON.stringify(tree)}</code>
  );
}
