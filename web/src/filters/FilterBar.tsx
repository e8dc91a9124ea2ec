import { Brackets, ChevronDown, ListFilter, Plus, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Condition, Entity } from "@/api/types";
import { KEYS } from "@/lib/shortcuts";
import { Button, DropMenu, Picker } from "@/ui";
import { FilterChip } from "./FilterChip";
import { filterableFields, freshCondition } from "./model";
import { type FilterGroup, type FilterItem, groupOf, isGroup, itemsOf, type Join, joinOf } from "./search";

/** The button that adds a condition. `F` presses the first one on the page. */
export function AddFilter({
  entity,
  more,
  label,
  onAdd,
}: {
  entity: Entity;
  more: boolean;
  /** Its name for assistive technology where there are several. */
  label?: string;
  onAdd: (condition: Condition) => void;
}) {
  const { t } = useTranslation();
  const fields = filterableFields(entity);
  if (fields.length === 0) return null;
  return (
    <Picker
      label={t("filters.choose")}
      triggerLabel={label ?? t("filters.add")}
      items={fields.map((field) => ({ value: field.name, label: field.label }))}
      value={[]}
      onChange={([name]) => {
        const field = fields.find((entry) => entry.name === name);
        if (field) onAdd(freshCondition(field));
      }}
      trigger={
        <Button
          variant="ghost"
          size="sm"
          {...(label ? {} : { "data-add-filter": true, "aria-keyshortcuts": KEYS["list.filter"] })}
        >
          {more ? <Plus size={14} /> : <ListFilter size={14} />}
          {!label && <span className="max-sm:sr-only">{t("filters.add")}</span>}
        </Button>
      }
    />
  );
}

/** Whether all of the conditions have to hold or one is enough. */
function JoinMenu({ join, onChange }: { join: Join; onChange: (join: Join) => void }) {
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
      {!items.some(isGroup) && (
        <Button
          variant="ghost"
          size="sm"
          onClick={() => {
            const field = filterableFields(entity)[0];
            if (field) put([...items, groupOf(any ? "and" : "or", [freshCondition(field)])]);
          }}
        >
          <Brackets size={14} />
          <span className="max-sm:sr-only">{t("filters.addGroup")}</span>
        </Button>
      )}
      <Button variant="ghost" size="sm" className="ms-auto" onClick={() => put([])}>
        {t("filters.clear")}
      </Button>
    </div>
  );
}

/** Whether a list has become longer since it was first seen: its last entry has then just been asked for. */
function useGrown(count: number, before = count): boolean {
  const [known, setKnown] = useState(before);
  if (count < known) setKnown(count);
  return count > known;
}

function Conditions({
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
