import clsx from "clsx";
import type { ReactNode } from "react";
import type { InputProps } from "../types";

/** The controls of a structure under the name of its field, with its help and its error. */
export function StructureGroup({
  field,
  aria,
  inputRef,
  onBlur,
  className,
  children,
}: Pick<InputProps, "field" | "aria" | "inputRef" | "onBlur"> & { className?: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring its own box, and the label is there already
    <div
      role="group"
      id={aria.id}
      aria-label={field.label}
      aria-describedby={aria["aria-describedby"]}
      ref={inputRef}
      tabIndex={-1}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) onBlur();
      }}
      className={clsx("outline-none", className)}
    >
      {children}
    </div>
  );
}
