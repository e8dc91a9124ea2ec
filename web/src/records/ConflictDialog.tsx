import clsx from "clsx";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Conflict, Entity } from "@/api/types";
import { kindOf } from "@/fields/registry";
import { isBlank, nestedOf, nestedTitle, targetOf, titleOf } from "@/fields/values";
import { Button, Modal } from "@/ui";
import { type ConflictCase, conflictStore } from "./dialogs";
import { useNames } from "./useNames";

/** Somebody else changed the same fields first: mine, theirs and what was before, and a choice for each. */
export function ConflictDialog() {
  const conflict = conflictStore.use();
  return conflict ? <Choice key={conflict.record.id + conflict.record.version} {...conflict} /> : null;
}

function Choice({ entity, record, conflicts, settle }: ConflictCase) {
  const { t } = useTranslation();
  const [mine, setMine] = useState<ReadonlySet<string>>(new Set(conflicts.map((conflict) => conflict.field)));
  const choose = (field: string, on: boolean) => {
    const next = new Set(mine);
    if (on) next.add(field);
    else next.delete(field);
    setMine(next);
  };
  return (
    <Modal
      title={t("conflict.title", { name: titleOf(entity, record) })}
      description={t("conflict.hint")}
      onClose={() => settle([])}
      footer={
        <>
          <Button onClick={() => settle([])}>{t("conflict.keepTheirs")}</Button>
          <Button variant="primary" data-autofocus onClick={() => settle([...mine])}>
            {t("conflict.apply")}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {conflicts.map((conflict) => (
          <Contest
            key={conflict.field}
            entity={entity}
            conflict={conflict}
            mine={mine.has(conflict.field)}
            onChoose={(on) => choose(conflict.field, on)}
          />
        ))}
      </div>
    </Modal>
  );
}

function Contest({
  entity,
  conflict,
  mine,
  onChoose,
}: {
  entity: Entity;
  conflict: Conflict;
  mine: boolean;
  onChoose: (mine: boolean) => void;
}) {
  const { t } = useTranslation();
  const field = entity.fields.find((entry) => entry.name === conflict.field);
  const label = field?.label ?? conflict.field;
  return (
    <fieldset>
      <legend className="mb-1.5 font-medium">{label}</legend>
      <p className="mb-2 flex items-center gap-2 text-xs text-fg-2">
        {t("conflict.was")} <Value entity={entity} name={conflict.field} value={conflict.was} />
      </p>
      <div className="grid grid-cols-1 gap-2 sm:grid-cols-2">
        {(["mine", "theirs"] as const).map((side) => {
          const on = (side === "mine") === mine;
          return (
            <label
              key={side}
              className={clsx(
                "flex cursor-default items-start gap-2 rounded-sm p-2.5",
                on
                  ? "bg-accent-soft shadow-[inset_0_0_0_2px_var(--ring)]"
                  : "shadow-[inset_0_0_0_1px_var(--line-strong)] hover:bg-hover",
              )}
            >
              <input
                type="radio"
                name={`conflict-${conflict.field}`}
                checked={on}
                onChange={() => onChoose(side === "mine")}
                className="mt-0.5 accent-(--accent)"
              />
              <span className="min-w-0">
                <span className="block text-xs text-fg-2">{t(`conflict.${side}`)}</span>
                <span className="mt-0.5 block break-words">
                  <Value entity={entity} name={conflict.field} value={conflict[side]} />
                </span>
              </span>
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}

/** A value of a field outside its record: references are called by their names. */
export function Value({
  entity,
  name,
  value,
  record,
}: {
  entity: Entity;
  name: string;
  value: unknown;
  record?: Record<string, unknown>;
}) {
  const { t } = useTranslation();
  const field = entity.fields.find((entry) => entry.name === name || entry.name === `custom.${name}`);
  const target = field && (field.kind === "reference" || field.kind === "user") ? targetOf(field) : undefined;
  const nested = field && record ? nestedOf(record, field) : undefined;
  const names = useNames(target && typeof value === "string" && !nested ? [{ entity: target, id: value }] : []);
  if (isBlank(value)) return <span className="text-fg-3">{t("common.empty")}</span>;
  if (!field) return <span>{typeof value === "object" ? JSON.stringify(value) : String(value)}</span>;
  if (target && typeof value === "string") {
    if (nested && nested.id === value) return <span>{nestedTitle(nested, field)}</span>;
    const known = names.get(value);
    return (
      <span className={known === null ? "text-fg-3" : undefined}>{known === null ? t("record.hidden") : (known ?? "…")}</span>
    );
  }
  const { View, text } = kindOf(field);
  if (field.kind === "choice" || field.kind === "multi_choice" || field.kind === "tags" || field.kind === "boolean")
    return <View field={field} value={value} record={record} />;
  return <span>{text(value, field, record)}</span>;
}
