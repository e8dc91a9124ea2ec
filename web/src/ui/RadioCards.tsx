import clsx from "clsx";
import { type ReactNode, useId } from "react";

export type RadioCard<Value extends string> = { value: Value; label: string; hint?: string; icon?: ReactNode };

/** One choice of a few, each with what it means. */
export function RadioCards<Value extends string>({
  label,
  items,
  value,
  onChange,
  columns = 1,
}: {
  label: string;
  items: RadioCard<Value>[];
  value: Value | null;
  onChange: (value: Value) => void;
  columns?: 1 | 2;
}) {
  const name = useId();
  return (
    <fieldset>
      <legend className="mb-1 font-medium">{label}</legend>
      <div className={clsx("grid gap-2", columns === 2 && "sm:grid-cols-2")}>
        {items.map((item) => (
          <label
            key={item.value}
            className="flex cursor-default items-start gap-2.5 rounded-sm p-2.5 shadow-[inset_0_0_0_1px_var(--line-strong)] hover:bg-hover has-checked:bg-selected has-checked:shadow-[inset_0_0_0_1.5px_var(--accent)] has-focus-visible:outline-2 has-focus-visible:outline-offset-1 has-focus-visible:outline-ring pointer-coarse:min-h-11"
          >
            <input
              type="radio"
              name={name}
              checked={item.value === value}
              onChange={() => onChange(item.value)}
              className="mt-0.5 size-4 shrink-0 accent-accent outline-none"
            />
            <span className="min-w-0 flex-1">
              <span className="flex items-center gap-1.5 font-medium">
                {item.icon}
                {item.label}
              </span>
              {item.hint && <span className="block text-xs text-fg-2">{item.hint}</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
