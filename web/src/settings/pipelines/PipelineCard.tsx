import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { MoreHorizontal, Pencil, Plus, Star, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refreshLists } from "@/api/cache";
import { request } from "@/api/client";
import { can, findEntity, useMeta } from "@/api/queries";
import type { Entity, Pipeline, Rec } from "@/api/types";
import { RecordDialog } from "@/forms/RecordDialog";
import { within } from "@/lib/words";
import { confirm } from "@/records/dialogs";
import { deleteRecord, editRecord } from "@/records/edit";
import { Button, DropMenu, Empty } from "@/ui";
import { moved, SortableList } from "@/ui/Sortable";
import { Card } from "../frame";
import { inOrder, reorder } from "../order";
import { MergeDialog } from "./MergeDialog";
import { purposeOf } from "./model";
import { StageLine } from "./StageLine";

const LINE = 45;
/** What a stage is made of, in the order of its form. Fields that the server does not have are left out. */
const STAGE_FIELDS = ["name", "kind", "lead_status", "probability", "color"];

/** How many records stand in each stage of a pipeline. */
function useCounts(pipeline: Rec): Map<string, number> {
  const records = findEntity(useMeta(), purposeOf(pipeline));
  const { data } = useQuery({
    queryKey: ["pipeline", pipeline.id, "counts"],
    queryFn: () => request<Pipeline>(`/${records?.plural}/pipeline`, { query: { pipeline_id: pipeline.id } }),
    enabled: records !== undefined,
  });
  return new Map((data?.stages ?? []).map((stage) => [stage.id, stage.count]));
}

/** One pipeline: its name, whether it is the default, and its stages in their order. */
export function PipelineCard({
  entity,
  stage,
  pipeline,
  siblings,
  stages,
}: {
  entity: Entity;
  stage: Entity;
  pipeline: Rec;
  siblings: Rec[];
  stages: Rec[];
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const meta = useMeta();
  const counts = useCounts(pipeline);
  const [dialog, setDialog] = useState<{ kind: "rename" | "stage" } | { kind: "edit" | "merge"; stage: Rec } | null>(null);
  const ordered = inOrder(stages);
  const mayChange = can(stage, "update");
  const name = String(pipeline.name);
  const records = findEntity(meta, purposeOf(pipeline));
  const isDefault = pipeline.is_default === true;
  const used = ordered.some((one) => (counts.get(one.id) ?? 0) > 0);
  const stageFields = STAGE_FIELDS.filter((field) => field !== "lead_status" || purposeOf(pipeline) === "lead");
  const makeDefault = async () => {
    const field = entity.fields.find((one) => one.name === "is_default");
    if (field && (await editRecord(entity, pipeline, [{ field, value: true }]))) refreshLists(entity.plural);
  };
  const remove = async () => {
    if (!(await confirm(t("pipelines.removeTitle", { name }), t("pipelines.removeHint"), t("common.delete")))) return;
    if (await deleteRecord(entity, pipeline)) {
      refreshLists(stage.plural);
      void navigate({ to: "/settings/pipelines", search: {} });
    }
  };
  const removeStage = async (held: Rec) => {
    const sure = await confirm(
      t("pipelines.removeStageTitle", { stage: String(held.name) }),
      t("pipelines.removeStageHint"),
      t("common.delete"),
    );
    if (sure) await deleteRecord(stage, held);
  };
  const close = () => setDialog(null);
  return (
    <Card
      title={name}
      hint={isDefault ? t("pipelines.defaultHint", { records: within(records?.label_plural ?? "") }) : t("pipelines.hint")}
      flush
      aside={
        <>
          {can(stage, "create") && (
            <Button size="sm" onClick={() => setDialog({ kind: "stage" })}>
              <Plus size={14} aria-hidden />
              {t("pipelines.newStage")}
            </Button>
          )}
          {can(entity, "update") && (
            <DropMenu
              align="end"
              label={t("people.actionsFor", { name })}
              trigger={
                <Button variant="ghost" size="icon" aria-label={t("people.actionsFor", { name })}>
                  <MoreHorizontal size={15} />
                </Button>
              }
              items={[
                { label: t("people.rename"), icon: <Pencil size={14} />, onSelect: () => setDialog({ kind: "rename" }) },
                {
                  label: t("pipelines.makeDefault"),
                  icon: <Star size={14} />,
                  disabled: isDefault,
                  onSelect: () => void makeDefault(),
                },
                ...(can(entity, "delete")
                  ? [
                      "separator" as const,
                      {
                        label: t("pipelines.remove"),
                        icon: <Trash2 size={14} />,
                        danger: true,
                        disabled: isDefault || used || siblings.length < 2,
                        hint:
                          isDefault || siblings.length < 2
                            ? t("pipelines.defaultStays")
                            : used
                              ? t("pipelines.inUse")
                              : undefined,
                        onSelect: () => void remove(),
                      },
                    ]
                  : []),
              ]}
            />
          )}
        </>
      }
    >
      {ordered.length === 0 ? (
        <Empty icon={<Plus size={20} />} title={t("board.noStages")} hint={t("pipelines.noStagesHint")}>
          {can(stage, "create") && (
            <Button variant="primary" onClick={() => setDialog({ kind: "stage" })}>
              {t("pipelines.newStage")}
            </Button>
          )}
        </Empty>
      ) : (
        <SortableList
          names={ordered.map((one) => String(one.name))}
          lineHeight={LINE}
          onMove={(from, to) => void reorder(stage, moved(ordered, from, to))}
        >
          {ordered.map((one, index) => (
            <StageLine
              key={one.id}
              entity={stage}
              stage={one}
              index={index}
              count={counts.get(one.id)}
              records={records}
              disabled={!mayChange}
              alone={ordered.length < 2}
              onEdit={() => setDialog({ kind: "edit", stage: one })}
              onMerge={() => setDialog({ kind: "merge", stage: one })}
              onRemove={() => void removeStage(one)}
            />
          ))}
        </SortableList>
      )}
      {dialog?.kind === "stage" && (
        <RecordDialog
          entity={stage}
          names={stageFields}
          preset={{ pipeline_id: pipeline.id, position: ordered.length + 1, color: "gray", kind: "open" }}
          title={t("pipelines.newStage")}
          action={t("pipelines.createStage")}
          onClose={close}
        />
      )}
      {dialog?.kind === "edit" && (
        <RecordDialog
          entity={stage}
          names={stageFields}
          record={dialog.stage}
          title={t("pipelines.editStage")}
          action={t("common.save")}
          onClose={close}
        />
      )}
      {dialog?.kind === "rename" && (
        <RecordDialog
          entity={entity}
          names={["name"]}
          record={pipeline}
          title={t("pipelines.rename")}
          action={t("common.save")}
          onClose={close}
        />
      )}
      {dialog?.kind === "merge" && (
        <MergeDialog
          entity={stage}
          stage={dialog.stage}
          others={ordered.filter((one) => one.id !== dialog.stage.id)}
          records={records}
          count={counts.get(dialog.stage.id)}
          onClose={close}
        />
      )}
    </Card>
  );
}
