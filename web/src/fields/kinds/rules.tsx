import i18n from "@/i18n";
import { later } from "../parts/later";
import { modalEditor } from "../parts/ModalEditor";
import type { InputProps, KindModule, ViewProps } from "../types";

import { COMMON } from "./structures";

/** The parts of an automation's rule: stored as structures, chosen and read as sentences. */

const FieldsView = later<ViewProps>(() => import("@/connect/FieldsView").then((all) => ({ default: all.FieldsView })));
const ConditionsView = later<ViewProps>(() => import("@/connect/RuleViews").then((all) => ({ default: all.ConditionsView })));
const ActionsView = later<ViewProps>(() => import("@/connect/RuleViews").then((all) => ({ default: all.ActionsView })));
const FieldsInput = later<InputProps>(() => import("@/connect/TriggerFieldsInput"));
const ConditionsInput = later<InputProps>(() => import("@/connect/ConditionsInput"));
const ActionsInput = later<InputProps>(() => import("@/connect/ActionsInput"));

const rule = (Whole: KindModule["View"], Input: NonNullable<KindModule["Input"]>, hint: () => string): KindModule => ({
  ...COMMON,
  // A cell has one line; where there is room, it is told in full.
  Whole,
  Editor: modalEditor(COMMON.View, Input, hint),
  Input,
  hint,
  // Lists of conditions and actions have no place within a button.
  links: true,
});

export const triggerFields = { ...rule(FieldsView, FieldsInput, () => i18n.t("hints.triggerFields")), View: FieldsView };
export const conditions = rule(ConditionsView, ConditionsInput, () => i18n.t("hints.conditions"));
export const actions = rule(ActionsView, ActionsInput, () => i18n.t("hints.actions"));
/** Short enough to be told in full wherever it stands. */
const toldInFull = (module: KindModule): KindModule => ({ ...module, View: module.Whole ?? module.View });
/** Whom a campaign is for: contacts or leads, narrowed down by conditions. */
export const audience = toldInFull(
  rule(
    later<ViewProps>(() => import("@/marketing/AudienceInput").then((all) => ({ default: all.AudienceView }))),
    later<InputProps>(() => import("@/marketing/AudienceInput")),
    () => i18n.t("hints.audience"),
  ),
);
/** What a form on another site asks for. */
export const formFields = toldInFull(
  rule(
    later<ViewProps>(() => import("@/connect/FormFieldsInput").then((all) => ({ default: all.FormFieldsView }))),
    later<InputProps>(() => import("@/connect/FormFieldsInput")),
    () => i18n.t("hints.formFields"),
  ),
);
