import { useQueries } from "@tanstack/react-query";
import { useDeferredValue, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { findCached } from "@/api/cache";
import { fetchList, findEntity, loadedMeta } from "@/api/queries";
import type { Entity, Field, Nested } from "@/api/types";
import { Picker, type PickItem } from "@/ui";
import type { EditorProps, InputProps, ViewProps } from "../types";
import { isBlank, titleOf } from "../values";
import { EditFrame, NONE, noneItem, PickTrigger } from "./PickEditor";
import { Named } from "./RecordPick";

/** A record of one of several kinds: what a task, a note or an interaction is about. */

/** The kinds of record that a subject may be of, as far as this person may see them. */
export function targetsOf(field: Field): Entity[] {
  const meta = loadedMeta();
  const own = meta?.entities.find((entity) => entity.fields.includes(field));
  const choices = own?.fields.find((entry) => entry.name === field.entity_field)?.choices ?? [];
  return meta ? choices.flatMap((choice) => findEntity(meta, choice.value) ?? []) : [];
}

const PER_KIND = 6;
const MOST = 4;
/** Records of every kind that match what was typed; before anything is typed, the latest of each. */
export function useSubjectItems(field: Field, text: string, enabled: boolean): { items: PickItem[]; loading: boolean } {
  const wanted = useDeferredValue(text.trim());
  const targets = targetsOf(field);
  const found = useQueries({
    queries: targets.map((entity) => ({
      queryKey: ["list", entity.plural, { subject: wanted }],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        fetchList(entity.plural, wanted ? { q: wanted } : {}, { limit: wanted ? PER_KIND : MOST }, signal),
      enabled,
    })),
  });
  const items = found.flatMap((query, index): PickItem[] => {
    const entity = targets[index];
    if (!entity) return [];
    return (query.data?.data ?? []).map((record) => {
      const label = titleOf(entity, record);
      return {
        value: record.id,
        label,
        hint: entity.label,
        node: <Named entity={entity} name={label} color={record.color} />,
        kind: entity.name,
      };
    });
  });
  return { items, loading: found.some((query) => query.isFetching) };
}

/** The record that a chosen item stands for, as an answer nests it. */
export const asSubject = (item: PickItem): Nested => ({ id: item.value, entity: item.kind, title: item.label });

/** The subject as it came along, or as it is held anyway; undefined where only its id is known. */
export function subjectOf(
  field: Field,
  value: unknown,
  record: ViewProps["record"],
): { entity: Entity; id: string; name: string } | null | undefined {
  const meta = loadedMeta();
  const nested = field.include ? (record?.[field.include] as Nested | null | undefined) : undefined;
  if (nested === null) return null;
  const name = nested?.entity ?? record?.[field.entity_field ?? ""];
  const entity = meta && typeof name === "string" ? findEntity(meta, name) : undefined;
  if (!entity) return undefined;
  const id = String(value);
  if (typeof nested?.title === "string") return { entity, id, name: nested.title };
  const held = findCached(entity.plural, id);
  return held ? { entity, id, name: titleOf(entity, held) } : undefined;
}

export function SubjectView({ field, value, record }: ViewProps) {
  const { t } = useTranslation();
  if (isBlank(value)) return null;
  const subject = subjectOf(field, value, record);
  if (!subject)
    return <span className="truncate text-fg-3">{subject === null ? t("record.hidden") : String(value).slice(0, 8)}</span>;
  return <Named entity={subject.entity} name={subject.name} />;
}

export function subjectText(value: unknown, field: Field, record?: ViewProps["record"]): string {
  const subject = isBlank(value) ? null : subjectOf(field, value, record);
  return subject?.name ?? "";
}

export function SubjectEditor({ field, value, record, initial, onCommit, onCancel }: EditorProps) {
  const { t } = useTranslation();
  const host = useRef<HTMLDivElement>(null);
  const done = useRef(false);
  const [text, setText] = useState(initial ?? "");
  const { items, loading } = useSubjectItems(field, text, true);
  const offered = field.required || isBlank(value) || text ? items : [noneItem(t("picker.none")), ...items];
  return (
    <>
      <EditFrame hostRef={host}>
        <SubjectView field={field} value={value} record={record} />
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
          else onCommit(chosen.value, "stay", asSubject(chosen));
        }}
        onOpenChange={(open) => {
          if (!open && !done.current) onCancel();
        }}
      />
    </>
  );
}

export function SubjectInput({ field, value, values, aria, inputRef, onChange, onBlur }: InputProps) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const { items, loading } = useSubjectItems(field, text, open);
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
        !chosen || chosen.value === NONE ? onChange(null, null) : onChange(chosen.value, asSubject(chosen))
      }
      trigger={
        <PickTrigger aria={aria} inputRef={inputRef} onBlur={onBlur}>
          {isBlank(value) ? null : <SubjectView field={field} value={value} record={values} />}
        </PickTrigger>
      }
    />
  );
}
