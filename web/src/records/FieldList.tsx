import { Link } from "@tanstack/react-router";
import { PencilLine } from "lucide-react";
import { useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { findEntity, useMeta } from "@/api/queries";
import type { Entity, Field, Meta, Rec } from "@/api/types";
import { subjectOf } from "@/fields/parts/SubjectPick";
import { isChosen, isEditable, kindOf } from "@/fields/registry";
import { isBlank, isEmpty, nestedOf, targetOf, valueIn } from "@/fields/values";
import { pageSections } from "@/forms/sections";
import { moment, relative } from "@/lib/format";
import { hasSettingsPage } from "@/settings/pages";
import { cx, Switch } from "@/ui";
import { editRecord } from "./edit";
import { specialOf } from "./special";
import { useNames } from "./useNames";

/** A record's fields in the sections of its layout; a click or Enter edits in place, as in a cell. */
export function FieldList({ entity, record, compact = false }: { entity: Entity; record: Rec; compact?: boolean }) {
  const { t } = useTranslation();
  const { told = [] } = specialOf(entity);
  const sections = pageSections(entity)
    .map((section) => ({
      ...section,
      fields: section.fields.filter((field) => !told.includes(field.name) && !isVain(entity, field, record)),
    }))
    .filter((section) => section.fields.length > 0);
  return (
    <div className="flex flex-col gap-4">
      {sections.map((section) => (
        <section key={section.label} aria-label={section.label}>
          <h3 className="mb-1 text-xs font-semibold text-fg-2">{section.label}</h3>
          <dl className={cx("grid gap-y-0.5", compact ? "grid-cols-[116px_minmax(0,1fr)]" : "grid-cols-[120px_minmax(0,1fr)]")}>
            {section.fields.map((field) => (
              <Line key={field.name} entity={entity} record={record} field={field} />
            ))}
          </dl>
        </section>
      ))}
      <p className="text-xs text-fg-3" title={moment(record.updated_at ?? record.created_at)}>
        {record.updated_at
          ? t("record.stamps", { created: relative(record.created_at), updated: relative(record.updated_at) })
          : t("record.stamp", { created: relative(record.created_at) })}
      </p>
    </div>
  );
}

/** Nobody can fill it here, and there is nothing in it: scores that were never made and the like. */
const isVain = (entity: Entity, field: Field, record: Rec) =>
  isEmpty(valueIn(record, field)) && !isEditable(entity, field, record);

function Line({ entity, record, field }: { entity: Entity; record: Rec; field: Field }) {
  const id = useId();
  return (
    <div className="contents">
      <dt
        id={id}
        className="flex min-h-8 items-start pt-1.5 text-fg-2 pointer-coarse:pt-2.5"
        title={isChosen(field) ? undefined : (field.help ?? undefined)}
      >
        <span className="min-w-0 break-words">{field.label}</span>
      </dt>
      <dd className="min-w-0">
        <Value labelId={id} entity={entity} record={record} field={field} />
      </dd>
    </div>
  );
}

/** Ids that say which record something is about; the kind stands beside them. */
const SUBJECTS = new Set(["record_id", "entity_id"]);
/** The kind of record that a value leads to, where there is a page of it. */
function recordOf(meta: Meta, field: Field, value: unknown, record: Rec): Entity | undefined {
  if (isBlank(value)) return undefined;
  const target =
    field.kind === "reference"
      ? targetOf(field)
      : field.kind === "any_reference"
        ? (subjectOf(field, value, record)?.entity ?? undefined)
        : field.kind === "uuid" && SUBJECTS.has(field.name) && typeof record.entity_type === "string"
          ? findEntity(meta, record.entity_type)
          : undefined;
  if (!target || hasSettingsPage(target.name)) return undefined;
  // A record that may not be seen has no page to lead to.
  return field.kind === "reference" && nestedOf(record, field) === null ? undefined : target;
}

function Value({ labelId, entity, record, field }: { labelId: string; entity: Entity; record: Rec; field: Field }) {
  const { t } = useTranslation();
  const meta = useMeta();
  const [editing, setEditing] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const kind = kindOf(field);
  const value = valueIn(record, field);
  const editable = isEditable(entity, field, record) && !record.deleted_at;
  const { Editor } = kind;
  const View = kind.Whole ?? kind.View;
  const close = () => {
    setEditing(false);
    requestAnimationFrame(() => button.current?.focus());
  };
  if (kind.toggles && editable)
    return (
      <span className="flex h-8 items-center px-2 pointer-coarse:h-10">
        <Switch
          aria-labelledby={labelId}
          checked={value === true}
          onCheckedChange={(next) => void editRecord(entity, record, [{ field, value: next }])}
        />
      </span>
    );
  if (editing && Editor)
    return (
      <div className="relative h-8">
        <Editor
          field={field}
          value={value}
          record={record}
          onCancel={close}
          onCommit={(next, _, nested) => {
            close();
            if (JSON.stringify(next) !== JSON.stringify(value ?? null) && !(isBlank(next) && isBlank(value)))
              void editRecord(entity, record, [{ field, value: next, nested }]);
          }}
        />
      </div>
    );
  const long = field.kind === "long_text" || field.kind === "address";
  const shown = isEmpty(value) ? <span className="text-fg-3">—</span> : <View field={field} value={value} record={record} />;
  const box = cx(
    field.kind === "text" &&
      "[&_.truncate]:overflow-visible [&_.truncate]:py-1.5 [&_.truncate]:break-words [&_.truncate]:whitespace-normal",
    "flex min-h-8 w-full items-center overflow-hidden rounded-sm px-2 text-start",
    long && "[&_.truncate]:overflow-visible [&_.truncate]:whitespace-pre-wrap [&_.truncate]:py-1.5",
  );
  const target = recordOf(meta, field, value, record);
  const seen = target ? (
    <Link
      to="/$entity/$id"
      params={{ entity: target.plural, id: String(value) }}
      className="flex min-w-0 items-center underline-offset-3 hover:underline pointer-coarse:min-h-10"
    >
      {field.kind === "uuid" ? <NameOf entity={target} id={String(value)} otherwise={shown} /> : shown}
    </Link>
  ) : (
    shown
  );
  if (!editable) return <div className={box}>{seen}</div>;
  if ((kind.links || target) && !isBlank(value))
    return (
      <div className={cx(box, "group pe-1 hover:bg-hover")}>
        {seen}
        <button
          ref={button}
          type="button"
          aria-label={t("record.editField", { field: field.label })}
          onClick={() => setEditing(true)}
          className="ms-auto flex size-6 shrink-0 items-center justify-center rounded-xs text-fg-3 opacity-0 group-hover:opacity-100 hover:text-fg focus-visible:opacity-100 pointer-coarse:size-10 pointer-coarse:opacity-100"
        >
          <PencilLine size={13} />
        </button>
      </div>
    );
  return (
    <button
      ref={button}
      type="button"
      id={`${labelId}-value`}
      aria-labelledby={`${labelId} ${labelId}-value`}
      onClick={() => setEditing(true)}
      className={cx(box, "hover:bg-hover pointer-coarse:min-h-10")}
    >
      {shown}
    </button>
  );
}

/** The name of a record of which only the id is kept; the id itself where it may not be seen, or is gone. */
function NameOf({ entity, id, otherwise }: { entity: Entity; id: string; otherwise: React.ReactNode }) {
  const name = useNames([{ entity, id }]).get(id);
  return name ? <span className="truncate">{name}</span> : otherwise;
}
