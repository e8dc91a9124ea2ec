import "@/i18n/connect";
import { findEntity, useMeta } from "@/api/queries";
import { StructureGroup } from "@/fields/parts/StructureGroup";
import { draftOf, type InputProps, Unfinished } from "@/fields/types";
import { ConditionsEditor } from "@/filters/ConditionsEditor";
import { draftOfTree, problemOfDraft, treeOfDraft } from "@/filters/tree";
import { NoTrigger } from "./ActionsInput";

/** What must hold for an automation to do anything, as the conditions of a list. */
export default function ConditionsInput({ value, values, onChange, ...held }: InputProps) {
  const trigger = findEntity(useMeta(), String(values.trigger_entity ?? ""));
  if (!trigger) return <NoTrigger {...held} />;
  return (
    <StructureGroup {...held}>
      <ConditionsEditor
        entity={trigger}
        draft={draftOf(value, (stored) => draftOfTree(stored, trigger))}
        onChange={(draft) => {
          const problem = problemOfDraft(draft, trigger);
          onChange(problem ? new Unfinished(draft, problem) : treeOfDraft(draft));
        }}
      />
    </StructureGroup>
  );
}
