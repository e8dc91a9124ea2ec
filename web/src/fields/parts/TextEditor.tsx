import clsx from "clsx";
import { type ComponentType, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Field } from "@/api/types";
import type { EditorProps, InputProps, Next, Parsed } from "../types";
import { Unparsed } from "../types";
import { checkValue } from "../validate";

type TextKind = {
  parse: (text: string, field: Field) => Parsed;
  /** The stored value as it is typed. */
  typed?: (value: unknown) => string;
  figures?: boolean;
  inputMode?: "decimal" | "numeric" | "email" | "tel" | "url";
  type?: "text" | "email" | "tel" | "url";
};
const plain = (value: unknown) => (value === null || value === undefined ? "" : String(value));

/** Inline editor for kinds that are typed as one line. A text that cannot be understood keeps the editor open. */
export function textEditor({ parse, typed = plain, figures, inputMode }: TextKind): ComponentType<EditorProps> {
  return function TextEditor({ field, value, initial, onCommit, onCancel }: EditorProps) {
    const { t } = useTranslation();
    const input = useRef<HTMLInputElement>(null);
    const [text, setText] = useState(initial ?? typed(value));
    const [problem, setProblem] = useState<string | null>(null);
    const done = useRef(false);
    useEffect(() => {
      input.current?.focus();
      if (initial === undefined) input.current?.select();
    }, [initial]);
    const commit = (next: Next) => {
      if (done.current) return;
      const parsed = parse(text, field);
      const wrong = parsed.ok ? checkValue(field, parsed.value) : { problem: parsed.problem, limit: "" };
      if (!parsed.ok || wrong) {
        setProblem(wrong ? t(`problems.${wrong.problem}`, { label: field.label, limit: wrong.limit }) : null);
        input.current?.focus();
        return;
      }
      done.current = true;
      onCommit(parsed.value, next);
    };
    return (
      <>
        <input
          ref={input}
          aria-label={field.label}
          aria-invalid={problem !== null}
          inputMode={inputMode}
          autoComplete="off"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setProblem(null);
          }}
          onBlur={() => {
            // Leaving with something unusable gives up the edit instead of trapping the cursor.
            if (problem !== null || !parse(text, field).ok) {
              done.current = true;
              onCancel();
            } else commit("stay");
          }}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.nativeEvent.isComposing) return;
            if (event.key === "Enter") commit("down");
            else if (event.key === "Tab") {
              event.preventDefault();
              commit(event.shiftKey ? "left" : "right");
            } else if (event.key === "Escape") {
              event.preventDefault();
              done.current = true;
              onCancel();
            }
          }}
          className={clsx("cell-editor", figures && "tabular text-end")}
        />
        {problem && (
          <span
            role="alert"
            className="absolute start-0 top-full z-30 mt-1 rounded-sm bg-raised px-2 py-1 text-xs font-medium whitespace-nowrap text-danger-text shadow-pop"
          >
            {problem}
          </span>
        )}
      </>
    );
  };
}

/** Form input for the same kinds. */
export function textInput({ parse, typed = plain, figures, inputMode, type = "text" }: TextKind): ComponentType<InputProps> {
  return function TextInput({ field, value, aria, inputRef, onChange, onBlur }: InputProps) {
    const [text, setText] = useState(() => (value instanceof Unparsed ? value.text : typed(value)));
    return (
      <input
        {...aria}
        ref={inputRef}
        type={type}
        inputMode={inputMode}
        autoComplete="off"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          const parsed = parse(event.target.value, field);
          onChange(parsed.ok ? parsed.value : new Unparsed(event.target.value, parsed.problem));
        }}
        onBlur={onBlur}
        className={clsx("field-box h-9", figures && "tabular")}
      />
    );
  };
}
