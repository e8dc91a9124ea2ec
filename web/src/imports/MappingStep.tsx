import { ArrowRight, ChevronsUpDown, Plus, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Entity, Field, ImportPreview } from "@/api/types";
import { listOf } from "@/lib/format";
import { Button, cx, Notice, Picker, Tag } from "@/ui";
import { type Choices, importable, type Mapping, matchable, targetsOf } from "./model";
import { ValuesStep } from "./ValuesStep";

const SKIP = "";

/** What each column of the file means, and how the import behaves. */
export function MappingStep({
  entity,
  preview,
  mapping,
  choices,
  missing,
  doubled,
  values,
  onMapping,
  onChoices,
}: {
  entity: Entity;
  preview: ImportPreview;
  mapping: Mapping;
  choices: Choices;
  missing: string[];
  doubled: string[];
  /** The different values by column. */
  values: Map<string, string[]>;
  onMapping: (mapping: Mapping) => void;
  onChoices: (choices: Choices) => void;
}) {
  const { t } = useTranslation();
  const fields = importable(entity);
  const targets = targetsOf(entity, preview);
  const labelOf = (name: string) => {
    const target = targets.find((entry) => entry.name === name);
    if (!target) return fields.find((field) => field.name === name)?.label ?? name;
    return target.owner && target.owner !== target.label ? `${target.label} (${target.owner.toLowerCase()})` : target.label;
  };
  const items = [
    { value: SKIP, label: t("imports.skip"), node: <span className="text-fg-3">{t("imports.skip")}</span> },
    ...targets.map((target) => ({
      value: target.name,
      label: target.label,
      hint: preview.required.includes(target.name) ? t("imports.required") : target.owner,
    })),
  ];
  return (
    <>
      {missing.length > 0 && <Notice tone="warning">{t("imports.missing", { fields: listOf(missing.map(labelOf)) })}</Notice>}
      {doubled.length > 0 && <Notice tone="warning">{t("imports.doubled", { fields: listOf(doubled.map(labelOf)) })}</Notice>}
      <section aria-label={t("imports.step.columns")} className="scroll rounded-md bg-raised shadow-card">
        <table className="w-full border-collapse">
          <thead>
            <tr className="border-b text-xs text-fg-2">
              <th scope="col" className="px-4 py-2.5 text-start font-medium">
                {t("imports.column")}
              </th>
              <th scope="col" className="px-4 py-2.5 text-start font-medium max-sm:hidden">
                {t("imports.samples")}
              </th>
              <th aria-hidden className="w-6 max-sm:hidden" />
              <th scope="col" className="px-4 py-2.5 text-start font-medium">
                {t("imports.field")}
              </th>
            </tr>
          </thead>
          <tbody>
            {preview.columns.map((column) => {
              const chosen = mapping[column.header] ?? SKIP;
              return (
                <tr key={column.header} className="border-b last:border-b-0">
                  <th scope="row" className="max-w-48 truncate px-4 py-2 text-start font-medium">
                    {column.header}
                  </th>
                  <td className="max-w-64 truncate px-4 py-2 text-fg-2 max-sm:hidden">
                    {column.samples.filter(Boolean).join(", ") || "—"}
                  </td>
                  <td aria-hidden className="text-fg-3 max-sm:hidden">
                    <ArrowRight size={14} className="rtl:rotate-180" />
                  </td>
                  <td className="w-64 px-4 py-1.5">
                    <span className="flex items-center gap-2">
                      <Picker
                        label={t("imports.fieldFor", { column: column.header })}
                        triggerLabel={`${column.header}: ${chosen ? labelOf(chosen) : t("imports.skip")}`}
                        items={items}
                        value={[chosen]}
                        onChange={([next]) => onMapping({ ...mapping, [column.header]: next || null })}
                        trigger={
                          <button
                            type="button"
                            className={cx(
                              "field-box flex h-8 min-w-40 items-center gap-2 text-start pointer-coarse:h-10",
                              doubled.includes(chosen) && "shadow-[inset_0_0_0_2px_var(--danger)]",
                            )}
                          >
                            <span className={cx("min-w-0 flex-1 truncate", !chosen && "text-fg-3")}>
                              {chosen ? labelOf(chosen) : t("imports.skip")}
                            </span>
                            <ChevronsUpDown size={14} className="shrink-0 text-fg-3" aria-hidden />
                          </button>
                        }
                      />
                      {column.suggestion === chosen && chosen !== SKIP && column.confidence < 0.8 && (
                        <Tag label={t("imports.guess")} hue="amber" />
                      )}
                    </span>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
      <ValuesStep entity={entity} mapping={mapping} values={values} choices={choices} onChoices={onChoices} />
      <Options fields={fields} preview={preview} mapping={mapping} choices={choices} onChoices={onChoices} />
    </>
  );
}

function Options({
  fields,
  preview,
  mapping,
  choices,
  onChoices,
}: {
  fields: Field[];
  preview: ImportPreview;
  mapping: Mapping;
  choices: Choices;
  onChoices: (choices: Choices) => void;
}) {
  const { t } = useTranslation();
  const set = <Name extends keyof Choices>(name: Name, value: Choices[Name]) => onChoices({ ...choices, [name]: value });
  const unmapped = fields.filter((field) => !Object.values(mapping).includes(field.name) && !(field.name in choices.defaults));
  return (
    <section aria-label={t("imports.options")} className="rounded-md bg-raised p-4 shadow-card">
      <h2 className="mb-3 font-semibold">{t("imports.options")}</h2>
      <div className="grid gap-x-6 gap-y-4 sm:grid-cols-2">
        <Choice
          label={t("imports.duplicates.label")}
          value={choices.duplicates}
          options={(["skip", "update", "create"] as const).map((value) => [value, t(`imports.duplicates.${value}`)])}
          onChange={(value) => set("duplicates", value)}
        />
        <Choice
          label={t("imports.matchOn")}
          value={choices.match_on ?? ""}
          options={[
            ["", t("imports.matchNothing")],
            ...matchable(preview, mapping).map((name): [string, string] => [
              name,
              fields.find((field) => field.name === name)?.label ?? name,
            ]),
          ]}
          onChange={(value) => set("match_on", value || null)}
        />
        <Choice
          label={t("imports.references.label")}
          value={choices.missing_references}
          options={(["error", "create", "empty"] as const).map((value) => [value, t(`imports.references.${value}`)])}
          onChange={(value) => set("missing_references", value)}
        />
        <Choice
          label={t("imports.dates.label")}
          value={choices.date_order}
          options={(["auto", "day_first", "month_first"] as const).map((value) => [value, t(`imports.dates.${value}`)])}
          onChange={(value) => set("date_order", value)}
        />
        <Choice
          label={t("imports.mode.label")}
          value={choices.mode}
          options={(["best_effort", "all_or_nothing"] as const).map((value) => [value, t(`imports.mode.${value}`)])}
          onChange={(value) => set("mode", value)}
        />
        <fieldset>
          <legend className="mb-1 font-medium">{t("imports.defaults")}</legend>
          <div className="flex flex-col gap-2">
            {Object.entries(choices.defaults).map(([name, value]) => {
              const label = fields.find((field) => field.name === name)?.label ?? name;
              return (
                <div key={name} className="flex items-center gap-2">
                  <span className="w-28 shrink-0 truncate text-fg-2">{label}</span>
                  <input
                    aria-label={t("imports.defaultFor", { field: label })}
                    value={value}
                    onChange={(event) => set("defaults", { ...choices.defaults, [name]: event.target.value })}
                    className="field-box h-8"
                  />
                  <Button
                    variant="ghost"
                    size="icon"
                    aria-label={t("imports.removeDefault", { field: label })}
                    onClick={() =>
                      set("defaults", Object.fromEntries(Object.entries(choices.defaults).filter(([key]) => key !== name)))
                    }
                  >
                    <X size={14} />
                  </Button>
                </div>
              );
            })}
            <Picker
              label={t("imports.addDefault")}
              triggerLabel={t("imports.addDefault")}
              items={unmapped.map((field) => ({ value: field.name, label: field.label }))}
              value={[]}
              onChange={([name]) => {
                if (name) set("defaults", { ...choices.defaults, [name]: "" });
              }}
              trigger={
                <Button size="sm" className="self-start">
                  <Plus size={14} /> {t("imports.addDefault")}
                </Button>
              }
            />
          </div>
        </fieldset>
      </div>
    </section>
  );
}

function Choice<Value extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: Value;
  options: (readonly [Value, string])[];
  onChange: (value: Value) => void;
}) {
  return (
    <label className="block min-w-0">
      <span className="mb-1 block font-medium">{label}</span>
      <select
        value={value}
        onChange={(event) => onChange(event.target.value as Value)}
        className="field-box h-9 pointer-coarse:h-10"
      >
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
