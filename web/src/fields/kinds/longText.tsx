import { boxEditor } from "../parts/BoxEditor";
import { PlainView, plainText } from "../parts/plain";
import { type KindModule, understood } from "../types";

const parse = (text: string) => understood(text.trim() === "" ? null : text);
export const longText: KindModule = {
  width: 240,
  View: PlainView,
  Editor: boxEditor<string>({
    View: PlainView,
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
  text: plainText,
  parse,
};
