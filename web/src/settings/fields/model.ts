import { type Choice, type Entity, type Field, HUES, type Hue, type Kind, type Rec, type Values } from "@/api/types";
import { isBlank, isObject } from "@/fields/values";
import { nearestHue } from "@/lib/hues";

/** What a custom field is, as the form holds it. Limits are text, the way they are typed. */
export type FieldDraft = {
  entity: string;
  label: string;
  key: string;
  kind: Kind;
  help: string;
  is_required: boolean;
  is_unique: boolean;
  is_filterable: boolean;
  default: unknown;
  choices: DraftChoice[];
  reference: string;
  minimum: string;
  maximum: string;
  maximum_length: string;
};
/** `value` is what records hold: made from the label of a new choice, and never changed after. */
export type DraftChoice = { id: string; value: string | null; label: string; hue: Hue };

export const DRAFTED = [
  "label",
  "key",
  "kind",
  "help",
  "is_required",
  "is_unique",
  "is_filterable",
  "default_value",
  "choices",
  "reference",
  "minimum",
  "maximum",
  "maximum_length",
] as const;

const TEXTS: Kind[] = ["text", "long_text"];
const FIGURES: Kind[] = ["integer", "percent", "decimal", "money"];
const CHOICES: Kind[] = ["choice", "multi_choice"];
/** Which questions a kind raises. */
export const asks = {
  choices: (kind: Kind) => CHOICES.includes(kind),
  limits: (kind: Kind) => FIGURES.includes(kind),
  length: (kind: Kind) => TEXTS.includes(kind),
  reference: (kind: Kind) => kind === "reference",
  unique: (kind: Kind) => !["long_text", "boolean", "multi_choice", ...CHOICES].includes(kind),
  filterable: (kind: Kind) => kind !== "long_text",
  /** Whose default would be one record for everybody. */
  default: (kind: Kind) => !["reference", "user"].includes(kind),
};

/** The name of a label in the interface: "Renewal date (EU)" → "renewal_date_eu". As the server makes it. */
export const keyOf = (label: string): string =>
  label
    .normalize("NFKD")
    .replaceAll(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^[_\d]+|_+$/g, "")
    .slice(0, 50);

let counter = 0;
const nextId = () => `choice-${++counter}`;
export const newChoice = (choices: DraftChoice[]): DraftChoice => ({
  id: nextId(),
  value: null,
  label: "",
  hue: HUES[(choices.length + 1) % HUES.length] ?? "gray",
});

export const emptyDraft = (entity: string, kind: Kind): FieldDraft => ({
  entity,
  label: "",
  key: "",
  kind,
  help: "",
  is_required: false,
  is_unique: false,
  is_filterable: asks.filterable(kind),
  default: null,
  choices: [],
  reference: "",
  minimum: "",
  maximum: "",
  maximum_length: "",
});

const textOf = (value: unknown) => (isBlank(value) ? "" : String(value));
const choicesOf = (record: Rec): Choice[] =>
  (Array.isArray(record.choices) ? record.choices : []).filter(
    (one): one is Choice => isObject(one) && typeof one.value === "string",
  );

export const draftOf = (record: Rec): FieldDraft => ({
  entity: String(record.entity),
  label: textOf(record.label),
  key: textOf(record.key),
  kind: String(record.kind) as Kind,
  help: textOf(record.help),
  is_required: record.is_required === true,
  is_unique: record.is_unique === true,
  is_filterable: record.is_filterable !== false,
  default: isObject(record.default_value) ? (record.default_value.value ?? null) : null,
  choices: choicesOf(record).map((one) => ({
    id: one.value,
    value: one.value,
    label: one.label ?? one.value,
    hue: nearestHue(one.hue) ?? "gray",
  })),
  reference: textOf(record.reference),
  minimum: textOf(record.minimum),
  maximum: textOf(record.maximum),
  maximum_length: textOf(record.maximum_length),
});

/** The choices as the server keeps them. New ones get a value of their own, made from their label. */
export function writtenChoices(choices: DraftChoice[]): Choice[] {
  const taken = new Set(choices.flatMap((one) => one.value ?? []));
  return choices
    .filter((one) => one.label.trim())
    .map(({ value, label, hue }) => {
      let own = value;
      if (own === null) {
        const base = keyOf(label) || "choice";
        own = base;
        for (let count = 2; taken.has(own); count++) own = `${base}_${count}`;
        taken.add(own);
      }
      return { value: own, label: label.trim(), hue };
    });
}

/** A figure that is none goes to the server as it is, which says what is wrong with it. */
const figureOf = (text: string) => (text.trim() === "" ? null : /^-?\d+$/.test(text.trim()) ? Number(text) : text.trim());

/** Everything a draft says, by the names of the interface, whether it changed or not. */
function written(draft: FieldDraft): Values {
  const { kind } = draft;
  return {
    label: draft.label.trim(),
    help: draft.help.trim() || null,
    is_required: draft.is_required,
    is_unique: asks.unique(kind) && draft.is_unique,
    is_filterable: asks.filterable(kind) && draft.is_filterable,
    default_value: isBlank(draft.default) || !asks.default(kind) ? null : { value: draft.default },
    choices: asks.choices(kind) ? writtenChoices(draft.choices) : [],
    minimum: asks.limits(kind) ? figureOf(draft.minimum) : null,
    maximum: asks.limits(kind) ? figureOf(draft.maximum) : null,
    maximum_length: asks.length(kind) ? figureOf(draft.maximum_length) : null,
  };
}
export function creationOf(draft: FieldDraft, position: number): Values {
  const all = { ...written(draft), entity: draft.entity, kind: draft.kind, position };
  return {
    ...Object.fromEntries(Object.entries(all).filter(([, value]) => !isBlank(value))),
    key: draft.key || keyOf(draft.label),
    ...(asks.reference(draft.kind) ? { reference: draft.reference } : {}),
  };
}
/** What a draft changes of a field, or null where that is nothing. */
export function changesOf(draft: FieldDraft, record: Rec): Values | null {
  const before = written(draftOf(record));
  const now = written(draft);
  const changed = Object.entries(now).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]));
  return changed.length === 0 ? null : Object.fromEntries(changed);
}

/** The field as a form would show it: for the input of its default. */
export const previewOf = (draft: FieldDraft, label: string): Field => ({
  name: "default_value",
  label,
  kind: draft.kind,
  required: false,
  read_only: false,
  nullable: true,
  unique: false,
  default: null,
  max_length: draft.maximum_length ? Number(draft.maximum_length) : null,
  min: draft.minimum || null,
  max: draft.maximum || null,
  scale: null,
  choices: writtenChoices(draft.choices),
  reference: null,
  include: null,
  filterable: false,
  sortable: false,
  searchable: false,
  operators: [],
  personal: false,
  custom: true,
  help: null,
  currency_field: null,
});

/** Choices whose values records may hold, and that a draft no longer has. */
export const lostChoices = (draft: FieldDraft, record: Rec): Choice[] => {
  const kept = new Set(draft.choices.map((one) => one.value));
  return choicesOf(record).filter((one) => !kept.has(one.value));
};

/** The kinds in the groups in which they are offered; what the server does not know is left out, what is new comes last. */
const KIND_GROUPS = {
  text: ["text", "long_text", "email", "phone", "url"],
  figures: ["integer", "decimal", "money", "percent"],
  choices: ["choice", "multi_choice", "boolean"],
  dates: ["date", "timestamp"],
  links: ["reference", "user"],
} as const;
export type KindGroup = keyof typeof KIND_GROUPS;
export function kindGroups(entity: Entity): { name: KindGroup; kinds: Kind[] }[] {
  const offered = new Set(entity.fields.find((field) => field.name === "kind")?.choices?.map((one) => one.value));
  return (Object.keys(KIND_GROUPS) as KindGroup[])
    .map((name) => ({ name, kinds: KIND_GROUPS[name].filter((kind) => offered.has(kind)) as Kind[] }))
    .filter(({ kinds }) => kinds.length > 0);
}
