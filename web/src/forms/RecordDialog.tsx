import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Entity, Field, Nested, Rec, Values } from "@/api/types";
import { kindOf } from "@/fields/registry";
import { checkValue } from "@/fields/validate";
import { isBlank, valueIn } from "@/fields/values";
import { createRecord, saveRecord } from "@/records/edit";
import { Button, cx, FormRow, Modal, Notice, notify } from "@/ui";
import { useSubmission } from "./useSubmission";

/** Chosen fields of one record, new or held, in a small dialog. Their inputs and rules come from metadata. */
export function RecordDialog({
  entity,
  names,
  record,
  preset = {},
  title,
  action,
  description,
  onClose,
  onDone,
}: {
  entity: Entity;
  /** The fields asked for, in their order. One that the metadata does not know is left out. */
  names: string[];
  /** The record to change; without one a new record is made. */
  record?: Rec | undefined;
  /** Values that a new record gets without being asked for. */
  preset?: Values;
  title: string;
  action: string;
  description?: string;
  onClose: () => void;
  onDone?: ((record: Rec) => void) | undefined;
}) {
  const { t } = useTranslation();
  const id = useId();
  const fields = names.flatMap((name) => entity.fields.find((field) => field.name === name) ?? []);
  const [values, setValues] = useState<Values>(() =>
    Object.fromEntries(
      fields.map((field) => [
        field.name,
        record
          ? (valueIn(record, field) ?? null)
          : (preset[field.name] ?? field.default ?? (field.kind === "boolean" ? false : null)),
      ]),
    ),
  );
  const [nested, setNested] = useState<Values>(() => ({ ...record, ...preset }));
  const { form, busy, failure, errors, submit, clear, refuse } = useSubmission(names);

  const save = async () => {
    const wrong: Record<string, string> = {};
    for (const field of fields) {
      const found = checkValue(field, values[field.name]);
      if (found) wrong[field.name] = t(`problems.${found.problem}`, { label: field.label, limit: found.limit });
    }
    if (Object.keys(wrong).length > 0) return refuse(wrong);
    const done = await submit(async () => {
      if (record) await change(record);
      else {
        const given = Object.fromEntries(Object.entries({ ...preset, ...values }).filter(([, value]) => !isBlank(value)));
        const made = await createRecord(entity, given);
        notify(t("record.created", { label: entity.label }));
        onDone?.(made);
      }
    });
    if (done) onClose();
  };
  const change = async (held: Rec) => {
    const changed = fields.filter((field) => JSON.stringify(values[field.name]) !== JSON.stringify(valueIn(held, field) ?? null));
    if (changed.length === 0) return;
    const stands = await saveRecord(
      entity,
      held,
      changed.map((field) => ({
        field,
        value: values[field.name],
        ...(field.include ? { nested: (nested[field.include] as Nested | null | undefined) ?? null } : {}),
      })),
    );
    if (stands) onDone?.({ ...held, ...values });
  };
  return (
    <Modal
      title={title}
      description={description}
      width="sm"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" type="submit" form={id} disabled={busy}>
            {action}
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
          event.stopPropagation();
          void save();
        }}
      >
        {failure && <Notice>{failure}</Notice>}
        {fields.map((field) => (
          <RecordField
            key={field.name}
            field={field}
            value={values[field.name]}
            values={{ ...nested, ...values }}
            error={errors[field.name]}
            locked={record !== undefined && field.create_only === true}
            onChange={(value, target) => {
              setValues((held) => ({ ...held, [field.name]: value }));
              if (field.include && target !== undefined) setNested((held) => ({ ...held, [field.include as string]: target }));
              clear(field.name);
            }}
          />
        ))}
      </form>
    </Modal>
  );
}

/** One field of a record in a form made by hand. */
export function RecordField({
  field,
  value,
  values,
  error,
  locked = false,
  className,
  onChange,
}: {
  field: Field;
  value: unknown;
  values: Values;
  error: string | undefined;
  /** It was written when the record was made, and is only shown now. */
  locked?: boolean;
  className?: string;
  onChange: (value: unknown, target?: Nested | null) => void;
}) {
  const { Input, View } = kindOf(field);
  if (!Input) return null;
  return (
    <FormRow
      label={field.label}
      required={field.required && !locked}
      help={field.help}
      error={error}
      className={cx("min-w-0", className)}
    >
      {(aria) =>
        locked ? (
          <div id={aria.id} className="flex min-h-9 items-center">
            <View field={field} value={value} record={values} />
          </div>
        ) : (
          <Input
            field={field}
            value={value}
            values={values}
            aria={aria}
            inputRef={() => {}}
            onBlur={() => {}}
            onChange={onChange}
          />
        )
      }
    </FormRow>
  );
}
