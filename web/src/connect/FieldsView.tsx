import { findEntity, loadedMeta } from "@/api/queries";
import type { ViewProps } from "@/fields/types";
import { labelOf } from "@/filters/clause";

/** The fields that an automation watches, as the record calls them. */
export const fieldsInWords = (value: unknown, record: ViewProps["record"]): string => {
  const meta = loadedMeta();
  const entity = meta ? findEntity(meta, String(record?.trigger_entity ?? "")) : undefined;
  return (Array.isArray(value) ? value : []).map((name) => labelOf(entity, String(name))).join(", ");
};
export const FieldsView = ({ value, record }: ViewProps) => <span className="truncate">{fieldsInWords(value, record)}</span>;
