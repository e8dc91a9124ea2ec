import "@/i18n/connect";
import { useTranslation } from "react-i18next";
import { findEntity, useMeta } from "@/api/queries";
import { pickInput } from "@/fields/parts/PickEditor";
import { StructureGroup } from "@/fields/parts/StructureGroup";
import { shownFields } from "@/fields/registry";
import type { InputProps, ViewProps } from "@/fields/types";
import type { PickItem } from "@/ui";
import { NoTrigger } from "./ActionsInput";
import { FieldsView } from "./FieldsView";

const STAMPS = new Set(["id", "created_at", "updated_at", "created_by", "updated_by", "deleted_at"]);
/** The fields of the record that sets an automation off. All of the organization's own ones count as one. */
function useFieldItems(_: unknown, record: ViewProps["record"]): PickItem[] {
  const { t } = useTranslation();
  const entity = findEntity(useMeta(), String(record?.trigger_entity ?? ""));
  if (!entity) return [];
  const items = shownFields(entity)
    .filter((field) => !field.custom && !STAMPS.has(field.name))
    .map((field): PickItem => ({ value: field.name, label: field.label }));
  const own = entity.fields.some((field) => field.kind === "custom_fields" || field.custom);
  return own ? [...items, { value: "custom_fields", label: t("form.custom") }] : items;
}
const FieldsPick = pickInput({ View: FieldsView, useItems: useFieldItems, multiple: true });

/** Which changes set an automation off. Only a change can be one of certain fields. */
export default function TriggerFieldsInput(props: InputProps) {
  const { t } = useTranslation();
  const { values, field, aria, inputRef, onBlur } = props;
  const held = { field, aria, inputRef, onBlur };
  if (!values.trigger_entity) return <NoTrigger {...held} />;
  if (values.trigger_event === "updated") return <FieldsPick {...props} />;
  return (
    <StructureGroup {...held} className="flex min-h-9 items-center text-fg-2">
      {t("connect.onlyChanges")}
    </StructureGroup>
  );
}
