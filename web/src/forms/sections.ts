import type { Entity, Field } from "@/api/types";
import { isChosen, kindOf, shownFields } from "@/fields/registry";
import i18n from "@/i18n";

export type FieldSection = { label: string; fields: Field[] };

/** The sections of an entity's layout; fields that no section names come last, custom ones apart. */
export function sectionsOf(entity: Entity, accept: (field: Field) => boolean): FieldSection[] {
  const fields = shownFields(entity).filter(accept);
  const named = new Set(entity.layout.sections.flatMap((section) => section.fields));
  const sections = entity.layout.sections.map((section) => ({
    label: section.label,
    fields: section.fields.flatMap((name) => fields.find((field) => field.name === name) ?? []),
  }));
  const rest = fields.filter((field) => !named.has(field.name));
  const plain = rest.filter((field) => !field.custom);
  const custom = rest.filter((field) => field.custom);
  return [
    ...sections,
    { label: sections.length > 0 ? i18n.t("form.more") : i18n.t("form.details"), fields: plain },
    { label: i18n.t("form.custom"), fields: custom },
  ].filter((section) => section.fields.length > 0);
}

/** Stamps that the machine keeps; shown in a record's footer, never in a form. */
const STAMPS = new Set(["id", "created_at", "updated_at", "created_by", "updated_by", "deleted_at"]);
export const isStamp = (field: Field): boolean => STAMPS.has(field.name);

/** References that the server fills by itself: a deal without a stage begins in the first one of the default pipeline. */
const HAVE_DEFAULTS = new Set(["pipeline", "stage"]);
const asAsked = (field: Field): Field =>
  field.required && field.kind === "reference" && HAVE_DEFAULTS.has(field.reference ?? "")
    ? { ...field, required: false, help: field.help ?? i18n.t("form.hasDefault") }
    : field;

/** What a form asks for: everything that can be written, required fields never left out. */
export const formSections = (entity: Entity): FieldSection[] =>
  sectionsOf(
    entity,
    (field) =>
      !field.read_only &&
      field.assign_only !== true &&
      !isStamp(field) &&
      kindOf(field).Input !== null &&
      // Settings and the like are written by programs; a form asks for one only where it must.
      (field.kind !== "json" || field.required || field.custom || STRUCTURES[entity.name]?.includes(field.name) === true),
  ).map((section) => ({
    ...section,
    fields: section.fields
      .map((field) => (entity.name === "deal" ? asAsked(field) : field))
      .map((field) => (isChosen(field) ? { ...field, help: kindOf(field).hint?.() ?? null } : field)),
  }));
/** Structures that are the point of a record, and that whoever makes one has to give. */
const STRUCTURES: Record<string, string[]> = {
  automation: ["trigger_fields", "conditions"],
  channel_account: ["settings"],
  inbound_form: ["fields", "allowed_origins"],
  campaign: ["target_audience", "goals"],
  project_member: ["permissions"],
};
/** What a record page shows. */
export const pageSections = (entity: Entity): FieldSection[] =>
  sectionsOf(entity, (field) => !isStamp(field) && field.name !== entity.title_field);
