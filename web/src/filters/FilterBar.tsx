import { useTranslation } from "react-i18next";
import type { Entity } from "@/api/types";
import { Button } from "@/ui";
import { AddFilter } from "./AddFilter";
import { AddGroup, Conditions, JoinMenu, useGrown } from "./Conditions";
import { type FilterItem, isGroup, itemsOf, type Join } from "./search";

/** The conditions of a list, in a row of their own that is there only when there are any. */
export function FilterBar({
  entity,
  items,
  any,
  onChange,
}: {
  entity: Entity;
  items: FilterItem[];
  any: boolean;
  onChange: (change: { f: FilterItem[] | undefined; any: true | undefined }) => void;
}) {
  const { t } = useTranslation();
  const grown = useGrown(items.length);
  if (items.length === 0) return null;
  const put = (next: FilterItem[], join: Join = any ? "or" : "and") =>
    onChange({ f: next.length > 0 ? next : undefined, any: join === "or" && next.length > 1 ? true : undefined });
  const replace = (index: number, item: FilterItem | null) =>
    put(item ? items.map((entry, at) => (at === index ? item : entry)) : items.filter((_, at) => at !== index));
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-1.5 border-b px-3 py-2">
      {items.length > 1 && <JoinMenu join={any ? "or" : "and"} onChange={(join) => put(items, join)} />}
      <Conditions
        entity={entity}
        items={items}
        grown={grown}
        onItem={replace}
        onGroup={(index, group) => replace(index, group && itemsOf(group).length > 0 ? group : null)}
      />
      <AddFilter entity={entity} more onAdd={(condition) => put([...items, condition])} />
      {!items.some(isGroup) && <AddGroup entity={entity} join={any ? "or" : "and"} onAdd={(group) => put([...items, group])} />}
      <Button variant="ghost" size="sm" className="ms-auto" onClick={() => put([])}>
        {t("filters.clear")}
      </Button>
    </div>
  );
}
