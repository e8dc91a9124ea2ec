import i18n from "@/i18n";
import { later } from "../parts/later";
import { modalEditor } from "../parts/ModalEditor";
import { lineOf } from "../structured";
import { type InputProps, type KindModule, refused, type ViewProps } from "../types";

/** The parts of an automation's rule: stored as structures, chosen and read as sentences. */

const line = (value: unknown) => lineOf(value, { yes: i18n.t("common.yes"), no: i18n.t("common.no") });
const LineView = ({ value }: ViewProps) => <span className="truncate">{line(value)}</span>;
const FieldsView = later<ViewProps>(() => import("@/connect/FieldsView").then((all) => ({ default: all.FieldsView })));
const ConditionsView = later<ViewProps>(() => import("@/connect/RuleViews").then((all) => ({ default: all.ConditionsView })));
const ActionsView = later<ViewProps>(() => import("@/connect/RuleViews").then((all) => ({ default: all.ActionsView })));
const FieldsInput = later<InputProps>(() => import("@/connect/TriggerFieldsInput"));
const ConditionsInput = later<InputProps>(() => import("@/connect/ConditionsInput"));
const ActionsInput = later<InputProps>(() => import("@/connect/ActionsInput"));

const rule = (width: number, View: KindModule["View"], Input: NonNullable<KindModule["Input"]>): KindModule => ({
  width,
  // A cell has one line; where there is room, it is told in full.
  View: View === FieldsView ? View : LineView,
  Whole: View,
  Editor: modalEditor(LineView, Input),
  Input,
  wide: true,
  filter: "none",
  operators: ["is_null"],
  text: line,
  parse: () => refused("json"),
});

export const triggerFields = rule(200, FieldsView, FieldsInput);
export const conditions = rule(260, ConditionsView, ConditionsInput);
export const actions = rule(260, ActionsView, ActionsInput);
