import "@/i18n/work";
import { useTranslation } from "react-i18next";
import { findEntity, useMeta } from "@/api/queries";
import type { FilterTree } from "@/api/types";
import { StructureGroup } from "@/fields/parts/StructureGroup";
import { draftOf, type InputProps, Unfinished, type ViewProps } from "@/fields/types";
import { isObject } from "@/fields/values";
import { ClauseView } from "@/filters/ClauseView";
import { ConditionsEditor } from "@/filters/ConditionsEditor";
import { clauseOf } from "@/filters/clause";
import { draftOfTree, type FilterDraft, problemOfDraft, treeOfDraft } from "@/filters/tree";

const KINDS = ["contact", "lead"];
const kindOf = (value: unknown): string => (isObject(value) && typeof value.entity === "string" ? value.entity : "");

/** Whom a campaign is for: one kind of people, narrowed down as a list of them is. */
export default function AudienceInput({ value, onChange, ...held }: InputProps) {
  const { t } = useTranslation();
  const meta = useMeta();
  const offered = KINDS.flatMap((name) => findEntity(meta, name) ?? []);
  const draft = draftOf(value, (stored): { name: string; filter: FilterDraft | null } => {
    const entity = findEntity(meta, kindOf(stored));
    return {
      name: kindOf(stored),
      filter: entity ? draftOfTree(isObject(stored) ? stored.filter : null, entity) : null,
    };
  });
  const entity = findEntity(meta, draft.name);
  return (
    <StructureGroup {...held} className="flex flex-col gap-2">
      <select
        aria-label={t("campaigns.audienceOf")}
        className="field-box h-9 pointer-coarse:h-10"
        value={draft.name}
        onChange={(event) => onChange(event.target.value ? { entity: event.target.value } : null)}
      >
        <option value="">{t("campaigns.nobody")}</option>
        {offered.map((one) => (
          <option key={one.name} value={one.name}>
            {one.label_plural}
          </option>
        ))}
      </select>
      {entity && draft.filter && (
        <ConditionsEditor
          entity={entity}
          draft={draft.filter}
          onChange={(filter) => {
            const problem = problemOfDraft(filter, entity);
            const tree = treeOfDraft(filter);
            onChange(
              problem
                ? new Unfinished({ name: entity.name, filter }, problem)
                : { entity: entity.name, ...(tree ? { filter: tree } : {}) },
            );
          }}
        />
      )}
    </StructureGroup>
  );
}

/** An audience in words. */
export function AudienceView({ value }: ViewProps) {
  const { t } = useTranslation();
  const entity = findEntity(useMeta(), kindOf(value));
  const clause = isObject(value) ? clauseOf(value.filter as FilterTree | null) : undefined;
  return (
    <span className="min-w-0 py-1.5 break-words">
      {entity?.label_plural ?? kindOf(value)}
      {clause && (
        <>
          {": "}
          <ClauseView clause={clause} entity={entity} />
        </>
      )}
      {!clause && <span className="text-fg-2"> ({t("campaigns.everyone")})</span>}
    </span>
  );
}
