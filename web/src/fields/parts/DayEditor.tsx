import { Popover } from "@base-ui/react/popover";
import { CalendarDays } from "lucide-react";
import { type ComponentType, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui";
import { Calendar } from "@/ui/Calendar";
import { type EditorProps, type InputProps, type Next, type Parsed, Unparsed } from "../types";
import { checkValue } from "../validate";

/** A kind of value that is a day, or a day with an hour. */
export type DayKind = {
  parse: (text: string) => Parsed;
  /** The stored value as it stands in the box. */
  shown: (value: unknown) => string;
  /** The day of a stored value, for the calendar. */
  dayIn: (value: unknown) => string | null;
  /** The value of a day chosen in the calendar, where `value` was before. */
  onDay: (day: string, value: unknown) => unknown;
};
const readBox = (kind: DayKind, text: string): unknown => {
  const parsed = kind.parse(text);
  return parsed.ok ? parsed.value : null;
};

/** Typed in any usual way, or chosen from the month that hangs below. */
export function dayEditor(kind: DayKind): ComponentType<EditorProps> {
  return function DayEditor({ field, value, initial, onCommit, onCancel }: EditorProps) {
    const { t } = useTranslation();
    const input = useRef<HTMLInputElement>(null);
    const popup = useRef<HTMLDivElement>(null);
    const done = useRef(false);
    const [text, setText] = useState(initial ?? kind.shown(value));
    const [invalid, setInvalid] = useState(false);
    useEffect(() => {
      input.current?.focus();
      if (initial === undefined) input.current?.select();
    }, [initial]);
    const finish = (result: unknown, next: Next) => {
      if (done.current) return;
      done.current = true;
      onCommit(result, next);
    };
    const commit = (next: Next) => {
      // A text that nobody touched is no change, however much of a moment it leaves out.
      if (text === kind.shown(value)) return finish(value ?? null, next);
      const parsed = kind.parse(text);
      if (!parsed.ok || checkValue(field, parsed.value)) setInvalid(true);
      else finish(parsed.value, next);
    };
    return (
      <>
        <input
          ref={input}
          aria-label={field.label}
          aria-invalid={invalid}
          placeholder={t("calendar.placeholder")}
          autoComplete="off"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setInvalid(false);
          }}
          onBlur={(event) => {
            if (popup.current?.contains(event.relatedTarget)) return;
            if (kind.parse(text).ok) commit("stay");
            else if (!done.current) {
              done.current = true;
              onCancel();
            }
          }}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.nativeEvent.isComposing) return;
            if (event.key === "Enter") commit("down");
            else if (event.key === "Tab") {
              event.preventDefault();
              commit(event.shiftKey ? "left" : "right");
            } else if (event.key === "ArrowDown") {
              event.preventDefault();
              popup.current?.querySelector<HTMLElement>("[data-day][tabindex='0']")?.focus();
            } else if (event.key === "Escape") {
              event.preventDefault();
              done.current = true;
              onCancel();
            }
          }}
          className="cell-editor"
        />
        <Popover.Root open>
          <Popover.Portal>
            <Popover.Positioner anchor={input} sideOffset={4} align="start" className="z-50">
              <Popover.Popup
                ref={popup}
                initialFocus={false}
                finalFocus={false}
                aria-label={field.label}
                className="popup"
                onKeyDown={(event) => {
                  event.stopPropagation();
                  if (event.key === "Escape") input.current?.focus();
                }}
              >
                <Calendar
                  value={kind.dayIn(readBox(kind, text))}
                  onChoose={(chosen) => finish(kind.onDay(chosen, readBox(kind, text) ?? value), "stay")}
                />
              </Popover.Popup>
            </Popover.Positioner>
          </Popover.Portal>
        </Popover.Root>
      </>
    );
  };
}

/** The same as a box of its own, for forms. */
export function DayBox({
  kind,
  value,
  label,
  aria,
  inputRef,
  className = "",
  placeholder,
  onChange,
  onBlur,
}: {
  kind: DayKind;
  value: unknown;
  label: string;
  aria: object;
  inputRef?: (element: HTMLElement | null) => void;
  className?: string;
  placeholder?: string;
  onChange: (value: unknown) => void;
  onBlur?: () => void;
}) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [text, setText] = useState(() => (value instanceof Unparsed ? value.text : kind.shown(value)));
  const [held, setHeld] = useState(value);
  // A value that came from outside replaces what stands in the box; the echo of our own typing must not.
  if (value !== held) {
    setHeld(value);
    if (!(value instanceof Unparsed)) setText(kind.shown(value));
  }
  const put = (next: unknown) => {
    setHeld(next);
    onChange(next);
  };
  return (
    <div className={`relative ${className}`}>
      <input
        {...aria}
        ref={inputRef}
        value={text}
        autoComplete="off"
        placeholder={placeholder ?? t("calendar.placeholder")}
        onChange={(event) => {
          setText(event.target.value);
          const parsed = kind.parse(event.target.value);
          put(parsed.ok ? parsed.value : new Unparsed(event.target.value, parsed.problem));
        }}
        onBlur={() => {
          const parsed = kind.parse(text);
          if (parsed.ok && parsed.value !== null) setText(kind.shown(parsed.value));
          onBlur?.();
        }}
        className="field-box h-9 pe-9 pointer-coarse:h-10"
      />
      <Popover.Root open={open} onOpenChange={setOpen}>
        <Popover.Trigger
          render={
            <Button
              variant="ghost"
              size="icon"
              aria-label={t("calendar.open", { label })}
              className="absolute end-1 top-1/2 -translate-y-1/2 pointer-coarse:min-h-8! pointer-coarse:min-w-8!"
            />
          }
        >
          <CalendarDays size={15} />
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Positioner sideOffset={4} align="end" className="z-50">
            <Popover.Popup className="popup" aria-label={label} data-layer="dialog">
              <Calendar
                autoFocus
                value={kind.dayIn(readBox(kind, text))}
                onChoose={(chosen) => {
                  const next = kind.onDay(chosen, readBox(kind, text));
                  setText(kind.shown(next));
                  put(next);
                  setOpen(false);
                }}
              />
            </Popover.Popup>
          </Popover.Positioner>
        </Popover.Portal>
      </Popover.Root>
    </div>
  );
}
/** Form input for a field of such a kind. */
export const dayInput = (kind: DayKind): ComponentType<InputProps> =>
  function DayInput({ field, value, aria, inputRef, onChange, onBlur }: InputProps) {
    return (
      <DayBox kind={kind} value={value} label={field.label} aria={aria} inputRef={inputRef} onChange={onChange} onBlur={onBlur} />
    );
  };
