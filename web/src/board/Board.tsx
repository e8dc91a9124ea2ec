import { DragDropProvider, DragOverlay, KeyboardSensor, PointerSensor } from "@dnd-kit/react";
import { isSortable } from "@dnd-kit/react/sortable";
import { useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { ChevronDown, GitBranch, TriangleAlert } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { allOf, columnQuery, fetchList, findEntity, type ListParams, useMeta } from "@/api/queries";
import type { Entity, PipelineStage, Rec } from "@/api/types";
import { titleOf } from "@/fields/values";
import { FilterBar } from "@/filters/FilterBar";
import { type ListSearch, type SearchChange, treeOf } from "@/filters/search";
import type { Draft } from "@/forms/EntityDialog";
import { Beside } from "@/records/Beside";
import { explain } from "@/records/errors";
import { ListToolbar } from "@/records/ListToolbar";
import { Button, cx, DropMenu, Empty, Skeleton } from "@/ui";
import { type DragEvent, type Moment, useAnnouncements } from "@/ui/announcements";
import { BoardColumn } from "./BoardColumn";
import { CardBody } from "./Card";
import { choiceField, columnsQuery } from "./choices";
import { faceOf, includesOfFace } from "./face";
import { type Columns, moveCard, stageOf } from "./model";
import { type BoardScope, moveRecord } from "./moves";
import { BoardTotals } from "./Totals";

// A mouse may grab a card anywhere; keyboard and touch use its handle, so that the card itself need not be a button.
// One press of an arrow goes one column or one card on (a column and its gap, a card and its gap, in pixels).
const SENSORS = [
  PointerSensor.configure({ activatorElements: (source) => [source.element, source.handle] }),
  KeyboardSensor.configure({ offset: { x: 300, y: 104 } }),
];

type Props = {
  entity: Entity;
  search: ListSearch;
  set: (change: SearchChange) => void;
  onView: (search: ListSearch) => void;
  /** Opens the form of a new record that begins with these values. Absent where none may be made. */
  onCreate: ((preset: Draft) => void) | undefined;
};

/** Records by stage. Counts and sums are the server's, cards are read on column by column. */
export default function Board({ entity, search, set, onView, onCreate }: Props) {
  const { t } = useTranslation();
  const { f, any, q, archived } = search;
  const params = useMemo<ListParams>(() => {
    const filter = treeOf({ ...(f ? { f } : {}), ...(any ? { any } : {}) });
    return { ...(q ? { q } : {}), ...(filter ? { filter } : {}), ...(archived ? { archived } : {}) };
  }, [f, any, q, archived]);
  const summary = useQuery({ ...columnsQuery(entity, search.pipeline, params), placeholderData: (held) => held });
  const stages = useMemo(
    () => (summary.data?.stages ?? []).filter((stage) => stage.is_active || stage.count > 0),
    [summary.data],
  );
  const groupBy = entity.layout.board?.group_by ?? "";
  const face = useMemo(() => faceOf(entity), [entity]);
  const paramsOf = useCallback(
    (stage: string): ListParams => ({
      ...params,
      filter: allOf(params.filter, { field: groupBy, op: "eq", value: stage }),
      // Where records have no place of their own, they stand in the order of their list.
      ...(entity.fields.some((field) => field.name === "board_position") ? { sort: "board_position" } : {}),
      include: includesOfFace(face),
    }),
    [params, groupBy, face, entity],
  );
  return (
    <>
      <ListToolbar entity={entity} search={search} set={set} onView={onView}>
        {!choiceField(entity) && (
          <PipelineSwitch entity={entity} current={summary.data?.pipeline} onChoose={(pipeline) => set({ pipeline })} />
        )}
        <BoardTotals stages={stages} />
      </ListToolbar>
      <FilterBar entity={entity} items={search.f ?? []} any={search.any === true} onChange={set} />
      {summary.error ? (
        <Empty icon={<TriangleAlert size={20} />} title={t("errors.title")} hint={explain(summary.error)}>
          <Button variant="primary" onClick={() => void summary.refetch()}>
            {t("errors.retry")}
          </Button>
        </Empty>
      ) : summary.isPending ? (
        <div className="flex flex-1 gap-3 overflow-hidden bg-sunken p-3" role="status" aria-label={t("common.loading")}>
          {[1, 2, 3, 4, 5].map((column) => (
            <div key={column} className="flex w-[280px] shrink-0 flex-col gap-2">
              <Skeleton className="h-6 w-32" />
              {[1, 2, 3, 4].slice(0, 5 - (column % 4)).map((card) => (
                <Skeleton key={card} className="h-[92px] rounded-md!" />
              ))}
            </div>
          ))}
        </div>
      ) : stages.length === 0 ? (
        <Empty icon={<GitBranch size={20} />} title={t("board.noStages")} hint={t("board.noStagesHint")} />
      ) : (
        <Beside entity={entity} peek={search.peek} set={set}>
          <Stages
            key={stages.map((stage) => stage.id).join()}
            entity={entity}
            stages={stages}
            paramsOf={paramsOf}
            set={set}
            onCreate={
              onCreate &&
              ((stage) =>
                onCreate(
                  choiceField(entity)
                    ? { values: { [groupBy]: stage.id }, nested: {} }
                    : {
                        values: { [groupBy]: stage.id, ...(summary.data ? { pipeline_id: summary.data.pipeline.id } : {}) },
                        nested: { [groupBy.replace(/_id$/, "")]: { id: stage.id, name: stage.name } },
                      },
                ))
            }
          />
        </Beside>
      )}
    </>
  );
}

/** Gives the keyboard its place back: the handle it held was drawn anew in another column. */
function focusGrip(id: string) {
  setTimeout(() => document.querySelector<HTMLElement>(`[data-card="${CSS.escape(id)}"] [data-grip]`)?.focus(), FOCUS_MS);
}
/** After the drop's own animation, which would take the focus away again. */
const FOCUS_MS = 300;

/** Where the event puts the card: its stage, and its place there if it is over another card. */
function placed(event: DragEvent): { id: string; to: string; index?: number } | null {
  const { source, target } = event.operation;
  if (!source || !target) return null;
  const id = String(source.id);
  if (isSortable(source) && isSortable(target) && target.id === source.id)
    return { id, to: String(source.sortable.group), index: source.sortable.index };
  if (isSortable(target)) return { id, to: String(target.sortable.group), index: target.sortable.index };
  return { id, to: String(target.id).replace("stage:", "") };
}

type StagesProps = BoardScope & Pick<Props, "set"> & { onCreate: ((stage: PipelineStage) => void) | undefined };

function Stages({ entity, stages, paramsOf, set, onCreate }: StagesProps) {
  const { t } = useTranslation();
  const [dragging, setDragging] = useState<Columns | null>(null);
  const [pending, setPending] = useState<Columns | null>(null);
  const [held, setHeld] = useState<Record<string, Rec[]>>({});
  const known = useMemo(
    () => new Map(Object.values(held).flatMap((records) => records.map((record) => [record.id, record] as const))),
    [held],
  );
  const loaded = useMemo<Columns>(
    () => Object.fromEntries(stages.map((stage) => [stage.id, (held[stage.id] ?? []).map((record) => record.id)])),
    [held, stages],
  );
  const columns = dragging ?? pending ?? loaded;
  const before = useRef<Columns>(loaded);
  const scope = useMemo<BoardScope>(() => ({ entity, stages, paramsOf }), [entity, stages, paramsOf]);

  const say = useRef<(event: DragEvent, moment: Moment) => string>(() => "");
  useEffect(() => {
    say.current = (event, moment) => {
      const id = String(event.operation.source?.id ?? "");
      const place = moment === "picked" || moment === "cancelled" ? null : placed(event);
      // What is said must not wait for the columns to be drawn anew.
      const at = place ? moveCard(columns, id, place.to, place.index) : moment === "cancelled" ? before.current : columns;
      const stageId = stageOf(at, id);
      const stage = stages.find((entry) => entry.id === stageId);
      const position = stageId === undefined ? 0 : (at[stageId] ?? []).indexOf(id) + 1;
      return t(`board.${moment}`, { name: titleOf(entity, known.get(id)), stage: stage?.name ?? "", place: position });
    };
  });
  const plugins = useAnnouncements(t("board.instructions"), say);

  const commit = (id: string, was: Columns, now: Columns) => {
    const record = known.get(id);
    if (!record || was === now) return;
    setPending(now);
    void moveRecord(scope, record, was, now).finally(() => setPending(null));
  };
  const moveTo = useCallback(
    (id: string, to: string) => {
      const was = loaded;
      const now = moveCard(was, id, to, 0);
      const record = known.get(id);
      if (!record || was === now) return;
      setPending(now);
      void moveRecord(scope, record, was, now).finally(() => setPending(null));
    },
    [loaded, known, scope],
  );
  const onLoaded = useCallback((stage: string, records: Rec[]) => {
    setHeld((current) => (current[stage] === records ? current : { ...current, [stage]: records }));
  }, []);
  return (
    <DragDropProvider
      sensors={SENSORS}
      plugins={plugins}
      onDragStart={() => {
        before.current = columns;
        setDragging(columns);
      }}
      onDragOver={(event) => {
        const place = placed(event);
        if (place)
          setDragging((current) =>
            current && stageOf(current, place.id) !== place.to ? moveCard(current, place.id, place.to, place.index) : current,
          );
      }}
      onDragEnd={(event) => {
        const current = dragging ?? columns;
        setDragging(null);
        if (event.operation.activatorEvent instanceof KeyboardEvent) focusGrip(String(event.operation.source?.id ?? ""));
        const place = event.canceled ? null : placed(event);
        if (!place) return;
        commit(place.id, before.current, moveCard(current, place.id, place.to, place.index));
      }}
    >
      <section
        aria-label={t("board.label")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        className="scroll flex min-h-0 flex-1 snap-x snap-mandatory gap-3 bg-sunken p-3 -outline-offset-2 md:snap-none"
      >
        {stages.map((stage) => (
          <Column
            key={stage.id}
            entity={entity}
            stage={stage}
            params={paramsOf(stage.id)}
            stages={stages}
            cards={columns[stage.id] ?? []}
            known={known}
            onLoaded={onLoaded}
            onMove={moveTo}
            set={set}
            onCreate={onCreate}
          />
        ))}
      </section>
      <DragOverlay>
        {(source) => {
          const record = known.get(String(source.id));
          return record ? (
            <div className="rotate-2 cursor-grabbing rounded-md bg-raised p-3 shadow-dialog">
              <CardBody
                entity={entity}
                record={record}
                stage={stages.find((stage) => stage.id === stageOf(columns, record.id))}
              />
            </div>
          ) : null;
        }}
      </DragOverlay>
    </DragDropProvider>
  );
}

function Column({
  entity,
  stage,
  stages,
  params,
  cards,
  known,
  onLoaded,
  onMove,
  set,
  onCreate,
}: {
  entity: Entity;
  stage: PipelineStage;
  stages: PipelineStage[];
  params: ListParams;
  cards: string[];
  known: Map<string, Rec>;
  onLoaded: (stage: string, records: Rec[]) => void;
  onMove: (id: string, to: string) => void;
  set: Props["set"];
  onCreate: StagesProps["onCreate"];
}) {
  const query = useInfiniteQuery(columnQuery(entity.plural, params));
  const records = useMemo(() => query.data?.pages.flatMap((page) => page.data), [query.data]);
  useEffect(() => {
    if (records) onLoaded(stage.id, records);
  }, [records, stage.id, onLoaded]);
  return (
    <BoardColumn
      entity={entity}
      stage={stage}
      stages={stages}
      records={cards.flatMap((id) => known.get(id) ?? [])}
      loading={query.isPending}
      failed={query.error}
      onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined}
      onMove={onMove}
      onPeek={(id) => set({ peek: id })}
      onAdd={stage.kind === "open" && stage.is_active && onCreate ? () => onCreate(stage) : undefined}
    />
  );
}

function PipelineSwitch({
  entity: shown,
  current,
  onChoose,
}: {
  entity: Entity;
  current: { id: string; name: string } | undefined;
  onChoose: (id: string) => void;
}) {
  const { t } = useTranslation();
  const entity = findEntity(useMeta(), "pipeline");
  const [list] = useQueries({
    queries: [
      {
        queryKey: ["list", "pipelines", { all: true }],
        queryFn: () => fetchList("pipelines", {}, { limit: 100 }),
        enabled: entity !== undefined,
        staleTime: 5 * 60_000,
      },
    ],
  });
  const pipelines = (list.data?.data ?? []).filter((record) => record.entity === undefined || record.entity === shown.name);
  if (!entity || !current || pipelines.length < 2) return null;
  return (
    <DropMenu
      trigger={
        <Button variant="ghost" size="sm" aria-label={t("board.pipeline", { name: current.name })} className={cx("max-w-48")}>
          <GitBranch size={14} />
          <span className="truncate max-sm:sr-only">{current.name}</span>
          <ChevronDown size={13} className="text-fg-3" />
        </Button>
      }
      items={pipelines.map((record) => ({
        label: titleOf(entity, record),
        checked: record.id === current.id,
        onSelect: () => onChoose(record.id),
      }))}
    />
  );
}
