import { Archive, ArchiveRestore, Merge, MoreHorizontal, Pencil, Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { can } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { kindOf } from "@/fields/registry";
import { number } from "@/lib/format";
import { nearestHue } from "@/lib/hues";
import { editRecord } from "@/records/edit";
import { Button, cx, DropMenu, type MenuEntry, notify, Tag } from "@/ui";
import { HueButton } from "@/ui/HueButton";
import { InlineText } from "@/ui/InlineText";
import { SortableLine } from "@/ui/Sortable";
import { labelFor } from "./model";

/** One stage of a pipeline, changed where it stands. */
export function StageLine({
  entity,
  stage,
  index,
  count,
  records,
  disabled,
  alone,
  onEdit,
  onMerge,
  onRemove,
}: {
  entity: Entity;
  stage: Rec;
  index: number;
  /** How many records stand in it, once that is known. */
  count: number | undefined;
  records: Entity | undefined;
  disabled: boolean;
  /** The only stage of its pipeline: there is nothing to merge it into. */
  alone: boolean;
  onEdit: () => void;
  onMerge: () => void;
  onRemove: () => void;
}) {
  const { t } = useTranslation();
  const name = String(stage.name);
  const retired = stage.is_active === false;
  const kind = entity.fields.find((field) => field.name === "kind");
  const shown = (kind?.choices ?? []).find((choice) => choice.value === stage.kind);
  const status = entity.fields.find((field) => field.name === "lead_status");
  const set = (fieldName: string, value: unknown) => {
    const field = entity.fields.find((one) => one.name === fieldName);
    if (field) void editRecord(entity, stage, [{ field, value }]);
  };
  const setProbability = (text: string) => {
    const field = entity.fields.find((one) => one.name === "probability");
    const parsed = field && kindOf(field).parse(text.replace("%", ""), field);
    if (parsed?.ok) set("probability", parsed.value);
    else notify(t("problems.number", { label: field?.label ?? "" }), { error: true });
  };
  const full = count !== undefined && count > 0;
  const items: MenuEntry[] = [
    { label: t("pipelines.edit"), icon: <Pencil size={14} />, onSelect: onEdit },
    retired
      ? { label: t("pipelines.bringBack"), icon: <ArchiveRestore size={14} />, onSelect: () => set("is_active", true) }
      : {
          label: t("pipelines.retire"),
          hint: t("pipelines.retireHint"),
          icon: <Archive size={14} />,
          onSelect: () => set("is_active", false),
        },
    ...(can(entity, "delete")
      ? [
          "separator" as const,
          {
            label: t("pipelines.merge"),
            icon: <Merge size={14} />,
            disabled: alone,
            hint: alone ? t("pipelines.onlyStage") : undefined,
            onSelect: onMerge,
          },
          {
            label: t("pipelines.removeStage"),
            icon: <Trash2 size={14} />,
            danger: true,
            disabled: full,
            hint: full ? t("pipelines.stageFull") : undefined,
            onSelect: onRemove,
          },
        ]
      : []),
  ];
  return (
    <SortableLine
      id={stage.id}
      index={index}
      handle={disabled ? null : t("pipelines.moveStage", { stage: name })}
      className="flex min-h-11 items-center gap-1 border-b px-2 py-1 last:border-b-0 lg:px-3"
    >
      <HueButton
        label={t("pipelines.colorOf", { stage: name })}
        value={nearestHue(stage.color) ?? "gray"}
        disabled={disabled}
        onChange={(hue) => set("color", hue)}
      />
      <InlineText
        label={t("pipelines.nameOf", { stage: name })}
        value={name}
        maxLength={100}
        disabled={disabled}
        onCommit={(value) => set("name", value)}
        className={cx("flex-1 font-medium", retired && "text-fg-3 line-through")}
      />
      <span className="flex shrink-0 items-center gap-1.5 max-sm:hidden">
        {retired && <Tag label={t("pipelines.retired")} />}
        {stage.lead_status !== undefined && stage.lead_status !== null && (
          <span className="text-xs text-fg-2">
            {(status?.choices ?? []).find((choice) => choice.value === stage.lead_status)?.label ?? String(stage.lead_status)}
          </span>
        )}
        {shown && <Tag label={shown.label} hue={shown.hue} />}
      </span>
      <InlineText
        label={t("pipelines.probabilityOf", { stage: name })}
        value={String(stage.probability ?? 0)}
        inputMode="numeric"
        suffix="%"
        disabled={disabled}
        onCommit={setProbability}
        className="tabular w-16 shrink-0"
      />
      <span className="tabular w-20 shrink-0 text-end text-fg-2 max-md:hidden" data-stage-count={stage.id}>
        {count === undefined ? "" : t("pipelines.count", { count, shown: number(count), records: labelFor(records, count) })}
      </span>
      {!disabled && (
        <DropMenu
          align="end"
          label={t("people.actionsFor", { name })}
          trigger={
            <Button variant="ghost" size="icon" aria-label={t("people.actionsFor", { name })}>
              <MoreHorizontal size={15} />
            </Button>
          }
          items={items}
        />
      )}
    </SortableLine>
  );
}
