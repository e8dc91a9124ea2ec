import { useQueries } from "@tanstack/react-query";
import { ArrowRight, ChevronsUpDown } from "lucide-react";
import { useTranslation } from "react-i18next";
import { fetchList, findEntity, useMeta } from "@/api/queries";
import type { Entity, ImportOptions } from "@/api/types";
import { Named } from "@/fields/parts/RecordPick";
import { titleOf } from "@/fields/values";
import { cx, Picker, type PickItem } from "@/ui";
import type { Choices, Mapping } from "./model";
import { type ListField, listFieldOf, type Meaning, unknownValues } from "./values";

const AS_IT_IS = "";
const MOST_RECORDS = 200;

/** Values of the file that are not among those a field knows, each with what it means. Nothing where all are known. */
export function ValuesStep({
  entity,
  mapping,
  values,
  choices,
  onChoices,
}: {
  entity: Entity;
  mapping: Mapping;
  /** The different values by column. */
  values: Map<string, string[]>;
  choices: Choices;
  onChoices: (choices: Choices) => void;
}) {
  const { t } = useTranslation();
  const meta = useMeta();
  const lists = Object.entries(mapping).flatMap(([header, name]) => {
    const found = values.get(header);
    const list = name && found ? listFieldOf(entity, name, (other) => findEntity(meta, other)) : null;
    return list && found ? [{ header, list, found }] : [];
  });
  const records = useQueries({
    queries: lists.map(({ list }) => ({
      queryKey: ["list", "target" in list ? list.target.plural : "", { meanings: true }],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        "target" in list
          ? fetchList(list.target.plural, {}, { limit: MOST_RECORDS }, signal).then((page) => meaningsOf(list.target, page.data))
          : Promise.resolve([]),
      enabled: "target" in list,
    })),
  });
  const open = lists.flatMap(({ header, list, found }, index) => {
    const meanings = "target" in list ? records[index]?.data : list.meanings;
    const unknown = meanings ? unknownValues(found, meanings) : [];
    return meanings && unknown.length > 0 ? [{ header, list, meanings, unknown }] : [];
  });
  if (open.length === 0) return null;
  const set = (field: string, text: string, meaning: string | undefined) => {
    const held = { ...choices.value_map[field] };
    if (meaning) held[text] = meaning;
    else delete held[text];
    onChoices({ ...choices, value_map: { ...choices.value_map, [field]: held } });
  };
  return (
    <section aria-label={t("imports.values")} className="rounded-md bg-raised p-4 shadow-card">
      <h2 className="font-semibold">{t("imports.values")}</h2>
      <p className="mt-0.5 mb-3 text-fg-2">{t("imports.valuesHint")}</p>
      <div className="grid gap-x-8 gap-y-5 lg:grid-cols-2">
        {open.map(({ header, list, meanings, unknown }) => (
          <div key={header}>
            <h3 className="mb-1.5 text-xs font-medium text-fg-2">
              {header} → {list.label}
            </h3>
            <ul className="m-0 flex list-none flex-col gap-1.5 p-0">
              {unknown.map((text) => (
                <Line
                  key={text}
                  text={text}
                  list={list}
                  meanings={meanings}
                  missing={choices.missing_references}
                  meaning={choices.value_map[list.field]?.[text]}
                  onChange={(meaning) => set(list.field, text, meaning)}
                />
              ))}
            </ul>
          </div>
        ))}
      </div>
    </section>
  );
}

const meaningsOf = (entity: Entity, records: Parameters<typeof titleOf>[1][]): Meaning[] =>
  records.flatMap((record) =>
    record ? [{ value: String(record.id), label: titleOf(entity, record), color: record.color }] : [],
  );

function Line({
  text,
  list,
  meanings,
  missing,
  meaning,
  onChange,
}: {
  text: string;
  list: ListField;
  meanings: Meaning[];
  missing: ImportOptions["missing_references"];
  meaning: string | undefined;
  onChange: (meaning: string | undefined) => void;
}) {
  const { t } = useTranslation();
  const target = "target" in list ? list.target : undefined;
  const fallback = t(`imports.unknown.${target ? missing : "as_is"}`);
  const items: PickItem[] = [
    { value: AS_IT_IS, label: fallback, node: <span className="text-fg-3">{fallback}</span> },
    ...meanings.map(({ value, label, color }) => ({
      value,
      label,
      node: <Named entity={target} name={label} color={color} />,
    })),
  ];
  const chosen = meanings.find(({ value }) => value === meaning);
  return (
    <li className="flex items-center gap-2">
      <span className="min-w-0 flex-1 truncate" title={text}>
        {text}
      </span>
      <ArrowRight size={14} className="shrink-0 text-fg-3 rtl:rotate-180" aria-hidden />
      <Picker
        label={t("imports.meaningOf", { value: text })}
        triggerLabel={`${text}: ${chosen?.label ?? fallback}`}
        items={items}
        value={[meaning ?? AS_IT_IS]}
        onChange={([next]) => onChange(next || undefined)}
        trigger={
          <button
            type="button"
            className="field-box flex h-8 w-48! shrink-0 items-center gap-2 text-start pointer-coarse:h-10 max-sm:w-40!"
          >
            <span className={cx("flex min-w-0 flex-1 truncate", !chosen && "text-fg-3")}>
              {chosen ? <Named entity={target} name={chosen.label} color={chosen.color} /> : fallback}
            </span>
            <ChevronsUpDown size={14} className="shrink-0 text-fg-3" aria-hidden />
          </button>
        }
      />
    </li>
  );
}
