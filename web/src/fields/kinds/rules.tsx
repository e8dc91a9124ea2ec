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

const rule = (Whole: KindModule["View"], Input: NonNullable<KindModule["Input"]>): KindModule => ({
  ...COMMON,
  // A cell has one line; where there is room, it is told in full.
  Whole,
  Editor: modalEditor(COMMON.View, Input),
  Input,
  // Lists of conditions and actions have no place within a button.
  links: true,
});

export const triggerFields = { ...rule(FieldsView, FieldsInput), View: FieldsView };
export const conditions = rule(ConditionsView, ConditionsInput);
export const actions = rule(ActionsView, ActionsInput);
/** Whom a campaign is for: contacts or leads, narrowed down by conditions. */
export const audience = rule(
  later<ViewProps>(() => import("@/marketing/AudienceInput").then((all) => ({ default: all.AudienceView }))),
  later<InputProps>(() => import("@/marketing/AudienceInput")),
);
/** What a form on another site asks for. */
export const formFields = rule(
  later<ViewProps>(() => import("@/connect/FormFieldsInput").then((all) => ({ default: all.FormFieldsView }))),
  later<InputProps>(() => import("@/connect/FormFieldsInput")),
);
