import { useSortable } from "@dnd-kit/react/sortable";
import { useNavigate } from "@tanstack/react-router";
import { ArrowRightLeft, CalendarDays, GripVertical, PanelRightOpen } from "lucide-react";
import { memo, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Entity, Field, PipelineStage, Rec } from "@/api/types";
import { kindOf } from "@/fields/registry";
import { hasFace, isBlank, isPerson, targetOf, titleOf, valueIn } from "@/fields/values";
import { day, isoDay, percent, shortDay } from "@/lib/format";
import { Avatar, cx, DropMenu } from "@/ui";
import { faceOf } from "./face";

type CardProps = {
  entity: Entity;
  record: Rec;
  index: number;
  stage: PipelineStage;
  stages: PipelineStage[];
  onMove: (id: string, to: string) => void;
  onPeek: (id: string) => void;
};

/** A record that can be dragged by mouse, touch or keys, or moved by its menu. */
export const SortableCard = memo(function SortableCard({ entity, record, index, stage, stages, onMove, onPeek }: CardProps) {
  const { t } = useTranslation();
  const { ref, handleRef, isDragSource } = useSortable({
    id: record.id,
    index,
    group: stage.id,
    type: "card",
    accept: "card",
    collisionPriority: 2,
  });
  const name = titleOf(entity, record);
  const tool = "flex size-6 items-center justify-center rounded-xs text-fg-3 hover:bg-hover hover:text-fg pointer-coarse:size-10";
  return (
    <li
      ref={ref}
      data-card={record.id}
      className={cx(
        "group relative shrink-0 rounded-md bg-raised p-3 shadow-card select-none hover:shadow-pop",
        isDragSource && "opacity-40",
      )}
    >
      <CardBody entity={entity} record={record} stage={stage} linked />
      <div className="absolute end-1.5 top-1.5 flex rounded-sm bg-raised opacity-0 shadow-[0_0_0_1px_var(--line)] group-hover:opacity-100 focus-within:opacity-100 pointer-coarse:-end-px pointer-coarse:-top-px pointer-coarse:bg-transparent pointer-coarse:opacity-100 pointer-coarse:shadow-none">
        <button
          type="button"
          aria-label={t("board.peek", { name })}
          className={cx(tool, "pointer-coarse:hidden")}
          onClick={() => onPeek(record.id)}
        >
          <PanelRightOpen size={13} />
        </button>
        <DropMenu
          align="end"
          label={t("board.moveTo")}
          trigger={
            <button type="button" aria-label={t("board.moveCard", { name })} className={tool}>
              <ArrowRightLeft size={13} />
            </button>
          }
          items={[
            { heading: t("board.moveTo") },
            ...stages
              .filter((entry) => entry.id !== stage.id)
              .map((entry) => ({ label: entry.name, onSelect: () => onMove(record.id, entry.id) })),
          ]}
        />
        <button
          ref={handleRef}
          data-grip
          type="button"
          aria-label={t("board.grip", { name })}
          className={cx(tool, "cursor-grab touch-none")}
        >
          <GripVertical size={14} />
        </button>
      </div>
    </li>
  );
});

/** A figure that the machine keeps, out of a hundred, at a glance: three bars. */
function Bars({ value, label }: { value: number; label: string }) {
  const lit = value >= 67 ? 3 : value >= 34 ? 2 : 1;
  return (
    <span
      role="img"
      aria-label={label}
      title={label}
      className={cx("flex items-end gap-0.5", lit === 3 ? "text-accent-text" : "text-fg-2")}
    >
      {[1, 2, 3].map((bar) => (
        <span
          key={bar}
          className={cx("w-[3px] rounded-[1px] bg-current", bar > lit && "opacity-25")}
          style={{ height: 3 + bar * 3 }}
        />
      ))}
    </span>
  );
}

/** The face of a record: what it is, for whom, how much and how likely, by when, and whose it is. */
export function CardBody({
  entity,
  record,
  stage,
  linked = false,
}: {
  entity: Entity;
  record: Rec;
  stage: PipelineStage | undefined;
  linked?: boolean;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const face = useMemo(() => faceOf(entity), [entity]);
  const textOf = (field: Field | undefined) => (field ? kindOf(field).text(valueIn(record, field), field, record) : "");
  const name = titleOf(entity, record);
  const second = textOf(face.second);
  const secondTarget = face.second ? targetOf(face.second) : undefined;
  const owner = textOf(face.owner);
  const amount = face.amount && !isBlank(valueIn(record, face.amount)) ? textOf(face.amount) : "";
  const due = face.due ? String(valueIn(record, face.due) ?? "") : "";
  const close = due && face.due?.kind === "timestamp" ? isoDay(new Date(due)) : due;
  const late = close !== "" && close < isoDay(new Date()) && (stage?.kind ?? "open") === "open";
  const own = face.share ? valueIn(record, face.share) : undefined;
  const share = typeof own === "number" ? own : !face.share || face.share.read_only ? undefined : stage?.probability;
  return (
    <>
      <p className="pe-12 font-medium pointer-coarse:pe-20">
        {linked ? (
          <a
            href={`/${entity.plural}/${record.id}`}
            draggable={false}
            className="underline-offset-3 hover:underline"
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey) return;
              event.preventDefault();
              void navigate({ to: "/$entity/$id", params: { entity: entity.plural, id: record.id } });
            }}
          >
            {name}
          </a>
        ) : (
          name
        )}
      </p>
      {second && second !== name && (
        <p className="mt-1 flex items-center gap-1.5 text-fg-2">
          {(!secondTarget || hasFace(secondTarget)) && <Avatar name={second} square={!isPerson(secondTarget)} size={16} />}
          <span className="truncate">{second}</span>
        </p>
      )}
      <div className="mt-2.5 flex items-center gap-2 whitespace-nowrap">
        {amount && <span className="tabular font-semibold">{amount}</span>}
        {share !== undefined &&
          (face.share?.read_only ? (
            <Bars value={share} label={`${face.share.label} ${percent(share)}`} />
          ) : (
            <span className="tabular text-xs text-fg-3" title={face.share?.label}>
              {percent(share)}
            </span>
          ))}
        <span className="ms-auto flex items-center gap-2">
          {close && (
            <span
              title={day(close)}
              className={cx("tabular flex items-center gap-1 text-xs", late ? "font-medium text-danger-text" : "text-fg-3")}
            >
              <CalendarDays size={12} aria-hidden />
              {late && <span className="sr-only">{t("board.overdue")}</span>}
              {shortDay(close)}
            </span>
          )}
          {owner && (
            <span title={owner} className="flex">
              <Avatar name={owner} size={20} />
              <span className="sr-only">{owner}</span>
            </span>
          )}
        </span>
      </div>
    </>
  );
}
