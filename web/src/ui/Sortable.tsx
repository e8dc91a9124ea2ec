import { DragDropProvider, KeyboardSensor, PointerSensor } from "@dnd-kit/react";
import { isSortable, useSortable } from "@dnd-kit/react/sortable";
import clsx from "clsx";
import { GripVertical } from "lucide-react";
import { type ReactNode, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { type DragEvent, type Moment, useAnnouncements } from "./announcements";

/** A list whose lines change places: dragged by their handle, or with Space and the arrow keys on it. */
export function SortableList({
  names,
  lineHeight,
  className,
  onMove,
  children,
}: {
  /** What the lines are called, in their order: for those who hear where a line goes. */
  names: string[];
  /** Pixels by which one press of an arrow key moves a line. */
  lineHeight: number;
  className?: string;
  onMove: (from: number, to: number) => void;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const sensors = useMemo(() => [PointerSensor, KeyboardSensor.configure({ offset: { x: 0, y: lineHeight } })], [lineHeight]);
  const say = useRef<(event: DragEvent, moment: Moment) => string>(() => "");
  useEffect(() => {
    say.current = ({ operation: { source, target } }, moment) => {
      if (!isSortable(source)) return "";
      const { initialIndex, index } = source.sortable;
      // The line takes the place of the one that it is over only after this has been told.
      const over = moment === "over" && isSortable(target) ? target.sortable.index : index;
      return t(`sortable.${moment}`, {
        name: names[initialIndex] ?? "",
        place: (moment === "cancelled" ? initialIndex : over) + 1,
        count: names.length,
      });
    };
  });
  const plugins = useAnnouncements(t("sortable.instructions"), say);
  return (
    <DragDropProvider
      sensors={sensors}
      plugins={plugins}
      onDragEnd={(event) => {
        const { source } = event.operation;
        if (event.canceled || !isSortable(source)) return;
        const { initialIndex, index } = source.sortable;
        if (initialIndex !== index) onMove(initialIndex, index);
      }}
    >
      <ul className={clsx("m-0 list-none p-0", className)}>{children}</ul>
    </DragDropProvider>
  );
}

type LineProps = { id: string; index: number; className?: string; children: ReactNode };

/** One line of it. `handle` names the grip; without one the line stays where it is. */
export function SortableLine({ handle, ...line }: LineProps & { handle: string | null }) {
  return handle === null ? <li className={line.className}>{line.children}</li> : <Movable {...line} handle={handle} />;
}

function Movable({ id, index, handle, className, children }: LineProps & { handle: string }) {
  const { ref, handleRef, isDragSource } = useSortable({ id, index });
  return (
    <li ref={ref} className={clsx(className, isDragSource && "relative z-10 bg-raised shadow-pop")}>
      <button
        ref={handleRef}
        type="button"
        aria-label={handle}
        className="flex size-6 shrink-0 cursor-grab touch-none items-center justify-center rounded-xs text-fg-3 hover:text-fg pointer-coarse:size-10"
      >
        <GripVertical size={14} />
      </button>
      {children}
    </li>
  );
}

/** The list with one of its items taken from one place to another. */
export function moved<Item>(items: readonly Item[], from: number, to: number): Item[] {
  const item = items[from];
  if (item === undefined || from === to) return [...items];
  const rest = items.filter((_, at) => at !== from);
  return [...rest.slice(0, to), item, ...rest.slice(to)];
}
