import { ArrowLeft } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { findEntity, useMeta } from "@/api/queries";
import type { Entity, Kind, Rec } from "@/api/types";
import { checkValue } from "@/fields/validate";
import { RecordField } from "@/forms/RecordDialog";
import { useSubmission } from "@/forms/useSubmission";
import { listOf } from "@/lib/format";
import { within } from "@/lib/words";
import { createRecord, saveRecord } from "@/records/edit";
import { Button, FormRow, Modal, Notice, notify, Switch, TextInput } from "@/ui";
import { PickRow } from "../PickRow";
import { refreshMeta } from "./actions";
import { ChoicesEditor } from "./ChoicesEditor";
import { KindIcon } from "./KindIcon";
import {
  asks,
  changesOf,
  creationOf,
  DRAFTED,
  draftOf,
  emptyDraft,
  type FieldDraft,
  keyOf,
  kindGroups,
  lostChoices,
  newChoice,
  previewOf,
} from "./model";

/** A custom field: its kind first, where it is new, and then everything about it. */
export function FieldDialog({
  entity,
  target,
  record,
  position,
  onClose,
}: {
  entity: Entity;
  target: Entity;
  record: Rec | null;
  /** Where a new field stands. */
  position: number;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<FieldDraft | null>(() => (record ? draftOf(record) : null));
  const choose = (kind: Kind) => {
    const fresh = {
      ...emptyDraft(target.name, kind),
      ...(draft ? { label: draft.label, key: draft.key, help: draft.help } : {}),
    };
    setDraft(asks.choices(kind) ? { ...fresh, choices: [newChoice([])] } : fresh);
  };
  if (!draft)
    return (
      <Modal title={t("customFields.newFor", { label: within(target.label_plural) })} width="lg" onClose={onClose}>
        <KindChooser entity={entity} onChoose={choose} />
      </Modal>
    );
  return (
    <Details
      entity={entity}
      target={target}
      record={record}
      position={position}
      draft={draft}
      onDraft={setDraft}
      onBack={record ? undefined : () => setDraft(null)}
      onClose={onClose}
    />
  );
}

function KindChooser({ entity, onChoose }: { entity: Entity; onChoose: (kind: Kind) => void }) {
  const { t } = useTranslation();
  const labels = entity.fields.find((field) => field.name === "kind")?.choices ?? [];
  return (
    <div className="flex flex-col gap-4">
      {kindGroups(entity).map(({ name, kinds }) => (
        <section key={name} aria-label={t(`customFields.kindGroups.${name}`)}>
          <h3 className="mb-1.5 text-xs font-medium text-fg-2">{t(`customFields.kindGroups.${name}`)}</h3>
          <div className="grid grid-cols-1 gap-2 sm:grid-cols-2 lg:grid-cols-3">
            {kinds.map((kind) => (
              <button
                key={kind}
                type="button"
                data-autofocus
                onClick={() => onChoose(kind)}
                className="flex items-start gap-2.5 rounded-sm p-2.5 text-start shadow-[inset_0_0_0_1px_var(--line-strong)] hover:bg-hover pointer-coarse:min-h-11"
              >
                <span className="mt-0.5 shrink-0 text-fg-3">
                  <KindIcon kind={kind} />
                </span>
                <span className="min-w-0">
                  <span className="block font-medium">{labels.find((choice) => choice.value === kind)?.label ?? kind}</span>
                  <span className="block text-xs text-fg-2">
                    {t(`customFields.kinds.${kind as "text"}`, { defaultValue: "" })}
                  </span>
                </span>
              </button>
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}

function Details({
  entity,
  target,
  record,
  position,
  draft,
  onDraft,
  onBack,
  onClose,
}: {
  entity: Entity;
  target: Entity;
  record: Rec | null;
  position: number;
  draft: FieldDraft;
  onDraft: (draft: FieldDraft) => void;
  onBack?: (() => void) | undefined;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const meta = useMeta();
  const id = useId();
  const { form, busy, failure, errors, submit, clear, refuse } = useSubmission(DRAFTED);
  const { kind } = draft;
  const kindLabel =
    entity.fields.find((field) => field.name === "kind")?.choices?.find((choice) => choice.value === kind)?.label ?? kind;
  const preview = previewOf(draft, t("customFields.default"));
  const lost = record ? lostChoices(draft, record) : [];
  const set = (change: Partial<FieldDraft>, ...touched: (typeof DRAFTED)[number][]) => {
    onDraft({ ...draft, ...change });
    for (const name of touched) clear(name);
  };
  const check = () => {
    const wrong: Partial<Record<(typeof DRAFTED)[number], string>> = {};
    if (!draft.label.trim()) wrong.label = t("problems.required", { label: t("customFields.label") });
    else if (!record && !(draft.key || keyOf(draft.label))) wrong.key = t("customFields.keyNeeded");
    if (asks.choices(kind) && !draft.choices.some((one) => one.label.trim())) wrong.choices = t("customFields.choiceNeeded");
    if (asks.reference(kind) && !draft.reference)
      wrong.reference = t("problems.required", { label: t("customFields.reference") });
    const bad = checkValue(preview, draft.default);
    if (bad) wrong.default_value = t(`problems.${bad.problem}`, { label: preview.label, limit: bad.limit });
    return wrong;
  };
  const save = async () => {
    const wrong = check();
    if (Object.keys(wrong).length > 0) return refuse(wrong);
    const done = await submit(async () => {
      if (!record) {
        await createRecord(entity, creationOf(draft, position));
        notify(t("customFields.created", { label: draft.label.trim() }));
      } else {
        const changes = Object.entries(changesOf(draft, record) ?? {}).flatMap(([name, value]) => {
          const field = entity.fields.find((one) => one.name === name);
          return field ? [{ field, value }] : [];
        });
        if (changes.length > 0) await saveRecord(entity, record, changes);
      }
    });
    if (!done) return;
    refreshMeta();
    onClose();
  };
  const flag = (name: "is_required" | "is_unique" | "is_filterable", label: string, hint: string) => (
    <Flag label={label} hint={hint} error={errors[name]} checked={draft[name]} onChange={(on) => set({ [name]: on }, name)} />
  );
  return (
    <Modal
      title={
        record
          ? t("customFields.editTitle", { label: String(record.label) })
          : t("customFields.newFor", { label: within(target.label_plural) })
      }
      onClose={onClose}
      footer={
        <>
          {onBack && (
            <Button variant="ghost" className="me-auto" onClick={onBack}>
              <ArrowLeft size={14} className="rtl:rotate-180" aria-hidden />
              {t("customFields.otherKind")}
            </Button>
          )}
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" type="submit" form={id} disabled={busy}>
            {record ? t("common.save") : t("customFields.create")}
          </Button>
        </>
      }
    >
      <form
        ref={form}
        id={id}
        noValidate
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {failure && <Notice>{failure}</Notice>}
        <p className="flex items-center gap-2 rounded-sm bg-sunken px-3 py-2 text-fg-2">
          <KindIcon kind={kind} />
          <span className="font-medium text-fg">{kindLabel}</span>
          <span className="truncate">{t(`customFields.kinds.${kind as "text"}`, { defaultValue: "" })}</span>
        </p>
        <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          <FormRow label={t("customFields.label")} required error={errors.label}>
            {(aria) => (
              <TextInput
                {...aria}
                value={draft.label}
                maxLength={100}
                onChange={(event) => set({ label: event.target.value }, "label", "key")}
              />
            )}
          </FormRow>
          <FormRow label={t("customFields.key")} help={t("customFields.keyHelp")} error={errors.key}>
            {(aria) => (
              <TextInput
                {...aria}
                value={draft.key}
                placeholder={keyOf(draft.label)}
                maxLength={50}
                spellCheck={false}
                disabled={record !== null}
                onChange={(event) => set({ key: event.target.value }, "key")}
                className="font-mono text-xs"
              />
            )}
          </FormRow>
          {asks.reference(kind) && (
            <PickRow
              label={t("customFields.reference")}
              required
              className="sm:col-span-2"
              disabled={record !== null}
              error={errors.reference}
              items={(entity.fields.find((field) => field.name === "reference")?.choices ?? []).map((choice) => ({
                value: choice.value,
                label: findEntity(meta, choice.value)?.label_plural ?? choice.label,
              }))}
              value={draft.reference}
              onChange={(reference) => set({ reference }, "reference")}
            />
          )}
          {asks.choices(kind) && (
            <FormRow label={t("customFields.choices")} required error={errors.choices} className="sm:col-span-2">
              {(aria) => (
                <ChoicesEditor aria={aria} choices={draft.choices} onChange={(choices) => set({ choices }, "choices")} />
              )}
            </FormRow>
          )}
          {lost.length > 0 && (
            <div className="sm:col-span-2">
              <Notice tone="warning">
                {t("customFields.lostChoices", { choices: listOf(lost.map((one) => one.label)), count: lost.length })}
              </Notice>
            </div>
          )}
          {asks.limits(kind) &&
            (["minimum", "maximum"] as const).map((name) => (
              <FormRow key={name} label={t(`customFields.${name}`)} error={errors[name]}>
                {(aria) => (
                  <TextInput
                    {...aria}
                    inputMode="numeric"
                    value={draft[name]}
                    onChange={(event) => set({ [name]: event.target.value }, name)}
                    className="tabular"
                  />
                )}
              </FormRow>
            ))}
          {asks.length(kind) && (
            <FormRow label={t("customFields.maximum_length")} error={errors.maximum_length}>
              {(aria) => (
                <TextInput
                  {...aria}
                  inputMode="numeric"
                  value={draft.maximum_length}
                  onChange={(event) => set({ maximum_length: event.target.value }, "maximum_length")}
                  className="tabular"
                />
              )}
            </FormRow>
          )}
          {asks.default(kind) && kind !== "boolean" && (
            <RecordField
              field={preview}
              value={draft.default}
              values={{}}
              error={errors.default_value}
              onChange={(value) => set({ default: value }, "default_value")}
            />
          )}
          <FormRow label={t("customFields.help")} help={t("customFields.helpHelp")} error={errors.help} className="sm:col-span-2">
            {(aria) => (
              <TextInput
                {...aria}
                value={draft.help}
                maxLength={500}
                onChange={(event) => set({ help: event.target.value }, "help")}
              />
            )}
          </FormRow>
        </div>
        <div className="flex flex-col rounded-sm shadow-[inset_0_0_0_1px_var(--line)]">
          {kind === "boolean" && (
            <Flag
              label={t("customFields.onByDefault")}
              hint={t("customFields.onByDefaultHint")}
              error={errors.default_value}
              checked={draft.default === true}
              onChange={(on) => set({ default: on ? true : null }, "default_value")}
            />
          )}
          {kind !== "boolean" && flag("is_required", t("customFields.required"), t("customFields.requiredHint"))}
          {asks.unique(kind) && flag("is_unique", t("customFields.unique"), t("customFields.uniqueHint"))}
          {asks.filterable(kind) && flag("is_filterable", t("customFields.filterable"), t("customFields.filterableHint"))}
        </div>
      </form>
    </Modal>
  );
}

function Flag({
  label,
  hint,
  error,
  checked,
  onChange,
}: {
  label: ReactNode;
  hint: string;
  error: string | undefined;
  checked: boolean;
  onChange: (on: boolean) => void;
}) {
  const id = useId();
  return (
    <div className="flex items-center gap-3 border-b px-3 py-2.5 last:border-b-0">
      <div className="min-w-0 flex-1">
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        <p id={`${id}-hint`} className="text-xs text-fg-2">
          {hint}
        </p>
        {error && (
          <p role="alert" className="text-xs font-medium text-danger-text">
            {error}
          </p>
        )}
      </div>
      <Switch id={id} aria-describedby={`${id}-hint`} checked={checked} onCheckedChange={onChange} />
    </div>
  );
}
