import type { Entity, Field, Kind, Operator, Rec } from "@/api/types";
import { boolean } from "./kinds/boolean";
import { choice, color, multiChoice, tags } from "./kinds/choices";
import { email, phone, url } from "./kinds/contactPoints";
import { date, timestamp } from "./kinds/dates";
import { entityName } from "./kinds/entityNames";
import { events } from "./kinds/events";
import { decimal, integer, money, percent } from "./kinds/figures";
import { namedFigures, permissions, preferences, profiles, settings, words } from "./kinds/lines";
import { longText } from "./kinds/longText";
import { address, country, currency } from "./kinds/places";
import { anyReference, reference, user, uuid } from "./kinds/references";
import { actions, audience, conditions, formFields, triggerFields } from "./kinds/rules";
import { customFields, json } from "./kinds/structures";
import { text } from "./kinds/text";
import { timeZone } from "./kinds/timeZones";
import { weeklyHours } from "./kinds/weeklyHours";
import { isSettledIn } from "./settled";
import type { KindModule } from "./types";

/** One entry per kind; a kind without one does not compile. */
const REGISTRY: Record<Kind, KindModule> = {
  text,
  long_text: longText,
  email,
  phone,
  url,
  integer,
  decimal,
  money,
  percent,
  boolean,
  date,
  timestamp,
  choice,
  multi_choice: multiChoice,
  tags,
  reference,
  any_reference: anyReference,
  user,
  currency,
  country,
  address,
  json,
  color,
  custom_fields: customFields,
  uuid,
};

/** What people choose rather than write, though it is stored as a text or a structure: by kind and name of the field. */
const CHOSEN: Partial<Record<Kind, Record<string, KindModule>>> = {
  json: {
    ...{ events, trigger_fields: triggerFields, conditions, actions, target_audience: audience },
    ...{ weekly_hours: weeklyHours, preferences, permissions, fields: formFields, allowed_origins: words },
    ...{ settings, config: settings, social_profiles: profiles, goals: namedFigures, metrics: namedFigures },
  },
  text: { trigger_entity: entityName, timezone: timeZone },
};
const chosen = (field: Field): KindModule | undefined => CHOSEN[field.kind]?.[field.name];
/** Whether the words with which the server explains how to write a value say nothing, because it is chosen. */
export const isChosen = (field: Field): boolean => chosen(field) !== undefined;

/** What is known about a field's kind. A kind newer than this page is shown as text. */
export const kindOf = (field: Field): KindModule => chosen(field) ?? REGISTRY[field.kind] ?? text;

/** The operators to offer for a field: those of its kind that the server allows for it. */
export function operatorsOf(field: Field): Operator[] {
  const known = kindOf(field).operators;
  const allowed = field.operators.length > 0 ? known.filter((operator) => field.operators.includes(operator)) : known;
  return allowed.length > 0 ? allowed : field.operators;
}

/** Fields a person can see as columns and attributes. The container of custom fields is not one. */
export const shownFields = (entity: Entity): Field[] =>
  entity.fields.filter(
    (field) =>
      field.kind !== "custom_fields" &&
      !HIDDEN.has(field.name) &&
      // What kind of record a reference points at is told together with the record.
      !entity.fields.some((other) => other.entity_field === field.name),
  );
/** Kept by the machine for itself: an opaque rank and the number behind If-Match. */
const HIDDEN = new Set(["board_position", "version", "organization_id"]);

/** Whether a value may be changed in place: in any record of the kind, or in this one. */
export const isEditable = (entity: Entity, field: Field, record?: Rec): boolean =>
  !entity.read_only &&
  !isSettledIn(entity, field.name, record) &&
  !field.read_only &&
  field.create_only !== true &&
  field.assign_only !== true &&
  entity.permissions.includes("update") &&
  (kindOf(field).Editor !== null || kindOf(field).toggles === true);
