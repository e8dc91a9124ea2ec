import { useState } from "react";
import { parseDecimal } from "@/fields/numbers";
import { decimal } from "@/lib/format";
import { cx } from "@/ui";

/** A figure in a line: typed as people write it, shown as they read it, and marked where it is none. */
export function DecimalCell({
  label,
  value,
  scale,
  max,
  onChange,
  onEnter,
}: {
  label: string;
  value: string;
  scale: number;
  max?: number;
  onChange: (value: string) => void;
  /** Enter goes on to the next line. */
  onEnter?: () => void;
}) {
  const [typed, setTyped] = useState<string | null>(null);
  const read = (text: string): string | null => {
    const parsed = parseDecimal(text.replace("%", ""), scale);
    if (!parsed.ok) return null;
    const next = parsed.value === null ? "0" : String(parsed.value);
    return next.startsWith("-") || (max !== undefined && Number(next) > max) ? null : next;
  };
  const wrong = typed !== null && read(typed) === null;
  return (
    <input
      aria-label={label}
      aria-invalid={wrong || undefined}
      inputMode="decimal"
      autoComplete="off"
      value={typed ?? decimal(value)}
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => {
        setTyped(event.target.value);
        const next = read(event.target.value);
        if (next !== null) onChange(next);
      }}
      onBlur={() => {
        if (!wrong) setTyped(null);
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") setTyped(null);
        if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && onEnter) {
          event.preventDefault();
          onEnter();
        }
      }}
      className={cx(
        "tabular h-8 w-full min-w-0 rounded-xs bg-transparent px-2 text-end outline-none hover:bg-hover focus:bg-canvas focus:shadow-[inset_0_0_0_2px_var(--ring)] pointer-coarse:h-10",
        wrong && "shadow-[inset_0_0_0_2px_var(--danger)]!",
      )}
    />
  );
}
