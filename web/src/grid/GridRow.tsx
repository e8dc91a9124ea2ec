import clsx from "clsx";
import { PanelRightOpen } from "lucide-react";
import { memo } from "react";
import type { Entity, Nested, Rec } from "@/api/types";
import { isEditable, kindOf } from "@/fields/registry";
import type { Next } from "@/fields/types";
import { hasFace, isPerson, titleOf, valueIn } from "@/fields/values";
import { Avatar } from "@/ui/Marks";
import type { Column } from "./columns";
import type { Cell } from "./keys";

export const ROW_HEIGHT = 36;
export const CHECK_WIDTH = 44;

export type RowProps = {
  entity: Entity;
  record: Rec | undefined;
  index: number;
  /** Distance from the top of the list, in pixels. */
  top: number;
  columns: Column[];
  selected: boolean;
  peeked: boolean;
  /** -1 where the active cell is in another row. */
  activeColumn: number;
  edit: { initial?: string } | null;
  labels: { peek: string; open: string; select: (name: string) => string };
  onPress: (cell: Cell) => void;
  onStartEdit: (cell: Cell) => void;
  onCommit: (record: Rec, column: Column, value: unknown, next: Next, nested?: Nested | null) => void;
  onCancel: () => void;
  onToggle: (index: number, range: boolean) => void;
  onPeek: (id: string) => void;
  onOpen: (id: string, index: number) => void;
};

/** One row. No hook that listens to anything may be added here: thirty of these render on every scroll. */
export const GridRow = memo(function GridRow(props: RowProps) {
  const { entity, record, index, top, columns, selected, peeked, activeColumn, edit, labels } = props;
  if (!record && activeColumn < 0)
    return (
      <div
        role="row"
        aria-rowindex={index + 2}
        aria-busy
        className="grid-row grid-row-ghost w-full border-b border-line/80"
        style={{ transform: `translateY(${top}px)` }}
      >
        <div role="gridcell" />
      </div>
    );
  const ground = selected || peeked ? "bg-selected" : "bg-canvas group-hover/row:bg-hover";
  const name = titleOf(entity, record);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={clsx("grid-row group/row grid w-full border-b border-line/80", ground)}
      style={{ transform: `translateY(${top}px)`, gridTemplateColumns: "var(--columns)" }}
    >
      <div role="gridcell" aria-colindex={1} className={clsx("sticky start-0 z-10 flex items-center justify-center", ground)}>
        {record && (
          <span
            className={clsx(
              "flex",
              !selected && "opacity-0 focus-within:opacity-100 group-hover/row:opacity-100 pointer-coarse:opacity-100",
            )}
          >
            {/* A native checkbox: thirty composed ones to a screen cost a third of the time there is for a frame. */}
            <input
              type="checkbox"
              aria-label={labels.select(name)}
              checked={selected}
              tabIndex={-1}
              onChange={(event) => props.onToggle(index, (event.nativeEvent as MouseEvent).shiftKey)}
              className="m-0 size-4 accent-(--accent)"
            />
          </span>
        )}
        {record && !selected && (
          <span
            aria-hidden
            className="tabular pointer-events-none absolute text-2xs text-fg-3 group-hover/row:opacity-0 pointer-coarse:opacity-0"
          >
            {index + 1}
          </span>
        )}
      </div>
      {columns.map((column, columnIndex) => (
        <GridCell
          key={column.field.name}
          {...props}
          column={column}
          columnIndex={columnIndex}
          name={name}
          ground={ground}
          active={columnIndex === activeColumn}
          editing={columnIndex === activeColumn ? edit : null}
        />
      ))}
      <div role="presentation" />
    </div>
  );
});

function GridCell({
  entity,
  record,
  index,
  column,
  columnIndex,
  name,
  ground,
  active,
  editing,
  labels,
  onPress,
  onStartEdit,
  onCommit,
  onCancel,
  onPeek,
  onOpen,
}: RowProps & {
  column: Column;
  columnIndex: number;
  name: string;
  ground: string;
  active: boolean;
  editing: { initial?: string } | null;
}) {
  const { field } = column;
  const kind = kindOf(field);
  const pinned = columnIndex === 0;
  const Editor = kind.Editor;
  const value = valueIn(record, field);
  return (
    <div
      role="gridcell"
      aria-colindex={columnIndex + 2}
      aria-readonly={!isEditable(entity, field, record) || undefined}
      data-cell={`${index}:${columnIndex}`}
      tabIndex={active && !editing ? 0 : -1}
      onMouseDown={() => onPress({ row: index, column: columnIndex })}
      onDoubleClick={() => onStartEdit({ row: index, column: columnIndex })}
      className={clsx(
        "relative flex min-w-0 items-center outline-none",
        !editing && "overflow-hidden",
        pinned ? "sticky z-10 gap-2 border-e ps-1 pe-2.5 font-medium" : "px-2.5",
        pinned && ground,
        kind.figures && "justify-end",
        active && "focus:rounded-xs focus:shadow-[inset_0_0_0_2px_var(--ring)]",
      )}
      style={pinned ? { insetInlineStart: CHECK_WIDTH } : undefined}
    >
      {!record ? (
        <span className="skeleton h-3" style={{ width: `${45 + ((index * 7 + columnIndex * 13) % 40)}%` }} />
      ) : editing && Editor ? (
        <Editor
          field={field}
          value={value}
          record={record}
          initial={editing.initial}
          onCommit={(next, where, nested) => onCommit(record, column, next, where, nested)}
          onCancel={onCancel}
        />
      ) : pinned ? (
        <>
          {hasFace(entity) && <Avatar name={name || "?"} square={!isPerson(entity)} />}
          <a
            href={`/${entity.plural}/${record.id}`}
            tabIndex={-1}
            draggable={false}
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey) return;
              event.preventDefault();
              onOpen(record.id, index);
            }}
            className="truncate underline-offset-3 hover:underline"
          >
            {name}
          </a>
          <button
            type="button"
            tabIndex={-1}
            aria-label={`${labels.peek}: ${name}`}
            onClick={() => onPeek(record.id)}
            className="ms-auto hidden size-6 shrink-0 items-center justify-center rounded-xs bg-raised text-fg-2 shadow-[inset_0_0_0_1px_var(--line-strong)] group-hover/row:flex"
          >
            <PanelRightOpen size={14} />
          </button>
        </>
      ) : (
        <kind.View field={field} value={value} record={record} />
      )}
    </div>
  );
}
