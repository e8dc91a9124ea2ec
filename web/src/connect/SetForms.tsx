import { Plus, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useMeta } from "@/api/queries";
import type { Entity, Nested, Values } from "@/api/types";
import { PickTrigger } from "@/fields/parts/PickEditor";
import { kindOf } from "@/fields/registry";
import { pairOf } from "@/fields/values";
import { Told } from "@/filters/ClauseView";
import { fieldIn, labelOf } from "@/filters/clause";
import { Button, cx, FormRow, Picker } from "@/ui";
import type { ActionFormProps } from "./ActionsInput";
import { neededIn, openValue, settableFields, settingsOf } from "./rule";

/** Sets fields of the record that set the automation off. */
export function UpdateForm({ action, trigger, onChange }: ActionFormProps) {
  const { t } = useTranslation();
  return (
    <>
      <Settings entity={trigger} deed="update" set={settingsOf(action)} onChange={(set) => onChange({ ...action, set })} />
      <p className="text-xs text-fg-2">{t("connect.emptied")}</p>
    </>
  );
}

/** Makes another record. */
export function CreateForm({ action, onChange }: ActionFormProps) {
  const { t } = useTranslation();
  const meta = useMeta();
  const offered = meta.entities.filter((entity) => !entity.read_only && entity.permissions.includes("create"));
  const entity = meta.entities.find((one) => one.name === action.entity);
  return (
    <>
      <FormRow label={t("connect.what")} required>
        {(aria) => (
          <Picker
            label={t("connect.what")}
            items={offered
              .map((one) => ({ value: one.name, label: one.label }))
              .sort((one, other) => one.label.localeCompare(other.label))}
            value={entity ? [entity.name] : []}
            onChange={([name]) => {
              const chosen = meta.entities.find((one) => one.name === name);
              if (chosen && chosen !== entity) onChange({ ...action, entity: chosen.name, set: neededIn(chosen) });
            }}
            trigger={
              <PickTrigger aria={aria} inputRef={() => {}} onBlur={() => {}}>
                {entity?.label ?? (action.entity ? String(action.entity) : null)}
              </PickTrigger>
            }
          />
        )}
      </FormRow>
      {entity && (
        <Settings
          key={entity.name}
          entity={entity}
          deed="create"
          set={settingsOf(action)}
          onChange={(set) => onChange({ ...action, set })}
        />
      )}
    </>
  );
}

/** Fields and the values that they get, each by the input of its kind. */
function Settings({
  entity,
  deed,
  set,
  onChange,
}: {
  entity: Entity;
  deed: "update" | "create";
  set: Values;
  onChange: (set: Values) => void;
}) {
  const { t } = useTranslation();
  // Names of records that were chosen here, so that they need not be asked for.
  const [nested, setNested] = useState<Values>({});
  const fields = settableFields(entity, deed);
  // What kind of record a reference points at is told together with the record.
  const paired = new Set(Object.keys(set).flatMap((name) => fieldIn(entity, name)?.entity_field ?? []));
  const without = (name: string) => {
    const gone = new Set([name, fieldIn(entity, name)?.entity_field]);
    onChange(Object.fromEntries(Object.entries(set).filter(([key]) => !gone.has(key))));
  };
  const rows = Object.keys(set).filter((name) => !paired.has(name));
  return (
    <>
      {rows.length > 0 && (
        <div className="grid grid-cols-1 gap-x-4 gap-y-3 sm:grid-cols-2">
          {rows.map((name) => {
            const field = fields.find((one) => one.name === name);
            const kind = field && kindOf(field);
            const label = labelOf(entity, name);
            // What a new record cannot do without is not taken away.
            const needed = deed === "create" && field?.required === true && field.default === null;
            const remove = !needed && (
              <button
                type="button"
                aria-label={t("connect.removeField", { field: label })}
                onClick={() => without(name)}
                className="flex size-5 shrink-0 items-center justify-center self-center rounded-xs text-fg-3 hover:bg-hover hover:text-fg pointer-coarse:size-10"
              >
                <X size={13} />
              </button>
            );
            return (
              <FormRow
                key={name}
                label={label}
                required={field?.required ?? false}
                aside={remove}
                className={cx(kind?.wide && "sm:col-span-2")}
              >
                {(aria) =>
                  field && kind?.Input ? (
                    <kind.Input
                      field={field}
                      value={set[name]}
                      values={{ ...nested, ...set }}
                      aria={aria}
                      inputRef={() => {}}
                      onBlur={() => {}}
                      onChange={(value, target?: Nested | null) => {
                        if (field.include && target !== undefined)
                          setNested((now) => ({ ...now, [field.include as string]: target }));
                        onChange({ ...set, ...pairOf(field, value, target, set) });
                      }}
                    />
                  ) : (
                    <div id={aria.id} className="flex min-h-9 items-center text-fg-2">
                      <Told field={fieldIn(entity, name)} value={set[name]} />
                    </div>
                  )
                }
              </FormRow>
            );
          })}
        </div>
      )}
      <Picker
        label={t("connect.chooseField")}
        triggerLabel={t("connect.addField")}
        items={fields.filter((field) => !(field.name in set)).map((field) => ({ value: field.name, label: field.label }))}
        value={[]}
        onChange={([name]) => {
          const field = fields.find((one) => one.name === name);
          if (field) onChange({ ...set, [field.name]: openValue(field) });
        }}
        trigger={
          <Button variant="ghost" size="sm" className="-ms-2 self-start">
            <Plus size={14} aria-hidden /> {t("connect.addField")}
          </Button>
        }
      />
    </>
  );
}
