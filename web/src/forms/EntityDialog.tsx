import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Controller, useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/client";
import { meQuery } from "@/api/queries";
import type { Entity, Field, Nested, Rec, Values } from "@/api/types";
import { isEditable, kindOf } from "@/fields/registry";
import { checkValue } from "@/fields/validate";
import { isBlank, pairOf, titleOf, valueIn } from "@/fields/values";
import { within } from "@/lib/words";
import { type Change, createRecord, saveRecord } from "@/records/edit";
import { explain, labelOf, sentence } from "@/records/errors";
import { Button, cx, FormRow, Modal, Notice, notify } from "@/ui";
import { formSections } from "./sections";
import { useLeaving } from "./useLeaving";

/** Nested records of chosen references travel beside the values so that their names can be shown. */
export type Draft = { values: Values; nested: Values };
/** react-hook-form reads dots as paths: custom fields get a name without one. */
const formName = (field: Field) => field.name.replaceAll(".", "__");

/** A record as a form made from metadata: a new one, or one that is there. Errors of the server land on their fields. */
export default function EntityDialog({
  entity,
  record: given,
  preset,
  onClose,
  onSaved,
}: {
  entity: Entity;
  /** The record to change; absent for a new one. */
  record?: Rec | undefined;
  preset?: Draft | undefined;
  onClose: () => void;
  onSaved?: ((record: Rec) => void) | undefined;
}) {
  const { t } = useTranslation();
  // What was there when the form was opened is what its changes are held against, however often it is read meanwhile.
  const [record] = useState(given);
  const sections = formSections(entity)
    .map((section) => ({ ...section, fields: section.fields.filter((field) => !record || isEditable(entity, field)) }))
    .filter((section) => section.fields.length > 0);
  const fields = sections.flatMap((section) => section.fields);
  const me = useQueryClient().getQueryData(meQuery.queryKey)?.user;
  // A user field that starts with the person in front of the screen is called by their name.
  const [nested, setNested] = useState<Values>(() => ({
    ...Object.fromEntries(
      fields.flatMap((field) =>
        field.include && me && field.kind === "user" && field.default === me.id ? [[field.include, me]] : [],
      ),
    ),
    ...(record
      ? Object.fromEntries(fields.flatMap((field) => (field.include ? [[field.include, record[field.include]]] : [])))
      : preset?.nested),
  }));
  const [failure, setFailure] = useState<string | null>(null);
  const another = useRef(false);
  /** How many records have been made: the inputs of each begin anew. */
  const [round, setRound] = useState(0);
  const form = useForm<Values>({
    mode: "onTouched",
    shouldFocusError: true,
    defaultValues: Object.fromEntries(
      fields.map((field) => [
        formName(field),
        record
          ? (valueIn(record, field) ?? null)
          : (preset?.values[field.name] ?? field.default ?? (field.kind === "boolean" ? false : null)),
      ]),
    ),
  });
  const { leave, release, question } = useLeaving(form.formState.isDirty);
  const watched = form.watch();
  const values: Values = { ...Object.fromEntries(fields.map((field) => [field.name, watched[formName(field)]])), ...nested };

  /** Puts the server's refusals where they belong: on their fields, or over the form. */
  const showRefusal = (error: unknown) => {
    const errors = error instanceof ApiError ? (error.problem?.errors ?? []) : [];
    // What is wrong within a structure ("actions.0.title") is said of the structure.
    const fieldOf = (name: string) =>
      fields.find((field) => field.name === name) ?? fields.find((field) => name.startsWith(`${field.name}.`));
    const placed = errors.filter((entry) => fieldOf(entry.field));
    for (const [index, entry] of placed.entries()) {
      const field = fieldOf(entry.field);
      if (field) form.setError(formName(field), { message: sentence(entry.message, field.label) }, { shouldFocus: index === 0 });
    }
    const rest = errors
      .filter((entry) => !placed.includes(entry))
      .map((entry) => sentence(entry.message, labelOf(entity, entry.field)));
    if (placed.length === 0 || rest.length > 0) setFailure(rest.join(" ") || explain(error));
  };
  const nestedFor = (field: Field) => nested[field.include ?? ""] as Nested | null | undefined;
  const create = async (held: Values) => {
    const body: Values = { ...preset?.values };
    for (const field of fields) {
      const value = held[formName(field)];
      if (!isBlank(value)) Object.assign(body, pairOf(field, value, nestedFor(field), preset?.values));
      else {
        delete body[field.name];
        delete body[field.entity_field ?? ""];
      }
    }
    const made = await createRecord(entity, body);
    notify(t("record.created", { label: entity.label }));
    if (another.current) {
      form.reset();
      setRound((now) => now + 1);
    } else release();
    onSaved?.(made);
    if (!another.current) onClose();
  };
  const change = async (was: Rec, held: Values) => {
    const changes = fields.flatMap((field): Change[] => {
      const value = held[formName(field)] ?? null;
      const old = valueIn(was, field) ?? null;
      if (JSON.stringify(value) === JSON.stringify(old) || (isBlank(value) && isBlank(old))) return [];
      return [{ field, value, ...(field.include ? { nested: nestedFor(field) ?? null } : {}) }];
    });
    // A conflict is settled in its own dialog, over the page.
    if (changes.length > 0) await saveRecord(entity, was, changes);
    release();
    onClose();
  };
  const submit = form.handleSubmit(async (held) => {
    setFailure(null);
    try {
      await (record ? change(record, held) : create(held));
    } catch (error) {
      showRefusal(error);
    } finally {
      another.current = false;
    }
  });
  const busy = form.formState.isSubmitting;
  const label = within(entity.label);
  return (
    <Modal
      title={record ? t("form.editTitle", { name: titleOf(entity, record) }) : t("form.title", { label })}
      onClose={() => leave(onClose)}
      footer={
        <>
          {!record && (
            <Button
              className="me-auto max-sm:hidden"
              variant="ghost"
              disabled={busy}
              onClick={() => {
                another.current = true;
                void submit();
              }}
            >
              {t("form.another")}
            </Button>
          )}
          <Button onClick={() => leave(onClose)}>{t("common.cancel")}</Button>
          <Button variant="primary" type="submit" form="record-form" disabled={busy} keys="mod+enter">
            {record ? t("common.save") : t("form.create", { label })}
          </Button>
        </>
      }
    >
      <form
        id="record-form"
        noValidate
        onSubmit={(event) => void submit(event)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            void submit();
          }
        }}
        className="flex flex-col gap-5"
      >
        {failure && <Notice>{failure}</Notice>}
        {sections.map((section) => (
          <fieldset key={`${round} ${section.label}`} className="grid grid-cols-1 gap-x-4 gap-y-3.5 sm:grid-cols-2">
            <legend className="mb-2 text-xs font-semibold text-fg-2">{section.label}</legend>
            {section.fields.map((field) => {
              const { Input, wide } = kindOf(field);
              if (!Input) return null;
              return (
                <Controller
                  key={field.name}
                  name={formName(field)}
                  control={form.control}
                  rules={{
                    validate: (value) => {
                      const wrong = checkValue(field, value);
                      return wrong ? t(`problems.${wrong.problem}`, { label: field.label, limit: wrong.limit }) : true;
                    },
                  }}
                  render={({ field: held, fieldState }) => (
                    <FormRow
                      label={field.label}
                      required={field.required}
                      help={field.help}
                      error={fieldState.error?.message}
                      className={cx((wide || field.name === entity.title_field) && "sm:col-span-2")}
                    >
                      {(aria) => (
                        <Input
                          field={field}
                          value={held.value}
                          values={values}
                          aria={aria}
                          inputRef={held.ref}
                          // Of a field that was only passed nothing is said before the form is sent: the line would move
                          // what is being clicked from under the pointer.
                          onBlur={() => (fieldState.isDirty ? held.onBlur() : undefined)}
                          onChange={(value: unknown, target?: Nested | null) => {
                            if (field.include && target !== undefined)
                              setNested((now) => ({ ...now, [field.include as string]: target }));
                            // A value with a member "target" would be taken for an event.
                            held.onChange({ target: { value, name: held.name } });
                          }}
                        />
                      )}
                    </FormRow>
                  )}
                />
              );
            })}
          </fieldset>
        ))}
      </form>
      {question}
    </Modal>
  );
}
