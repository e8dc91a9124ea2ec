export type Cell = { row: number; column: number };
export type Extent = { rows: number; columns: number; page: number };

/** The keyboard of the grid: where a key takes the active cell, or null for keys that do not move it. */
export function moveCell(key: string, at: Cell, { rows, columns, page }: Extent, control = false): Cell | null {
  const inside = (value: number, count: number) => Math.max(0, Math.min(count - 1, value));
  const row = (value: number): Cell => ({ row: inside(value, rows), column: at.column });
  const column = (value: number): Cell => ({ row: at.row, column: inside(value, columns) });
  switch (key) {
    case "ArrowUp":
      return row(control ? 0 : at.row - 1);
    case "ArrowDown":
      return row(control ? rows - 1 : at.row + 1);
    case "ArrowLeft":
      return column(control ? 0 : at.column - 1);
    case "ArrowRight":
      return column(control ? columns - 1 : at.column + 1);
    case "PageUp":
      return row(at.row - page);
    case "PageDown":
      return row(at.row + page);
    case "Home":
      return { row: control ? 0 : at.row, column: 0 };
    case "End":
      return { row: control ? inside(rows - 1, rows) : at.row, column: columns - 1 };
    case "k":
      return control ? null : row(at.row - 1);
    case "j":
      return control ? null : row(at.row + 1);
    default:
      return null;
  }
}

/** Where an edit leaves the active cell. */
export function afterEdit(next: "down" | "right" | "left" | "stay", at: Cell, extent: Extent): Cell {
  const key = { down: "ArrowDown", right: "ArrowRight", left: "ArrowLeft", stay: "" }[next];
  return moveCell(key, at, extent) ?? at;
}

/** Whether a key press is the beginning of text, which starts an edit. */
export const startsText = (event: { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean }): boolean =>
  [...event.key].length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
