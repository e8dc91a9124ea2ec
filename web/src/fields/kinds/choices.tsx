import { useQuery } from "@tanstack/react-query";
import { can, findEntity, loadedMeta, queryClient, tagsQuery } from "@/api/queries";
import { type Field, HUES, type Hue } from "@/api/types";
import i18n from "@/i18n";
import { hueOfText, nearestHue } from "@/lib/hues";
import { type PickItem, Tag } from "@/ui";
import { pickEditor, pickInput } from "../parts/PickEditor";
import { CHOICE_OPERATORS, plainText } from "../parts/plain";
import { type KindModule, understood, type ViewProps } from "../types";
import { isBlank } from "../values";

/** A dot marks a state that a record passes through; dots on every label would only be noise. */
const isState = (field: Field) => /(^|_)(status|stage)$/.test(field.name);
const labelOf = (field: Field, value: string) => field.choices?.find((choice) => choice.value === value)?.label ?? value;
const hueOfChoice = (field: Field, value: string) => field.choices?.find((choice) => choice.value === value)?.hue;

export const choiceItems = (field: Field): PickItem[] =>
  (field.choices ?? []).map((choice) => ({
    value: choice.value,
    label: choice.label,
    node: <Tag label={choice.label} hue={choice.hue} dot={isState(field)} />,
  }));

const ChoiceView = ({ field, value }: ViewProps) =>
  isBlank(value) ? null : (
    <Tag label={labelOf(field, String(value))} hue={hueOfChoice(field, String(value))} dot={isState(field)} />
  );

export const choice: KindModule = {
  width: 132,
  View: ChoiceView,
  Editor: pickEditor({ View: ChoiceView, useItems: choiceItems }),
  Input: pickInput({ View: ChoiceView, useItems: choiceItems }),
  filter: "options",
  operators: CHOICE_OPERATORS,
  text: (value, field) => (isBlank(value) ? "" : labelOf(field, String(value))),
  parse: (text, field) => {
    const wanted = text.trim().toLowerCase();
    const found = field.choices?.find((entry) => entry.value === wanted || entry.label.toLowerCase() === wanted);
    return understood(wanted === "" ? null : (found?.value ?? text.trim()));
  },
};

/** The colour that the organization gave a tag; one of its name for a tag that is new here. */
function hueOfTag(name: string): Hue {
  const known = queryClient.getQueryData(tagsQuery.queryKey)?.data.find((tag) => tag.name === name);
  return nearestHue(known?.color) ?? hueOfText(name);
}
/** The tags there are, to pick from. */
export function useTagItems(enabled = true): PickItem[] {
  const meta = loadedMeta();
  const readable = meta?.entities.some((entity) => entity.name === "tag" && can(entity, "read")) === true;
  const { data } = useQuery({ ...tagsQuery, enabled: enabled && readable, staleTime: 5_000 });
  return (data?.data ?? []).map(({ name }) => ({
    value: String(name),
    label: String(name),
    node: <Tag label={String(name)} hue={hueOfTag(String(name))} />,
  }));
}
const useEveryTag = () => useTagItems();

const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const splitList = (text: string) =>
  understood(
    text
      .split(/[,;]/)
      .map((part) => part.trim())
      .filter(Boolean),
  );
/** The names of changed fields are called as on the record that they belong to. */
function labelInList(field: Field, entry: string, record: ViewProps["record"]): string {
  const meta = loadedMeta();
  const changed = field.name === "changed_fields" && meta ? findEntity(meta, String(record?.entity_type)) : undefined;
  return (
    changed?.fields.find(({ name }) => name === entry)?.label ?? (changed ? entry.replaceAll("_", " ") : labelOf(field, entry))
  );
}
const ManyView = ({ field, value, record }: ViewProps) => (
  <span className="flex min-w-0 gap-1 overflow-hidden">
    {list(value).map((entry) => (
      <Tag
        key={entry}
        label={labelInList(field, entry, record)}
        hue={hueOfChoice(field, entry) ?? (field.kind === "tags" ? hueOfTag(entry) : null)}
      />
    ))}
  </span>
);

export const multiChoice: KindModule = {
  width: 190,
  View: ManyView,
  Editor: pickEditor({ View: ManyView, useItems: choiceItems, multiple: true }),
  Input: pickInput({ View: ManyView, useItems: choiceItems, multiple: true }),
  wide: true,
  filter: "options",
  operators: ["has", "is_null"],
  text: (value, field) =>
    list(value)
      .map((entry) => labelOf(field, entry))
      .join(", "),
  parse: splitList,
};

export const tags: KindModule = {
  width: 190,
  View: ManyView,
  Editor: pickEditor({ View: ManyView, useItems: useEveryTag, multiple: true, creatable: true }),
  Input: pickInput({ View: ManyView, useItems: useEveryTag, multiple: true, creatable: true }),
  wide: true,
  filter: "tags",
  operators: ["has", "is_null"],
  text: (value) => list(value).join(", "),
  parse: splitList,
};

/** A colour is one of the nine hues; a hexadecimal one from elsewhere is shown as it is. */
const ColorView = ({ value }: ViewProps) => {
  const text = plainText(value);
  if (!text) return null;
  const hue = (HUES as readonly string[]).includes(text) ? (text as Hue) : null;
  if (hue) return <Tag label={i18n.t(`hues.${hue}`)} hue={hue} />;
  return (
    <span className="flex items-center gap-2">
      <span
        className="size-3.5 rounded-xs shadow-[inset_0_0_0_1px_var(--line-strong)]"
        style={{ background: /^#[\da-f]{3,8}$/i.test(text) ? text : undefined }}
      />
      <span className="truncate">{text}</span>
    </span>
  );
};
const colorItems = (field: Field): PickItem[] =>
  field.choices?.length
    ? choiceItems(field)
    : HUES.map((hue) => ({ value: hue, label: i18n.t(`hues.${hue}`), node: <Tag label={i18n.t(`hues.${hue}`)} hue={hue} /> }));
export const color: KindModule = {
  width: 110,
  View: ColorView,
  Editor: pickEditor({ View: ColorView, useItems: colorItems }),
  Input: pickInput({ View: ColorView, useItems: colorItems }),
  filter: "options",
  operators: ["in", "nin", "is_null"],
  text: plainText,
  parse: (text) => understood(text.trim() === "" ? null : text.trim()),
};
