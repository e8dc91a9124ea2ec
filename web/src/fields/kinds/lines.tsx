import i18n from "@/i18n";
import { inWords } from "@/lib/words";
import { type PickItem, Tag } from "@/ui";
import type { PairStyle } from "../pairs";
import { later } from "../parts/later";
import { modalEditor } from "../parts/ModalEditor";
import { pickEditor, pickInput } from "../parts/PickEditor";
import { preferencesInWords } from "../preferences";
import { type InputProps, type KindModule, understood, type ViewProps } from "../types";
import { isObject } from "../values";
import { COMMON } from "./structures";

/** Structures that people write by hand: lines of names and values, lists of words, and what is chosen from lists. */

const pairsOf = (style: PairStyle, suggested: readonly string[], hint: () => string): KindModule => {
  const Input = later<InputProps>(() =>
    import("../parts/PairsInput").then((all) => ({ default: all.pairsInput(style, suggested) })),
  );
  return { ...COMMON, Editor: modalEditor(COMMON.View, Input, hint), Input, hint };
};
/** Settings of a program: host names, ports, switches. */
export const settings = pairsOf("any", [], () => i18n.t("hints.settings"));
/** Where somebody is found elsewhere. */
export const profiles = pairsOf("texts", ["linkedin", "xing", "github", "instagram", "facebook", "youtube", "website"], () =>
  i18n.t("hints.profiles"),
);
/** Figures by name, such as what a campaign is to reach. */
export const namedFigures = pairsOf("figures", ["leads", "conversions", "impressions", "clicks"], () => i18n.t("hints.figures"));

const PreferencesView = ({ value }: ViewProps) => <span className="truncate">{preferencesInWords(value)}</span>;
const PreferencesWhole = ({ value }: ViewProps) => (
  <span className="min-w-0 py-1.5 break-words">{preferencesInWords(value)}</span>
);
const PreferencesInput = later<InputProps>(() => import("../parts/PreferencesInput"));
export const preferences: KindModule = {
  ...COMMON,
  View: PreferencesView,
  Whole: PreferencesWhole,
  Editor: modalEditor(PreferencesView, PreferencesInput),
  Input: PreferencesInput,
  text: preferencesInWords,
};

const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const WordsView = ({ value }: ViewProps) => <span className="truncate">{list(value).join(", ")}</span>;
const none = (): PickItem[] => [];
/** A list of words, each written by hand. */
export const words: KindModule = {
  ...COMMON,
  View: WordsView,
  Editor: pickEditor({ View: WordsView, useItems: none, multiple: true, creatable: true }),
  Input: pickInput({ View: WordsView, useItems: none, multiple: true, creatable: true }),
  hint: () => i18n.t("hints.sites"),
  text: (value) => list(value).join(", "),
  parse: (text) => understood(text.split(/[,;\s]+/).filter(Boolean)),
};

/** What a member of a project may be allowed beyond the role. */
const ALLOWED = {
  projects: ["update", "delete"],
  tasks: ["create", "read", "update", "delete", "assign"],
  leads: ["create", "read", "update", "delete", "assign"],
  time_entries: ["create", "read", "update", "delete", "approve"],
};
const allowedIn = (value: unknown): string[] =>
  Object.entries(isObject(value) ? value : {}).flatMap(([resource, actions]) =>
    list(actions).map((action) => `${resource}.${action}`),
  );
const allowedFrom = (chosen: string[]): Record<string, string[]> => {
  const value: Record<string, string[]> = {};
  for (const one of chosen) {
    const [resource = "", action = ""] = one.split(".");
    value[resource] = [...(value[resource] ?? []), action];
  }
  return value;
};
const allowedInWords = (one: string): string => {
  const [resource = "", action = ""] = one.split(".");
  return i18n.t("allowed.one", { resource: inWords(resource), action: inWords(action).toLowerCase() });
};
const AllowedView = ({ value }: ViewProps) => (
  <span className="flex min-w-0 gap-1 overflow-hidden">
    {list(value).map((one) => (
      <Tag key={one} label={allowedInWords(one)} />
    ))}
  </span>
);
const allowedItems = (): PickItem[] =>
  Object.entries(ALLOWED).flatMap(([resource, actions]) =>
    actions.map((action) => ({ value: `${resource}.${action}`, label: allowedInWords(`${resource}.${action}`) })),
  );
const AllowedPick = pickInput({ View: AllowedView, useItems: allowedItems, multiple: true });
const AllowedEditor = pickEditor({ View: AllowedView, useItems: allowedItems, multiple: true });
export const permissions: KindModule = {
  ...COMMON,
  View: ({ value, ...rest }) => <AllowedView {...rest} value={allowedIn(value)} />,
  Editor: ({ value, onCommit, ...rest }) => (
    <AllowedEditor {...rest} value={allowedIn(value)} onCommit={(next, where) => onCommit(allowedFrom(list(next)), where)} />
  ),
  Input: ({ value, onChange, ...rest }) => (
    <AllowedPick {...rest} value={allowedIn(value)} onChange={(next) => onChange(allowedFrom(list(next)))} />
  ),
  text: (value) => allowedIn(value).map(allowedInWords).join(", "),
};
