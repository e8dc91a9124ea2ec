import clsx from "clsx";
import { ArrowDown, ArrowUp, ChevronsUpDown } from "lucide-react";
import { useTranslation } from "react-i18next";
import { kindOf } from "@/fields/registry";
import { sortOf } from "@/filters/search";
import { type Column, MIN_WIDTH } from "./columns";
import { cssName } from "./DataGrid";
import { CHECK_WIDTH } from "./GridRow";

/** A column's head: sorts on click, and is dragged or moved by key at its edge to change its width. */
export function GridHeader({
  column,
  index,
  sort,
  onSort,
  onResize,
}: {
  column: Column;
  index: number;
  sort: string | undefined;
  onSort: (name: string) => void;
  onResize: (name: string, width: number) => void;
}) {
  const { t } = useTranslation();
  const { field } = column;
  const pinned = index === 0;
  const direction = sortOf(sort, field.name);
  const Arrow = direction === "ascending" ? ArrowUp : direction === "descending" ? ArrowDown : ChevronsUpDown;
  const figures = kindOf(field).figures;
  const content = clsx(
    "flex h-full w-full min-w-0 items-center gap-1 text-xs font-medium",
    pinned ? "ps-1 pe-2.5" : "px-2.5",
    figures && "flex-row-reverse",
  );
  return (
    <div
      role="columnheader"
      aria-colindex={index + 2}
      aria-sort={field.sortable ? direction : undefined}
      className={clsx("group relative flex min-w-0 items-center", pinned && "sticky z-10 border-e bg-canvas")}
      style={pinned ? { insetInlineStart: CHECK_WIDTH } : undefined}
    >
      {field.sortable ? (
        <button type="button" onClick={() => onSort(field.name)} className={clsx(content, "text-fg-2 hover:text-fg")}>
          <span className="truncate">{field.label}</span>
          <Arrow size={12} aria-hidden className={clsx("shrink-0", direction === "none" && "opacity-0 group-hover:opacity-60")} />
        </button>
      ) : (
        <span className={clsx(content, "text-fg-2")}>
          <span className="truncate">{field.label}</span>
        </span>
      )}
      <div
        role="separator"
        aria-orientation="vertical"
        aria-label={t("list.resize", { field: field.label })}
        aria-valuenow={column.width}
        aria-valuemin={MIN_WIDTH}
        aria-valuemax={800}
        tabIndex={0}
        onKeyDown={(event) => {
          const step = event.key === "ArrowRight" ? 16 : event.key === "ArrowLeft" ? -16 : 0;
          if (step === 0) return;
          event.preventDefault();
          event.stopPropagation();
          onResize(field.name, Math.max(MIN_WIDTH, column.width + step));
        }}
        onPointerDown={(event) => {
          event.preventDefault();
          const grid = event.currentTarget.closest<HTMLElement>("[role=grid]");
          const direction = getComputedStyle(event.currentTarget).direction === "rtl" ? -1 : 1;
          const from = event.clientX;
          let width = column.width;
          const move = (moved: globalThis.PointerEvent) => {
            width = Math.max(MIN_WIDTH, column.width + (moved.clientX - from) * direction);
            // Straight to the style: every cell follows the variable, and nothing renders until the drag ends.
            grid?.style.setProperty(`--w-${cssName(field.name)}`, `${width}px`);
          };
          const end = () => {
            removeEventListener("pointermove", move);
            onResize(field.name, width);
          };
          addEventListener("pointermove", move);
          addEventListener("pointerup", end, { once: true });
        }}
        className="absolute inset-y-1.5 -end-1 z-10 w-2 cursor-col-resize touch-none rounded outline-none after:absolute after:inset-y-0 after:start-1/2 after:w-0.5 after:-translate-x-1/2 after:rounded hover:after:bg-accent focus-visible:after:bg-ring"
      />
    </div>
  );
}
