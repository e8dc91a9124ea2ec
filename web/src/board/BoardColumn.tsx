import { useDroppable } from "@dnd-kit/react";
import { Plus } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Entity, Hue, PipelineStage, Rec } from "@/api/types";
import { number } from "@/lib/format";
import { nearestHue } from "@/lib/hues";
import { within } from "@/lib/words";
import { explain } from "@/records/errors";
import { Button, cx, Notice, Skeleton, Tag } from "@/ui";
import { SortableCard } from "./Card";
import { StageTotals } from "./Totals";

const BY_KIND: Record<PipelineStage["kind"], Hue> = { open: "blue", won: "green", lost: "red" };
export const hueOfStage = (stage: PipelineStage): Hue => nearestHue(stage.color) ?? BY_KIND[stage.kind];

export function BoardColumn({
  entity,
  stage,
  stages,
  records,
  loading,
  failed,
  onMore,
  onMove,
  onPeek,
  onAdd,
}: {
  entity: Entity;
  stage: PipelineStage;
  stages: PipelineStage[];
  records: Rec[];
  loading: boolean;
  failed: unknown;
  onMore: (() => void) | undefined;
  onMove: (id: string, to: string) => void;
  onPeek: (id: string) => void;
  onAdd: (() => void) | undefined;
}) {
  const { t } = useTranslation();
  const { ref, isDropTarget } = useDroppable({
    id: `stage:${stage.id}`,
    type: "column",
    accept: "card",
    // A card under the pointer says more than its column. An empty column counts as much as a card: the keyboard would
    // otherwise pass it over for the next card, however far away.
    collisionPriority: records.length === 0 ? 2 : 1,
  });
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring its own box and legend
    <div
      role="group"
      aria-label={stage.name}
      data-stage={stage.id}
      className="flex w-[min(288px,84vw)] shrink-0 snap-center flex-col"
    >
      <header className="flex h-8 shrink-0 items-center gap-2 px-1">
        <Tag label={stage.name} hue={hueOfStage(stage)} dot />
        <span className="tabular text-fg-2" data-count>
          {number(stage.count)}
        </span>
        {onAdd && (
          <Button
            variant="ghost"
            size="icon"
            className="ms-auto"
            aria-label={t("board.add", { label: within(entity.label), stage: stage.name })}
            onClick={onAdd}
          >
            <Plus size={15} />
          </Button>
        )}
      </header>
      <StageTotals entity={entity} stage={stage} />
      <ul
        ref={ref}
        className={cx(
          "scroll m-0 flex min-h-24 flex-1 list-none flex-col gap-2 rounded-md p-1 transition-colors",
          isDropTarget && "bg-active/60",
        )}
      >
        {loading && [1, 2, 3].map((card) => <Skeleton key={card} className="h-[92px] shrink-0 rounded-md!" />)}
        {failed ? <Notice>{explain(failed)}</Notice> : null}
        {!loading && !failed && records.length === 0 && (
          <li className="rounded-md border border-dashed border-line-strong px-3 py-5 text-center text-xs text-fg-3">
            {t("board.emptyColumn", { label: within(entity.label) })}
          </li>
        )}
        {records.map((record, index) => (
          <SortableCard
            key={record.id}
            entity={entity}
            record={record}
            index={index}
            stage={stage}
            stages={stages}
            onMove={onMove}
            onPeek={onPeek}
          />
        ))}
        {onMore && (
          <li>
            <Button variant="ghost" className="w-full" onClick={onMore}>
              {t("board.more", { count: Math.max(0, stage.count - records.length) })}
            </Button>
          </li>
        )}
      </ul>
    </div>
  );
}
