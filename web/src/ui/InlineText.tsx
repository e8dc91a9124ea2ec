import clsx from "clsx";
import { useEffect, useRef, useState } from "react";

/** A text that is changed where it stands: Enter or leaving it keeps what was typed, Escape gives it up. */
export function InlineText({
  label,
  value,
  onCommit,
  disabled = false,
  suffix,
  className,
  ...rest
}: {
  label: string;
  value: string;
  onCommit: (value: string) => void;
  disabled?: boolean;
  suffix?: string;
  className?: string;
  inputMode?: "numeric";
  maxLength?: number;
}) {
  const [text, setText] = useState(value);
  const shown = useRef(value);
  useEffect(() => {
    if (shown.current !== value) setText(value);
    shown.current = value;
  }, [value]);
  const commit = () => {
    const next = text.trim();
    if (next === value || next === "") setText(value);
    else onCommit(next);
  };
  return (
    <span className={clsx("relative flex min-w-0 items-center", className)}>
      <input
        {...rest}
        aria-label={label}
        autoComplete="off"
        disabled={disabled}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === "Enter") event.currentTarget.blur();
          if (event.key === "Escape") {
            event.stopPropagation();
            setText(value);
            // The blur that follows must find nothing to keep.
            requestAnimationFrame(() => (document.activeElement as HTMLElement | null)?.blur());
          }
        }}
        className={clsx(
          "h-7 w-full min-w-0 truncate rounded-xs bg-transparent px-1.5 outline-none enabled:hover:shadow-[inset_0_0_0_1px_var(--line-strong)] enabled:focus:bg-canvas enabled:focus:shadow-[inset_0_0_0_2px_var(--ring)] pointer-coarse:h-10",
          suffix && "pe-6 text-end",
        )}
      />
      {suffix && (
        <span aria-hidden className="pointer-events-none absolute end-1.5 text-fg-3">
          {suffix}
        </span>
      )}
    </span>
  );
}
