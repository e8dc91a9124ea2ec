import { MoreHorizontal, Pencil, Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { can } from "@/api/queries";
import type { Entity, Kind, Rec } from "@/api/types";
import { Button, DropMenu, Tag } from "@/ui";
import { SortableLine } from "@/ui/Sortable";
import { KindIcon } from "./KindIcon";
import { draftOf } from "./model";

const MOST = 4;

/** One custom field: what it is called, what it holds, and its rules. */
export function FieldLine({
  entity,
  field,
  index,
  disabled,
  onEdit,
  onRemove,
}: {
  entity: Entity;
  field: Rec;
  index: number;
  disabled: boolean;
  onEdit: () => void;
  onRemove: () => void;
}) {
  const { t } = useTranslation();
  const draft = draftOf(field);
  const name = draft.label;
  const kind = entity.fields.find((one) => one.name === "kind")?.choices?.find((choice) => choice.value === draft.kind);
  const rules = [
    draft.is_required && t("customFields.required"),
    draft.is_unique && t("customFields.unique"),
    !draft.is_filterable && t("customFields.notFilterable"),
  ].filter((rule): rule is string => Boolean(rule));
  return (
    <SortableLine
      id={field.id}
      index={index}
      handle={disabled ? null : t("customFields.move", { label: name })}
      className="flex min-h-13 items-center gap-3 border-b px-2 py-1.5 last:border-b-0 lg:px-3"
    >
      <span className="flex size-8 shrink-0 items-center justify-center rounded-sm bg-hover text-fg-2">
        <KindIcon kind={draft.kind as Kind} />
      </span>
      <div className="min-w-0 flex-1">
        <p className="flex min-w-0 items-center gap-2">
          <span className="truncate font-medium">{name}</span>
          <code className="truncate font-mono text-xs text-fg-3 max-sm:hidden">{draft.key}</code>
        </p>
        <p className="flex min-w-0 items-center gap-1.5 text-xs text-fg-2">
          <span className="truncate">{[kind?.label ?? draft.kind, ...rules].join(" · ")}</span>
        </p>
      </div>
      {draft.choices.length > 0 && (
        <span className="flex min-w-0 shrink-0 gap-1 max-lg:hidden">
          {draft.choices.slice(0, MOST).map((choice) => (
            <Tag key={choice.id} label={choice.label} hue={choice.hue} />
          ))}
          {draft.choices.length > MOST && <Tag label={`+${draft.choices.length - MOST}`} />}
        </span>
      )}
      {!disabled && (
        <DropMenu
          align="end"
          label={t("people.actionsFor", { name })}
          trigger={
            <Button variant="ghost" size="icon" aria-label={t("people.actionsFor", { name })}>
              <MoreHorizontal size={15} />
            </Button>
          }
          items={[
            { label: t("customFields.edit"), icon: <Pencil size={14} />, onSelect: onEdit },
            ...(can(entity, "delete")
              ? [
                  "separator" as const,
                  { label: t("customFields.removeDots"), icon: <Trash2 size={14} />, danger: true, onSelect: onRemove },
                ]
              : []),
          ]}
        />
      )}
    </SortableLine>
  );
}
