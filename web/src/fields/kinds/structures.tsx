import { boxEditor } from "../parts/BoxEditor";
import { plainText } from "../parts/plain";
import { textInput } from "../parts/TextEditor";
import { type KindModule, type Parsed, refused, understood, type ViewProps } from "../types";

/** A list of plain words, such as the names of fields, as people read it; undefined for every other structure. */
export function wordsIn(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  if (!value.every((entry): entry is string => typeof entry === "string" && /^[\p{L}\d][\p{L}\d _.-]*$/u.test(entry)))
    return undefined;
  const [first = "", ...others] = value.map((entry) => entry.replaceAll("_", " "));
  return [first.charAt(0).toUpperCase() + first.slice(1), ...others].join(", ");
}

const JsonView = ({ value }: ViewProps) =>
  wordsIn(value) ? (
    <span className="truncate">{wordsIn(value)}</span>
  ) : value === null || value === undefined ? null : (
    <code className="truncate font-mono text-xs text-fg-2">{plainText(value)}</code>
  );
function parseJson(text: string): Parsed {
  if (text.trim() === "") return understood(null);
  try {
    return understood(JSON.parse(text));
  } catch {
    return refused("json");
  }
}
const typed = (value: unknown) => (value === null || value === undefined ? "" : JSON.stringify(value, null, 2));

export const json: KindModule = {
  width: 220,
  View: JsonView,
  Editor: boxEditor<string>({
    View: JsonView,
    start: (value, initial) => initial ?? typed(value),
    finish: (draft) => {
      const parsed = parseJson(draft);
      return parsed.ok ? parsed.value : undefined;
    },
    Form: ({ label, draft, onDraft, invalid }) => (
      <textarea
        aria-label={label}
        aria-invalid={invalid}
        rows={8}
        spellCheck={false}
        value={draft}
        onChange={(event) => onDraft(event.target.value)}
        className="field-box resize-y py-2 font-mono text-xs"
      />
    ),
  }),
  Input: textInput({ parse: parseJson, typed: (value) => (value === null || value === undefined ? "" : JSON.stringify(value)) }),
  wide: true,
  filter: "none",
  operators: ["is_null"],
  text: (value) => wordsIn(value) ?? plainText(value),
  parse: parseJson,
};

/** The container of custom fields. Its members are fields of their own, so it is never shown itself. */
export const customFields: KindModule = {
  width: 160,
  View: JsonView,
  Editor: null,
  Input: null,
  filter: "none",
  operators: [],
  text: plainText,
  parse: parseJson,
};
