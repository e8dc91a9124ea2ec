import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import type { Entity, Field } from "@/api/types";
import { kindOf } from "@/fields/registry";
import { isBlank } from "@/fields/values";
import { inWords } from "@/lib/words";
import { type Clause, fieldIn, labelOf } from "./clause";
import { useDayWords } from "./DateValue";
import { useOperatorWord } from "./FilterChip";

const LISTS = new Set(["tags", "multi_choice", "json"]);

/** A value as the pages show it, where its field is known; of several, one after the other. */
export function Told({ field, value }: { field: Field | undefined; value: unknown }) {
  if (!Array.isArray(value) || (field && LISTS.has(field.kind))) return <ToldOne field={field} value={value} />;
  return value.map((one, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: values have no identity but their order
    <Fragment key={at}>
      {at > 0 && ", "}
      <ToldOne field={field} value={one} />
    </Fragment>
  ));
}
function ToldOne({ field, value }: { field: Field | undefined; value: unknown }) {
  const { t } = useTranslation();
  const dayWords = useDayWords();
  if (isBlank(value)) return "—";
  if (!field) return typeof value === "object" ? JSON.stringify(value) : String(value);
  const { filter, View, text } = kindOf(field);
  if (filter === "date") return dayWords(String(value));
  if (filter === "records")
    return value === "me" ? (
      t("filters.me")
    ) : (
      <span className="inline-flex max-w-full min-w-24 align-bottom">
        <View field={field} value={value} record={{}} />
      </span>
    );
  return text(value, field) || String(value);
}

/** A filter in words, as deep as it is. */
export function ClauseView({ clause, entity }: { clause: Clause; entity: Entity | undefined }) {
  const { t } = useTranslation();
  const word = useOperatorWord();
  if ("join" in clause) {
    const [only] = clause.parts;
    if (clause.parts.length === 1 && clause.join !== "none" && only) return <ClauseView clause={only} entity={entity} />;
    return (
      <>
        <span className="text-fg-2">{t(`filters.told.${clause.join}`)}</span>
        <ul className="m-0 mt-1 flex list-none flex-col gap-1 border-s ps-3">
          {clause.parts.map((part, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: conditions have no identity but their order
            <li key={at}>
              <ClauseView clause={part} entity={entity} />
            </li>
          ))}
        </ul>
      </>
    );
  }
  const field = fieldIn(entity, clause.field);
  return (
    <>
      <strong className="font-semibold">{labelOf(entity, clause.field)}</strong>{" "}
      <span className="text-fg-2">{field ? word(field, clause.op, clause.value) : inWords(clause.op).toLowerCase()}</span>
      {clause.op !== "is_null" && (
        <>
          {" "}
          <Told field={field} value={clause.value} />
        </>
      )}
    </>
  );
}
