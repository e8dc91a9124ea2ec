import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { fetchList, loadedMeta } from "@/api/queries";
import type { Entity, Field, FilterTree, Rec } from "@/api/types";
import { hueOfText, nearestHue } from "@/lib/hues";
import { useNames } from "@/records/useNames";
import { Person, Picker, type PickItem, Tag, Thing } from "@/ui";
import type { EditorProps, InputProps, ViewProps } from "../types";
import { hasFace, isBlank, isPerson, nestedOf, nestedTitle, targetOf, titleOf } from "../values";
import { EditFrame, NONE, noneItem, PickTrigger } from "./PickEditor";

/** Entities whose records are labels on other records. */
const LABELS = new Set(["stage", "pipeline", "industry", "tag", "role", "team"]);

/** A record by its name: people and companies with their initials, labels as tags in their colour, the rest as text. */
export function Named({ entity, name, color }: { entity: Entity | undefined; name: string; color?: unknown }) {
  if (isPerson(entity)) return <Person name={name} />;
  if (hasFace(entity)) return <Thing name={name} />;
  if (entity && LABELS.has(entity.name))
    return <Tag label={name} hue={nearestHue(color) ?? hueOfText(name)} dot={entity.name === "stage"} />;
  return <span className="truncate">{name}</span>;
}

/**
 * Which records of a kind can be meant at all: a stage belongs to the pipeline that the record is in, and a pipeline to
 * one kind of record. Undefined where any will do.
 */
export function narrowing(field: Field, record?: ViewProps["record"]): FilterTree | undefined {
  const target = targetOf(field);
  const own = loadedMeta()?.entities.find((entity) => entity.fields.includes(field));
  if (!target || !own) return undefined;
  const isOwn = (entity: Entity | undefined) =>
    entity?.fields.some((entry) => entry.name === "entity" && entry.choices?.some((choice) => choice.value === own.name));
  if (isOwn(target)) return { field: "entity", op: "eq", value: own.name };
  // A record that always belongs to another one is looked for among those of the same other one.
  const whole = target.fields.find(
    (entry) => entry.kind === "reference" && entry.required && own.fields.some((other) => other.name === entry.name),
  );
  if (!whole) return undefined;
  const held = record?.[whole.name];
  if (typeof held === "string" && held) return { field: whole.name, op: "eq", value: held };
  return whole.include && isOwn(targetOf(whole)) ? { field: `${whole.include}.entity`, op: "eq", value: own.name } : undefined;
}

/** Records of an entity that match what was typed, as items to pick from. */
export function useRecordItems(entity: Entity | undefined, text: string, enabled: boolean, filter?: FilterTree) {
  const typed = useDeferredValue(text.trim());
  // What the server does not search is fetched whole and searched here.
  const local = entity?.searchable === false;
  const wanted = local ? "" : typed;
  const found = useQuery({
    queryKey: ["list", entity?.plural ?? "", { pick: wanted, filter }],
    queryFn: ({ signal }) =>
      fetchList(
        entity?.plural ?? "",
        { q: wanted || undefined, sort: wanted ? undefined : sortOf(entity), filter },
        { limit: local ? 200 : 20 },
        signal,
      ),
    enabled: enabled && entity !== undefined,
    placeholderData: (previous) => previous,
  });
  const toItem = (record: Rec): PickItem => {
    const label = entity ? titleOf(entity, record) : "";
    return { value: record.id, label, color: record.color, node: <Named entity={entity} name={label} color={record.color} /> };
  };
  const items = (found.data?.data ?? []).map(toItem);
  // Until the answer to what was typed is there, the last one is narrowed down here: Enter must never take a record
  // that the text has already left behind.
  const waiting = found.isPlaceholderData || typed !== text.trim();
  const narrow = (local || waiting) && text.trim() !== "";
  return {
    items: narrow ? items.filter((item) => item.label.toLowerCase().includes(text.trim().toLowerCase())) : items,
    loading: found.isFetching,
  };
}
/** What stands in an order of its own, such as stages, is offered in that; everything else by name. */
function sortOf(entity: Entity | undefined): string | undefined {
  if (!entity) return undefined;
  const names = LABELS.has(entity.name) ? ["position", entity.title_field] : [entity.title_field];
  return names.find((name) => entity.fields.some((field) => field.name === name && field.sortable));
}

/** What a reference looks like. A record that may not be seen says so. */
export function ReferenceView({ field, value, record }: ViewProps) {
  const { t } = useTranslation();
  if (isBlank(value)) return null;
  const nested = nestedOf(record, field);
  const target = targetOf(field);
  if (nested === undefined && target) return <Resolved target={target} id={String(value)} />;
  if (nested) return <Named entity={target} name={nestedTitle(nested, field)} color={nested.color} />;
  return <span className="truncate text-fg-3">{nested === null ? t("record.hidden") : String(value).slice(0, 8)}</span>;
}

/** A reference whose record did not come along, such as one of a custom field: asked for by itself. */
function Resolved({ target, id }: { target: Entity; id: string }) {
  const { t } = useTranslation();
  const name = useNames([{ entity: target, id }]).get(id);
  if (name === null) return <span className="truncate text-fg-3">{t("record.hidden")}</span>;
  return name === undefined ? <span className="skeleton h-3 w-20" /> : <Named entity={target} name={name} />;
}

export function RecordEditor({ field, value, record, initial, onCommit, onCancel }: EditorProps) {
  const { t } = useTranslation();
  const host = useRef<HTMLDivElement>(null);
  const done = useRef(false);
  const [text, setText] = useState(initial ?? "");
  const target = targetOf(field);
  const { items, loading } = useRecordItems(target, text, true, narrowing(field, record));
  const offered = field.required || isBlank(value) || text ? items : [noneItem(t("picker.none")), ...items];
  return (
    <>
      <EditFrame hostRef={host}>
        <ReferenceView field={field} value={value} record={record} />
      </EditFrame>
      <Picker
        open
        anchor={host}
        label={field.label}
        items={offered}
        loading={loading}
        onSearch={setText}
        initialSearch={initial}
        value={isBlank(value) ? [] : [String(value)]}
        onChange={(_, [chosen]) => {
          done.current = true;
          if (!chosen || chosen.value === NONE) onCommit(null, "stay", null);
          else onCommit(chosen.value, "stay", asNested(target, chosen));
        }}
        onOpenChange={(open) => {
          if (!open && !done.current) onCancel();
        }}
      />
    </>
  );
}

export function RecordInput({ field, value, values, aria, inputRef, onChange, onBlur }: InputProps) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const target = targetOf(field);
  const { items, loading } = useRecordItems(target, text, open, narrowing(field, values));
  const offered = field.required || isBlank(value) || text ? items : [noneItem(t("picker.none")), ...items];
  return (
    <Picker
      label={field.label}
      items={offered}
      loading={loading}
      onSearch={setText}
      onOpenChange={setOpen}
      value={isBlank(value) ? [] : [String(value)]}
      onChange={(_, [chosen]) =>
        !chosen || chosen.value === NONE ? onChange(null, null) : onChange(chosen.value, asNested(target, chosen))
      }
      trigger={
        <PickTrigger aria={aria} inputRef={inputRef} onBlur={onBlur}>
          {isBlank(value) ? null : <ReferenceView field={field} value={value} record={values} />}
        </PickTrigger>
      }
    />
  );
}

const asNested = (target: Entity | undefined, item: PickItem) => ({
  id: item.value,
  [target?.title_field ?? "name"]: item.label,
  ...(item.color === undefined ? {} : { color: item.color }),
});

/** The plain text of a reference. */
export function referenceText(value: unknown, field: Field, record?: Parameters<typeof nestedOf>[0]): string {
  if (isBlank(value)) return "";
  const nested = nestedOf(record, field);
  return nested ? nestedTitle(nested, field) : "";
}
