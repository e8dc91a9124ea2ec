import { Brackets, ChevronDown, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Condition, Entity } from "@/api/types";
import { Button, DropMenu } from "@/ui";
import { AddFilter } from "./AddFilter";
import { FilterChip } from "./FilterChip";
import { filterableFields, freshCondition } from "./model";
import { type FilterGroup, type FilterItem, groupOf, isGroup, itemsOf, type Join, joinOf } from "./search";

/** Whether all of the conditions have to hold or one is enough. */
export function JoinMenu({ join, onChange }: { join: Join; onChange: (join: Join) => void }) {
  const { t } = useTranslation();
  return (
    <DropMenu
      trigger={
        <button
          type="button"
          aria-label={t("filters.joined", { how: t(`filters.join.${join}`) })}
          className="flex h-7 items-center gap-1 rounded-sm px-1.5 font-medium text-fg-2 hover:bg-hover hover:text-fg pointer-coarse:h-10"
        >
          {t(`filters.join.${join}`)}
          <ChevronDown size={12} className="text-fg-3" aria-hidden />
        </button>
      }
      items={(["and", "or"] as const).map((how) => ({
        label: t(`filters.joinLong.${how}`),
        checked: how === join,
        onSelect: () => onChange(how),
      }))}
    />
  );
}

/** The button that adds conditions in brackets, joined the other way than those around them. */
export function AddGroup({
  entity,
  join,
  text,
  onAdd,
}: {
  entity: Entity;
  join: Join;
  /** What stands on it, where it is a button of a form. */
  text?: string;
  onAdd: (group: FilterGroup) => void;
}) {
  const { t } = useTranslation();
  return (
    <Button
      variant="ghost"
      size="sm"
      onClick={() => {
        const field = filterableFields(entity)[0];
        if (field) onAdd(groupOf(join === "or" ? "and" : "or", [freshCondition(field)]));
      }}
    >
      <Brackets size={14} />
      {text ?? <span className="max-sm:sr-only">{t("filters.addGroup")}</span>}
    </Button>
  );
}

/** Whether a list has become longer since it was first seen: its last entry has then just been asked for. */
export function useGrown(count: number, before = count): boolean {
  const [known, setKnown] = useState(before);
  if (count < known) setKnown(count);
  return count > known;
}

/** Conditions and groups of them, each part of which can be changed. */
export function Conditions({
  entity,
  items,
  grown,
  onItem,
  onGroup,
}: {
  entity: Entity;
  items: FilterItem[];
  /** The last one has just been added: its value opens by itself. */
  grown: boolean;
  onItem: (index: number, item: Condition | null) => void;
  onGroup: (index: number, group: FilterGroup | null) => void;
}) {
  const { t } = useTranslation();
  const seen = new Map<string, number>();
  return items.map((item, index) => {
    const name = isGroup(item) ? "group" : item.field;
    const nth = seen.get(name) ?? 0;
    seen.set(name, nth + 1);
    const key = `${name}.${nth}`;
    const fresh = grown && index === items.length - 1;
    if (isGroup(item))
      return <Group key={key} entity={entity} group={item} fresh={fresh} onChange={(group) => onGroup(index, group)} />;
    const field = entity.fields.find((entry) => entry.name === item.field);
    if (!field)
      return (
        <button
          key={key}
          type="button"
          onClick={() => onItem(index, null)}
          className="flex h-7 items-center rounded-sm px-2 text-fg-2 shadow-[inset_0_0_0_1px_var(--line-strong)]"
        >
          {t("filters.unknown", { field: item.field })}
        </button>
      );
    return (
      <FilterChip
        key={key}
        entity={entity}
        field={field}
        condition={item}
        fresh={fresh}
        onChange={(next) => onItem(index, next)}
        onRemove={() => onItem(index, null)}
      />
    );
  });
}

/** Conditions in brackets. */
function Group({
  entity,
  group,
  fresh,
  onChange,
}: {
  entity: Entity;
  group: FilterGroup;
  fresh: boolean;
  onChange: (group: FilterGroup | null) => void;
}) {
  const { t } = useTranslation();
  const items = itemsOf(group);
  const grown = useGrown(items.length, fresh ? 0 : items.length);
  const put = (next: Condition[]) => onChange(next.length > 0 ? groupOf(joinOf(group), next) : null);
  return (
    <fieldset
      aria-label={t("filters.group")}
      className="flex max-w-full flex-wrap items-center gap-1 rounded-md bg-sunken p-1 shadow-[inset_0_0_0_1px_var(--line)]"
    >
      <JoinMenu join={joinOf(group)} onChange={(join) => onChange(groupOf(join, items))} />
      <Conditions
        entity={entity}
        items={items}
        grown={grown}
        onItem={(index, item) =>
          put(item ? items.map((entry, at) => (at === index ? item : entry)) : items.filter((_, at) => at !== index))
        }
        onGroup={() => {}}
      />
      <AddFilter entity={entity} more label={t("filters.addToGroup")} onAdd={(condition) => put([...items, condition])} />
      <button
        type="button"
        aria-label={t("filters.removeGroup")}
        onClick={() => onChange(null)}
        className="flex size-7 items-center justify-center rounded-sm text-fg-3 hover:bg-hover hover:text-fg pointer-coarse:size-10"
      >
        <X size={13} />
      </button>
    </fieldset>
  );
}
