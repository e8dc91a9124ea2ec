import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Rec } from "@/api/types";
import { isZero } from "@/lib/decimal";
import { cx } from "@/ui";
import { hoursOf, isLocked, readHours, showHours } from "./week";

/**
 * The hours of a line on a day. Arrows go from cell to cell as in a table, Enter writes and goes down. What cannot be read
 * stays in the cell and says so.
 */
export function HoursCell({
  label,
  entries,
  row,
  column,
  writable,
  onWrite,
  onProblem,
}: {
  label: string;
  entries: Rec[];
  row: number;
  column: number;
  writable: boolean;
  /** Resolves to whether the hours stand. */
  onWrite: (hours: string | null) => Promise<boolean>;
  onProblem: (words: string | null) => void;
}) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState<string | null>(null);
  const hours = hoursOf(entries);
  const shown = isZero(hours) ? "" : showHours(hours);
  const locked = !writable || entries.length > 1 || entries.some(isLocked);
  const rejected = entries.find((entry) => entry.status === "rejected");
  const pending = entries.some((entry) => entry.status === "pending");
  const approved = entries.length > 0 && entries.every((entry) => entry.status === "approved");
  const why =
    entries.length > 1
      ? t("time.several", { count: entries.length })
      : rejected
        ? t("time.rejectedWhy", { reason: String(rejected.rejection_reason ?? "") })
        : approved
          ? t("time.locked")
          : undefined;
  const wrong = typed !== null && readHours(typed) === undefined;
  const commit = async (): Promise<boolean> => {
    if (typed === null) return true;
    const next = readHours(typed);
    if (next === undefined) {
      onProblem(t("time.wrong"));
      return false;
    }
    onProblem(null);
    if ((next === null ? "" : showHours(next)) === shown) {
      setTyped(null);
      return true;
    }
    const stands = await onWrite(next);
    setTyped(null);
    return stands;
  };
  const step = (from: HTMLElement, rows: number, columns: number) =>
    from
      .closest("table")
      ?.querySelector<HTMLElement>(`[data-hours="${row + rows}:${column + columns}"]`)
      ?.focus();
  return (
    <input
      data-hours={`${row}:${column}`}
      aria-label={label}
      aria-invalid={wrong || undefined}
      title={why}
      readOnly={locked}
      inputMode="decimal"
      autoComplete="off"
      placeholder={writable && entries.length === 0 ? "·" : undefined}
      value={typed ?? shown}
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={() => void commit()}
      onKeyDown={(event) => {
        const box = event.currentTarget;
        const atStart = box.selectionStart === 0;
        const atEnd = box.selectionEnd === box.value.length;
        if (event.key === "Escape") setTyped(null);
        else if (event.key === "Enter") {
          event.preventDefault();
          void commit().then((stands) => stands && step(box, 1, 0));
        } else if (event.key === "ArrowDown") step(box, 1, 0);
        else if (event.key === "ArrowUp") step(box, -1, 0);
        else if (event.key === "ArrowRight" && atEnd) step(box, 0, 1);
        else if (event.key === "ArrowLeft" && atStart) step(box, 0, -1);
        else return;
        if (event.key.startsWith("Arrow")) event.preventDefault();
      }}
      className={cx(
        "tabular h-9 w-full min-w-12 rounded-xs bg-transparent px-1.5 text-center outline-none placeholder:text-fg-3 focus:shadow-[inset_0_0_0_2px_var(--ring)] pointer-coarse:h-11",
        !locked && "hover:bg-hover focus:bg-canvas",
        wrong && "shadow-[inset_0_0_0_2px_var(--danger)]!",
        rejected ? "text-danger-text" : approved ? "text-success-text" : pending ? "text-fg-2" : "font-medium",
      )}
    />
  );
}
