import { useQueries } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { fetchList } from "@/api/queries";
import type { Condition, Entity, Field } from "@/api/types";
import { HUES } from "@/api/types";
import { choiceItems, useTagItems } from "@/fields/kinds/choices";
import { currencyItems } from "@/fields/kinds/places";
import { narrowing, useRecordItems } from "@/fields/parts/RecordPick";
import { targetsOf, useSubjectItems } from "@/fields/parts/SubjectPick";
import { kindOf } from "@/fields/registry";
import { targetOf, titleOf } from "@/fields/values";
import { COUNTRIES } from "@/lib/countries";
import { countryName } from "@/lib/format";
import { useNames } from "@/records/useNames";
import { DropMenu, Person, Picker, type PickItem, Tag } from "@/ui";
import { DateValue } from "./DateValue";
import { LIST_OPERATORS } from "./model";

type Props = {
  entity: Entity;
  field: Field;
  condition: Condition;
  fresh: boolean;
  onChange: (value: unknown) => void;
  onCondition?: ((condition: Condition) => void) | undefined;
};
export const VALUE_CLASS = "h-full max-w-64 truncate px-1.5 font-medium text-accent-text hover:bg-hover";

/** The value part of a condition, chosen in the way of its kind. */
export function FilterValue(props: Props) {
  const { t } = useTranslation();
  const { field, condition, onChange } = props;
  const { filter } = kindOf(field);
  if (condition.op === "between") {
    const edges = Array.isArray(condition.value) ? condition.value : [null, null];
    const edge = (index: 0 | 1) => ({
      ...props,
      fresh: props.fresh && index === 0,
      onCondition: undefined,
      condition: { ...condition, op: "eq" as const, value: edges[index] ?? null },
      onChange: (value: unknown) => onChange(index === 0 ? [value, edges[1] ?? null] : [edges[0] ?? null, value]),
    });
    return (
      <>
        <SingleValue {...edge(0)} />
        <span className="text-fg-2">{t("filters.and")}</span>
        <SingleValue {...edge(1)} />
      </>
    );
  }
  if (filter === "boolean")
    return (
      <DropMenu
        trigger={
          <button
            type="button"
            aria-label={`${field.label}: ${condition.value ? t("common.yes") : t("common.no")}`}
            className={VALUE_CLASS}
          >
            {condition.value ? t("common.yes") : t("common.no")}
          </button>
        }
        items={[true, false].map((value) => ({
          label: value ? t("common.yes") : t("common.no"),
          onSelect: () => onChange(value),
        }))}
      />
    );
  if (field.kind === "any_reference") return <SubjectsValue {...props} />;
  if (filter === "records") return <RecordsValue {...props} />;
  if (filter === "options" || filter === "tags") return <OptionsValue {...props} />;
  return <SingleValue {...props} />;
}

function SingleValue(props: Props) {
  return kindOf(props.field).filter === "date" ? <DateValue {...props} /> : <TypedValue {...props} />;
}

function TypedValue({ field, condition, fresh, onChange }: Props) {
  const { t } = useTranslation();
  const kind = kindOf(field);
  const [typing, setTyping] = useState(false);
  const shown = (value: unknown) =>
    Array.isArray(value) ? value.join(", ") : value === null || value === undefined ? "" : String(value);
  const [text, setText] = useState(shown(condition.value));
  const [held, setHeld] = useState(condition.value);
  if (held !== condition.value) {
    setHeld(condition.value);
    setText(shown(condition.value));
  }
  const commit = () => {
    const many = LIST_OPERATORS.includes(condition.op);
    if (many) {
      onChange(
        text
          .split(",")
          .map((part) => part.trim())
          .filter(Boolean),
      );
      return;
    }
    const parsed = kind.filter === "number" ? kind.parse(text, field) : { ok: true as const, value: text.trim() || null };
    if (parsed.ok && parsed.value !== condition.value) onChange(parsed.value);
  };
  return (
    <input
      aria-label={t("filters.value", { field: field.label })}
      placeholder={t("filters.type")}
      // biome-ignore lint/a11y/noAutofocus: the person has just asked for this condition
      autoFocus={fresh}
      value={!typing && kind.filter === "number" && text !== "" ? kind.text(text, field) : text}
      onFocus={() => setTyping(true)}
      inputMode={kind.filter === "number" ? "decimal" : undefined}
      onChange={(event) => setText(event.target.value)}
      onBlur={() => {
        setTyping(false);
        commit();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
      }}
      style={{ width: `${Math.min(28, Math.max(9, text.length + 2))}ch` }}
      className="h-full bg-transparent px-1.5 font-medium text-accent-text outline-none focus:bg-hover"
    />
  );
}

function optionsOf(field: Field): PickItem[] {
  if (field.kind === "country") return COUNTRIES.map((code) => ({ value: code, label: countryName(code), hint: code }));
  if (field.kind === "currency") return currencyItems();
  if (field.kind === "color" && !field.choices?.length)
    return HUES.map((hue) => ({ value: hue, label: hue, node: <Tag label={hue} hue={hue} /> }));
  return choiceItems(field);
}

function OptionsValue({ field, condition, fresh, onChange }: Props) {
  const { t } = useTranslation();
  const many = LIST_OPERATORS.includes(condition.op);
  const chosen = Array.isArray(condition.value) ? condition.value.map(String) : condition.value ? [String(condition.value)] : [];
  const [open, setOpen] = useState(fresh && chosen.length === 0);
  const tags = useTagItems(field.kind === "tags");
  const items = field.kind === "tags" ? tags : optionsOf(field);
  const shown =
    chosen.map((value) => items.find((item) => item.value === value)?.label ?? value).join(", ") || t("picker.choose");
  return (
    <Picker
      open={open}
      onOpenChange={setOpen}
      label={field.label}
      items={items}
      multiple={many}
      creatable={field.kind === "tags"}
      value={chosen}
      onChange={(next) => onChange(many ? next : (next[0] ?? null))}
      triggerLabel={`${field.label}: ${shown}`}
      trigger={
        <button type="button" className={VALUE_CLASS}>
          {shown}
        </button>
      }
    />
  );
}

function RecordsValue({ field, condition, fresh, onChange }: Props) {
  const { t } = useTranslation();
  const many = LIST_OPERATORS.includes(condition.op);
  const chosen = Array.isArray(condition.value) ? condition.value.map(String) : condition.value ? [String(condition.value)] : [];
  const [open, setOpen] = useState(fresh && chosen.length === 0);
  const [text, setText] = useState("");
  const target = targetOf(field);
  const found = useRecordItems(target, text, open, narrowing(field));
  const names = useNames(target ? chosen.filter((id) => id !== "me").map((id) => ({ entity: target, id })) : []);
  const me: PickItem = { value: "me", label: t("filters.me"), node: <Person name={t("filters.me")} /> };
  const isUser = field.kind === "user";
  const items = isUser && !text ? [me, ...found.items] : found.items;
  const nameOf = (id: string) =>
    id === "me" ? me.label : (names.get(id) ?? found.items.find((item) => item.value === id)?.label ?? "…");
  const shown = chosen.map(nameOf).join(", ") || t("picker.choose");
  return (
    <Picker
      open={open}
      onOpenChange={setOpen}
      label={field.label}
      items={items}
      loading={found.loading}
      onSearch={setText}
      multiple={many}
      value={chosen}
      onChange={(next) => onChange(many ? next : (next[0] ?? null))}
      triggerLabel={`${field.label}: ${shown}`}
      trigger={
        <button type="button" className={VALUE_CLASS}>
          {shown}
        </button>
      }
    />
  );
}

/** Records of several kinds. Which kind an id is of is asked of each, once, by a list that may well be empty. */
function SubjectsValue({ field, condition, fresh, onChange }: Props) {
  const { t } = useTranslation();
  const many = LIST_OPERATORS.includes(condition.op);
  const chosen = [condition.value].flat().filter((id): id is string => typeof id === "string");
  const [open, setOpen] = useState(fresh && chosen.length === 0);
  const [text, setText] = useState("");
  const found = useSubjectItems(field, text, open);
  const targets = targetsOf(field);
  const asked = useQueries({
    queries: targets.map((entity) => ({
      queryKey: ["list", entity.plural, { named: chosen }],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        fetchList(entity.plural, { filter: { field: "id", op: "in", value: chosen } }, { limit: 50 }, signal),
      enabled: chosen.length > 0,
      staleTime: 5 * 60_000,
    })),
  });
  const known = targets.flatMap((entity, index) =>
    (asked[index]?.data?.data ?? []).map((record) => ({ value: record.id, label: titleOf(entity, record), hint: entity.label })),
  );
  const items = [...known.filter((item) => !text && !found.items.some((one) => one.value === item.value)), ...found.items];
  const shown = chosen.map((id) => items.find((item) => item.value === id)?.label ?? "…").join(", ") || t("picker.choose");
  return (
    <Picker
      open={open}
      onOpenChange={setOpen}
      label={field.label}
      items={items}
      loading={found.loading}
      onSearch={setText}
      multiple={many}
      value={chosen}
      onChange={(next) => onChange(many ? next : (next[0] ?? null))}
      triggerLabel={`${field.label}: ${shown}`}
      trigger={
        <button type="button" className={VALUE_CLASS}>
          {shown}
        </button>
      }
    />
  );
}
