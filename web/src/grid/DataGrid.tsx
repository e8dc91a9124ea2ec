import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Entity, Nested, Rec } from "@/api/types";
import { isEditable, kindOf } from "@/fields/registry";
import type { Next } from "@/fields/types";
import { isBlank, valueIn } from "@/fields/values";
import { Checkbox } from "@/ui";
import type { Column } from "./columns";
import { GridHeader } from "./GridHeader";
import { CHECK_WIDTH, GridRow, ROW_HEIGHT } from "./GridRow";
import { afterEdit, type Cell, moveCell, startsText } from "./keys";

export type GridProps = {
  entity: Entity;
  columns: Column[];
  total: number;
  get: (index: number) => Rec | undefined;
  onVisible: (first: number, last: number) => void;
  sort: string | undefined;
  onSort: (name: string) => void;
  onResize: (name: string, width: number) => void;
  selected: ReadonlySet<string>;
  onSelect: (selected: Set<string>) => void;
  onEdit: (record: Rec, column: Column, value: unknown, nested?: Nested | null) => void;
  /** The active row changed while the peek panel is open. */
  onPeek: (id: string) => void;
  /** Opens the preview of a row, or closes it where it is open already. */
  onTogglePeek: (id: string) => void;
  peeking: string | undefined;
  onOpen: (id: string, index: number) => void;
};

/** Rows that move by faster than this are a fling: no page is asked for until the scrolling rests. */
const FLING_ROWS = 12;
const FLING_MS = 120;
const REST_MS = 90;

/** A virtual spreadsheet. Sorting, filtering and totals are the server's; this moves, selects, shows and edits. */
export function DataGrid(props: GridProps) {
  const { t } = useTranslation();
  const { columns, entity, total, onVisible } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<Cell>({ row: 0, column: 0 });
  const [edit, setEdit] = useState<{ initial?: string } | null>(null);
  const anchor = useRef<number | null>(null);
  const wantsFocus = useRef(false);
  // Handlers read the latest properties through this, so that rows need not render anew for every page that arrives.
  const live = useRef(props);
  useEffect(() => {
    live.current = props;
  });

  const virtual = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
    useFlushSync: false,
    scrollPaddingStart: ROW_HEIGHT,
    // The active row stays in the document, so that the keyboard's place is never lost while scrolling.
    rangeExtractor: useCallback(
      (range: Range) => {
        const indexes = defaultRangeExtractor(range);
        if (active.row < range.count && !indexes.includes(active.row)) indexes.push(active.row);
        return indexes.sort((one, other) => one - other);
      },
      [active.row],
    ),
  });
  const items = virtual.getVirtualItems();
  const first = virtual.range?.startIndex ?? 0;
  const last = virtual.range?.endIndex ?? 40;
  const seen = useRef({ first: 0, at: 0 });
  useEffect(() => {
    const now = performance.now();
    const flinging = Math.abs(first - seen.current.first) > FLING_ROWS && now - seen.current.at < FLING_MS;
    seen.current = { first, at: now };
    const ask = () => onVisible(first, Math.min(last + 10, total - 1));
    if (!flinging) {
      ask();
      return;
    }
    const timer = setTimeout(ask, REST_MS);
    return () => clearTimeout(timer);
  }, [first, last, onVisible, total]);

  const extent = useCallback(
    () => ({
      rows: live.current.total,
      columns: live.current.columns.length,
      page: Math.max(1, Math.floor((scroller.current?.clientHeight ?? 400) / ROW_HEIGHT) - 2),
    }),
    [],
  );
  const go = useCallback(
    (cell: Cell) => {
      wantsFocus.current = true;
      setActive(cell);
      virtual.scrollToIndex(cell.row, { align: "auto" });
      const { peeking, onPeek, get } = live.current;
      const record = get(cell.row);
      if (peeking && record) onPeek(record.id);
    },
    [virtual],
  );
  useEffect(() => {
    if (!wantsFocus.current || edit) return;
    const host = scroller.current;
    const cell = host?.querySelector<HTMLElement>(`[data-cell="${active.row}:${active.column}"]`);
    if (!host || !cell) return;
    wantsFocus.current = false;
    cell.focus({ preventScroll: true });
    if (active.column === 0) return;
    const pinned = CHECK_WIDTH + (live.current.columns[0]?.width ?? 0);
    const start = cell.offsetLeft;
    if (start < host.scrollLeft + pinned) host.scrollLeft = start - pinned;
    else if (start + cell.offsetWidth > host.scrollLeft + host.clientWidth)
      host.scrollLeft = start + cell.offsetWidth - host.clientWidth;
  }, [active, edit]);

  const toggle = useCallback((index: number, range: boolean) => {
    const { get, selected, onSelect } = live.current;
    const record = get(index);
    if (!record) return;
    const next = new Set(selected);
    const on = !next.has(record.id);
    const from = range && anchor.current !== null ? anchor.current : index;
    for (let row = Math.min(from, index); row <= Math.max(from, index); row++) {
      const id = get(row)?.id;
      if (id) on ? next.add(id) : next.delete(id);
    }
    anchor.current = index;
    // Two toggles in one event would otherwise both start from the selection before the first of them.
    live.current = { ...live.current, selected: next };
    onSelect(next);
  }, []);

  const startEdit = useCallback((cell: Cell, initial?: string) => {
    const column = live.current.columns[cell.column];
    const record = live.current.get(cell.row);
    if (!column || !record || !isEditable(live.current.entity, column.field, record)) return;
    if (kindOf(column.field).toggles) {
      live.current.onEdit(record, column, valueIn(record, column.field) !== true);
      return;
    }
    setActive(cell);
    setEdit(initial === undefined ? {} : { initial });
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    if (edit || (event.target as HTMLElement).getAttribute("role") !== "gridcell") return;
    const record = props.get(active.row);
    const column = columns[active.column];
    const control = event.ctrlKey || event.metaKey;
    const next = moveCell(event.key, active, extent(), control);
    if (next) {
      event.preventDefault();
      if (event.shiftKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
        if (record && !props.selected.has(record.id)) toggle(active.row, false);
        toggle(next.row, false);
      }
      go(next);
      return;
    }
    if (!record || !column) return;
    const editable = isEditable(entity, column.field, record);
    const handled = () => {
      event.preventDefault();
      event.stopPropagation();
    };
    if (event.key === "Enter" || event.key === "F2") {
      handled();
      if (control || (event.key === "Enter" && !editable)) props.onOpen(record.id, active.row);
      else startEdit(active);
    } else if (event.key === " ") {
      handled();
      props.onTogglePeek(record.id);
    } else if (event.key === "x" && !control) {
      handled();
      toggle(active.row, false);
    } else if (control && event.key === "a") {
      handled();
      props.onSelect(new Set(loaded.map((held) => held.id)));
    } else if (event.key === "Escape" && props.selected.size > 0) {
      handled();
      props.onSelect(new Set());
    } else if ((event.key === "Delete" || event.key === "Backspace") && editable && !column.field.required) {
      handled();
      if (!isBlank(valueIn(record, column.field)))
        props.onEdit(
          record,
          column,
          Array.isArray(valueIn(record, column.field)) ? [] : null,
          column.field.include ? null : undefined,
        );
    } else if (control && event.key === "c") {
      void navigator.clipboard?.writeText(kindOf(column.field).text(valueIn(record, column.field), column.field, record));
    } else if (startsText(event) && editable && typable(event.key, column)) {
      handled();
      startEdit(active, event.key);
    }
  };

  const onCommit = useCallback(
    (record: Rec, column: Column, value: unknown, next: Next, nested?: Nested | null) => {
      setEdit(null);
      const was = valueIn(record, column.field) ?? null;
      if (JSON.stringify(value) !== JSON.stringify(was) && !(isBlank(value) && isBlank(was)))
        live.current.onEdit(record, column, value, nested);
      wantsFocus.current = true;
      setActive((at) => ({ ...afterEdit(next, at, extent()) }));
    },
    [extent],
  );
  const onCancel = useCallback(() => {
    setEdit(null);
    wantsFocus.current = true;
    setActive((at) => ({ ...at }));
  }, []);
  const onPress = useCallback((cell: Cell) => {
    setActive((at) => {
      if (at.row === cell.row && at.column === cell.column) return at;
      setEdit(null);
      return cell;
    });
    wantsFocus.current = true;
  }, []);
  const onPeek = useCallback((id: string) => live.current.onPeek(id), []);
  const onOpen = useCallback((id: string, index: number) => live.current.onOpen(id, index), []);
  const labels = useMemo(
    () => ({ peek: t("list.peek"), open: t("list.open"), select: (name: string) => t("list.selectRow", { name }) }),
    [t],
  );

  const template = `${CHECK_WIDTH}px ${columns.map((column) => `var(--w-${cssName(column.field.name)})`).join(" ")} minmax(40px,1fr)`;
  // The rows are positioned, so nothing but this gives their box the width of its columns.
  const content = `calc(${CHECK_WIDTH + 40}px + ${columns.map((column) => `var(--w-${cssName(column.field.name)})`).join(" + ")})`;
  const widths = Object.fromEntries(columns.map((column) => [`--w-${cssName(column.field.name)}`, `${column.width}px`]));
  const loaded = items.map((item) => props.get(item.index)).filter((record): record is Rec => record !== undefined);
  const all = loaded.length > 0 && loaded.every((record) => props.selected.has(record.id));
  return (
    <div
      ref={scroller}
      role="grid"
      aria-label={entity.label_plural}
      aria-rowcount={total + 1}
      aria-colcount={columns.length + 1}
      aria-multiselectable
      onKeyDown={onKeyDown}
      tabIndex={-1}
      className="scroll relative min-h-0 flex-1 bg-canvas outline-none"
      style={{ ...widths, "--columns": template, "--content": content } as CSSProperties}
    >
      <div
        role="row"
        aria-rowindex={1}
        className="sticky top-0 z-20 grid h-9 w-max min-w-full border-b bg-canvas"
        style={{ gridTemplateColumns: "var(--columns)" }}
      >
        <div role="columnheader" aria-colindex={1} className="sticky start-0 z-10 flex items-center justify-center bg-canvas">
          <Checkbox
            label={t("list.selectAll")}
            checked={all}
            indeterminate={!all && props.selected.size > 0}
            onCheckedChange={(on) => props.onSelect(on ? new Set(loaded.map((record) => record.id)) : new Set())}
          />
        </div>
        {columns.map((column, index) => (
          <GridHeader
            key={column.field.name}
            column={column}
            index={index}
            sort={props.sort}
            onSort={props.onSort}
            onResize={props.onResize}
          />
        ))}
        <div role="presentation" />
      </div>
      <div role="rowgroup" className="relative min-w-full" style={{ height: virtual.getTotalSize(), width: "var(--content)" }}>
        {items.map((item) => {
          const record = props.get(item.index);
          return (
            <GridRow
              key={item.key}
              entity={entity}
              record={record}
              index={item.index}
              top={item.start}
              columns={columns}
              selected={record ? props.selected.has(record.id) : false}
              peeked={record !== undefined && record.id === props.peeking}
              activeColumn={item.index === active.row ? active.column : -1}
              edit={item.index === active.row ? edit : null}
              labels={labels}
              onPress={onPress}
              onStartEdit={startEdit}
              onCommit={onCommit}
              onCancel={onCancel}
              onToggle={toggle}
              onPeek={onPeek}
              onOpen={onOpen}
            />
          );
        })}
      </div>
    </div>
  );
}

/** Letters that the grid itself answers to do not start an edit; figures always do. */
const GRID_LETTERS = new Set(["j", "k", "x", "c", "f", "g", "/", "?", "e"]);
const typable = (key: string, column: Column): boolean =>
  kindOf(column.field).figures ? /^[\d.,-]$/.test(key) : !GRID_LETTERS.has(key);

export const cssName = (name: string): string => name.replace(/[^\w-]/g, "-");
