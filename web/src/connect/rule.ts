import type { Entity, Field, Meta, Values } from "@/api/types";
import { isChosen, kindOf, shownFields } from "@/fields/registry";
import { checkValue } from "@/fields/validate";
import { isBlank, isObject } from "@/fields/values";
import { fieldIn, labelOf } from "@/filters/clause";
import i18n from "@/i18n";

/** What an automation does. What this page does not know of it is kept as it is. */
export type Action = Values & { do: string };
export const DEEDS = ["update", "create", "notify", "webhook"] as const;
export type Deed = (typeof DEEDS)[number];
export const MOST_ACTIONS = 20;
/** How a notification looks. */
export const TONES = ["info", "success", "warning", "error"] as const;

export const deedOf = (action: Action): Deed | undefined => DEEDS.find((deed) => deed === action.do);
/** The actions of an automation, as far as they have the form of one. */
export const actionsOf = (value: unknown): Action[] =>
  Array.isArray(value) ? value.filter((one): one is Action => isObject(one) && typeof one.do === "string") : [];
export const settingsOf = (action: Action): Values => (isObject(action.set) ? action.set : {});
export const usersOf = (action: Action): string[] => (Array.isArray(action.users) ? action.users.map(String) : []);
/** The entity whose fields an action sets: its own, or the one that sets the automation off. */
export const settingEntity = (meta: Meta, action: Action, trigger: Entity | undefined): Entity | undefined =>
  action.do === "create" ? meta.entities.find((entity) => entity.name === action.entity) : trigger;

export const freshAction = (deed: Deed): Action => {
  if (deed === "update") return { do: deed, set: {} };
  if (deed === "create") return { do: deed, entity: "", set: {} };
  if (deed === "notify") return { do: deed, users: [], title: "" };
  return { do: deed, endpoint_id: null };
};

/** Fields that an automation may fill in. The organization's own ones are not among them yet. */
export const settableFields = (entity: Entity, deed: "update" | "create"): Field[] =>
  shownFields(entity).filter(
    (field) =>
      !field.read_only &&
      !field.custom &&
      (deed === "create" || field.create_only !== true) &&
      kindOf(field).Input !== null &&
      (field.kind !== "json" || isChosen(field)),
  );
/** References that the server fills by itself. */
const HAVE_DEFAULTS = new Set(["pipeline", "stage"]);
/** What a new record of the kind needs, still open. */
export const neededIn = (entity: Entity): Values =>
  Object.fromEntries(
    settableFields(entity, "create")
      .filter((field) => field.required && field.default === null && !HAVE_DEFAULTS.has(field.reference ?? ""))
      .map((field) => [field.name, openValue(field)]),
  );
/** The value of a field that has just been added. */
export const openValue = (field: Field): unknown => (field.kind === "boolean" ? true : null);

/** What is missing of an action, in a sentence; null where it is whole. */
function problemOfAction(action: Action, meta: Meta, trigger: Entity | undefined): string | null {
  const deed = deedOf(action);
  if (deed === "webhook") return isBlank(action.endpoint_id) ? i18n.t("connect.missing.webhook") : null;
  if (deed === "notify") {
    if (usersOf(action).length === 0) return i18n.t("connect.missing.users");
    return String(action.title ?? "").trim() === "" ? i18n.t("connect.missing.title") : null;
  }
  if (deed === undefined) return null;
  const entity = settingEntity(meta, action, trigger);
  if (deed === "create" && !entity) return i18n.t("connect.missing.entity");
  const settings = Object.entries(settingsOf(action));
  if (settings.length === 0) return i18n.t("connect.missing.set");
  for (const [name, value] of settings) {
    const field = fieldIn(entity, name);
    const wrong = field && checkValue(field, value);
    if (wrong) return i18n.t(`problems.${wrong.problem}`, { label: field.label, limit: wrong.limit });
    if (deed === "create" && isBlank(value)) return i18n.t("connect.missing.value", { field: labelOf(entity, name) });
  }
  return null;
}
/** The first thing that is missing of all of them. */
export function problemOfActions(actions: Action[], meta: Meta, trigger: Entity | undefined): string | null {
  if (actions.length === 0) return i18n.t("connect.missing.action");
  for (const [at, action] of actions.entries()) {
    const problem = problemOfAction(action, meta, trigger);
    if (problem) return i18n.t("connect.missing.of", { place: at + 1, problem });
  }
  return null;
}

/** An action with a part changed; a part that becomes blank is left out. */
export const withPart = (action: Action, name: string, value: unknown): Action => {
  const { [name]: _, ...rest } = action;
  return (isBlank(value) ? rest : { ...rest, [name]: value }) as Action;
};
