import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { fetchList } from "@/api/queries";
import type { Entity, Field } from "@/api/types";
import { kindOf } from "@/fields/registry";
import { Unparsed } from "@/fields/types";
import { within } from "@/lib/words";
import { FormRow, TextInput } from "@/ui";
import type { ConversionBody } from "./conversion";
import { Option } from "./PartyPart";

type Value = ConversionBody["deal"];

/** The deal that a lead becomes: in which pipeline it begins, and what it is worth. */
export function DealPart({
  entity,
  value,
  errors,
  onChange,
}: {
  entity: Entity;
  value: Value;
  errors: Record<string, string>;
  onChange: (value: Value) => void;
}) {
  const { t } = useTranslation();
  const id = useId();
  const { data } = useQuery({
    queryKey: ["derived", "pipelines", entity.name],
    queryFn: async ({ signal }) => {
      const [pipelines, stages] = await Promise.all([
        fetchList("pipelines", {}, { limit: 100 }, signal),
        fetchList("stages", { sort: "position" }, { limit: 200 }, signal),
      ]);
      return {
        pipelines: pipelines.data.filter((pipeline) => pipeline.entity === undefined || pipeline.entity === entity.name),
        stages: stages.data.filter((stage) => stage.kind === "open" && stage.is_active !== false),
      };
    },
    staleTime: 60_000,
  });
  const label = within(entity.label);
  const set = (part: Partial<Value>) => onChange({ ...value, ...part });
  const stages = (data?.stages ?? []).filter((stage) => stage.pipeline_id === value.pipeline_id);
  const on = value.action === "create";
  const box = (name: "amount" | "currency" | "expected_close_date") => {
    const field: Field | undefined = entity.fields.find((entry) => entry.name === name);
    const Input = field && kindOf(field).Input;
    if (!field || !Input) return null;
    const held = value[name] ?? null;
    return (
      <FormRow label={field.label} error={errors[`deal.${name}`]}>
        {(aria) => (
          <Input
            field={field}
            value={held}
            values={{ currency: value.currency }}
            aria={aria}
            inputRef={() => {}}
            onBlur={() => {}}
            onChange={(next) => set({ [name]: next instanceof Unparsed ? next.text : next })}
          />
        )}
      </FormRow>
    );
  };
  return (
    <fieldset className="rounded-md p-3 shadow-[inset_0_0_0_1px_var(--line)]">
      <legend className="float-start mb-2 w-full font-semibold">{entity.label}</legend>
      <div className="clear-both flex flex-col gap-0.5">
        <Option name={`${id}-deal`} checked={on} onChoose={() => set({ action: "create" })}>
          {t("leads.create", { label })}
        </Option>
        {on && (
          <div className="grid grid-cols-1 gap-x-4 gap-y-3 px-2 pt-1 pb-2 sm:grid-cols-2">
            <FormRow label={t("leads.dealName")} required className="sm:col-span-2" error={errors["deal.name"]}>
              {(aria) => (
                <TextInput
                  {...aria}
                  value={value.name ?? ""}
                  maxLength={255}
                  onChange={(event) => set({ name: event.target.value })}
                />
              )}
            </FormRow>
            <FormRow label={t("leads.pipeline")} error={errors["deal.pipeline_id"]}>
              {(aria) => (
                <select
                  {...aria}
                  value={value.pipeline_id ?? ""}
                  className="field-box h-9 pointer-coarse:h-10"
                  onChange={(event) => {
                    const first = data?.stages.find((stage) => stage.pipeline_id === event.target.value);
                    set({ pipeline_id: event.target.value, ...(first ? { stage_id: first.id } : {}) });
                  }}
                >
                  {(data?.pipelines ?? []).map((pipeline) => (
                    <option key={pipeline.id} value={pipeline.id}>
                      {String(pipeline.name)}
                    </option>
                  ))}
                </select>
              )}
            </FormRow>
            <FormRow label={t("leads.stage")} error={errors["deal.stage_id"]}>
              {(aria) => (
                <select
                  {...aria}
                  value={value.stage_id ?? ""}
                  className="field-box h-9 pointer-coarse:h-10"
                  onChange={(event) => set({ stage_id: event.target.value })}
                >
                  {stages.map((stage) => (
                    <option key={stage.id} value={stage.id}>
                      {String(stage.name)}
                    </option>
                  ))}
                </select>
              )}
            </FormRow>
            {box("amount")}
            {box("currency")}
            {box("expected_close_date")}
          </div>
        )}
        <Option name={`${id}-deal`} checked={!on} onChoose={() => set({ action: "none" })}>
          <span className="text-fg-2">{t("leads.none", { label })}</span>
        </Option>
      </div>
    </fieldset>
  );
}
