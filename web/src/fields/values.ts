import { findEntity, loadedMeta, meQuery, queryClient } from "@/api/queries";
import type { Entity, Field, Nested, Rec, Values } from "@/api/types";
import { moment, money } from "@/lib/format";
import { decodeMentions, withoutMarks } from "@/lib/mentions";
import { eventInWords } from "./events";

const CUSTOM = "custom.";

export const isBlank = (value: unknown): boolean =>
  value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);

/** Nothing to show, though something may be kept: a structure without members. */
export const isEmpty = (value: unknown): boolean => isBlank(value) || (isObject(value) && Object.keys(value).length === 0);

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value of a field in a record; custom fields live in a container of their own. */
export function valueIn(record: Rec | Values | undefined, field: Field): unknown {
  if (!record) return undefined;
  if (!field.name.startsWith(CUSTOM)) return record[field.name];
  const held = record.custom_fields;
  return isObject(held) ? held[field.name.slice(CUSTOM.length)] : undefined;
}

/** Records with a face: people and companies are known by their initials, other records by their name alone. */
const FACES = new Set(["user", "contact", "lead", "company"]);
export const hasFace = (entity: Entity | undefined): boolean => entity !== undefined && FACES.has(entity.name);
export const isPerson = (entity: Entity | undefined): boolean => hasFace(entity) && entity?.name !== "company";

/** The body that writes these values, custom fields in their container. */
export function bodyOf(values: Values): Values {
  const body: Values = {};
  const custom: Values = {};
  for (const [name, value] of Object.entries(values))
    if (name.startsWith(CUSTOM)) custom[name.slice(CUSTOM.length)] = value;
    else body[name] = value;
  if (Object.keys(custom).length > 0) body.custom_fields = custom;
  return body;
}

/** The record with these values put in. */
export function withValues<T extends Rec | Values>(record: T, values: Values): T {
  const { custom_fields: custom, ...plain } = bodyOf(values);
  const held = record.custom_fields;
  return {
    ...record,
    ...plain,
    ...(custom ? { custom_fields: { ...(isObject(held) ? held : {}), ...(custom as Values) } } : {}),
  };
}

const TITLES = ["full_name", "name", "title", "subject", "label", "email", "number"];

/** What a record is called. */
export function titleOf(entity: Entity, record: Rec | Values | undefined): string {
  if (!record) return "";
  const title = entity.title_field === "id" ? undefined : record[entity.title_field];
  if (typeof title === "string" && title) {
    const field = entity.fields.find((entry) => entry.name === entity.title_field);
    if (field?.kind === "timestamp") return moment(title);
    if (field?.kind === "money") return money(title, currencyOf(field, record));
    if (field?.kind === "long_text") return withoutMarks(decodeMentions(title).text);
    if (field?.kind === "text" && field.name === "event") return eventInWords(title);
    if (field?.kind === "reference" || field?.kind === "user") {
      const nested = nestedOf(record, field);
      return nested ? nestedTitle(nested, field) : titleFrom(record) || entity.label;
    }
    return field?.choices?.find((choice) => choice.value === title)?.label ?? title;
  }
  if (typeof title === "number") return String(title);
  // What happened to a record without a name is told by the kind of the record.
  if (typeof record.entity_type === "string") return labelOfEntity(record.entity_type);
  return titleFrom(record) || entity.label;
}
/** What people call a kind of record: "deal_item" → "Deal item". */
export const labelOfEntity = (name: string): string => {
  const meta = loadedMeta();
  return (meta && findEntity(meta, name)?.label) ?? name.replaceAll("_", " ");
};
function titleFrom(record: Values): string {
  for (const name of TITLES) {
    const value = record[name];
    if (typeof value === "string" && value) return value;
  }
  const parts = [record.first_name, record.last_name].filter((part) => typeof part === "string" && part);
  if (parts.length > 0) return parts.join(" ");
  // A record without a name of its own, such as a line of a deal, is called by what it points at.
  for (const [name, value] of Object.entries(record).reverse()) {
    if (name === "creator" || name === "updater") continue;
    const nested = isObject(value) && typeof value.id === "string" ? titleFrom(value) : "";
    if (nested) return nested;
  }
  return "";
}

export const targetOf = (field: Field): Entity | undefined => {
  const meta = loadedMeta();
  return meta && field.reference ? findEntity(meta, field.reference) : undefined;
};

/** The record a reference points at: undefined where it was not asked for, null where it may not be seen. */
export function nestedOf(record: Rec | Values | undefined, field: Field): Nested | null | undefined {
  if (!record || !field.include) return undefined;
  return record[field.include] as Nested | null | undefined;
}
export function nestedTitle(nested: Nested, field: Field): string {
  const target = targetOf(field);
  return target ? titleOf(target, nested) : titleFrom(nested);
}

/**
 * What is written with a reference: one that may point at several kinds of record is written together with the kind.
 */
export function pairOf(field: Field, value: unknown, nested: Nested | null | undefined, record?: Rec | Values): Values {
  if (!field.entity_field) return { [field.name]: value };
  const kind = isBlank(value) ? null : (nested?.entity ?? record?.[field.entity_field] ?? null);
  return { [field.name]: value, [field.entity_field]: kind };
}

/** The currency a money field is counted in: the record's own, or else the organization's. */
export function currencyOf(field: Field, record: Rec | Values | undefined): string {
  const own = field.currency_field ? record?.[field.currency_field] : undefined;
  if (typeof own === "string" && own) return own;
  return queryClient.getQueryData(meQuery.queryKey)?.organization.base_currency ?? "";
}
