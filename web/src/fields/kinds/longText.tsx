import { decodeMentions, withoutMarks } from "@/lib/mentions";
import { boxEditor } from "../parts/BoxEditor";
import { plainText } from "../parts/plain";
import { type KindModule, understood, type ViewProps } from "../types";

const parse = (text: string) => understood(text.trim() === "" ? null : text);
/** Whom a text names stands there by name alone. */
const shown = (value: unknown) => withoutMarks(decodeMentions(plainText(value)).text);
const TextView = ({ value }: ViewProps) => <span className="truncate">{shown(value)}</span>;

export const longText: KindModule = {
  width: 240,
  View: TextView,
  Editor: boxEditor<string>({
    View: TextView,
    start: (value, initial) => initial ?? plainText(value),
    finish: (draft) => (draft.trim() === "" ? null : draft),
    Form: ({ label, draft, onDraft }) => (
      <textarea
        aria-label={label}
        rows={6}
        value={draft}
        onChange={(event) => onDraft(event.target.value)}
        className="field-box resize-y py-2"
      />
    ),
  }),
  Input: ({ value, aria, inputRef, onChange, onBlur }) => (
    <textarea
      {...aria}
      ref={inputRef}
      rows={3}
      value={plainText(value)}
      onChange={(event) => onChange(event.target.value === "" ? null : event.target.value)}
      onBlur={onBlur}
      className="field-box resize-y py-2"
    />
  ),
  wide: true,
  filter: "text",
  operators: ["contains", "is_null"],
  text: shown,
  parse,
};
