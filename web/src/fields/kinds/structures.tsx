import { useState } from "react";
import i18n from "@/i18n";
import { inWords } from "@/lib/words";
import { boxEditor } from "../parts/BoxEditor";
import { plainText } from "../parts/plain";
import { lineOf, membersOf } from "../structured";
import { type InputProps, type KindModule, type Parsed, refused, Unparsed, understood, type ViewProps } from "../types";
import { isObject } from "../values";

/** A list of plain words, such as the names of fields, as people read it; undefined for every other structure. */
export function wordsIn(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  if (!value.every((entry): entry is string => typeof entry === "string" && /^[\p{L}\d][\p{L}\d _.-]*$/u.test(entry)))
    return undefined;
  const [first = "", ...others] = value.map((entry) => entry.replaceAll("_", " "));
  return [first.charAt(0).toUpperCase() + first.slice(1), ...others].join(", ");
}

const saying = () => ({ yes: i18n.t("common.yes"), no: i18n.t("common.no") });
const summed = (value: unknown) => wordsIn(value) ?? lineOf(value, saying());

const JsonView = ({ value }: ViewProps) => <span className="truncate">{summed(value)}</span>;

/** Member by member, as deep as it takes to be read; what lies deeper is told in one line. */
function JsonWhole({ value }: ViewProps) {
  if (wordsIn(value) !== undefined || !(Array.isArray(value) || isObject(value)))
    return <span className="min-w-0 py-1.5 break-words">{summed(value)}</span>;
  const lines: [key: string | number, name: string | null, text: string][] = Array.isArray(value)
    ? value.map((entry, at) => [at, null, lineOf([entry], saying())])
    : membersOf(value).map(([name, member]) => [name, inWords(name), lineOf(member, saying())]);
  // It may stand within a button, where a list has no place.
  return (
    <span className="flex min-w-0 flex-col gap-0.5 py-1.5">
      {lines.map(([key, name, text]) => (
        <span key={key} className="break-words">
          {name && <span className="text-fg-2">{name}: </span>}
          {text}
        </span>
      ))}
    </span>
  );
}

/** What every structure has in common, however it is edited. */
export const COMMON: Omit<KindModule, "Editor" | "Input"> = {
  width: 220,
  View: JsonView,
  Whole: JsonWhole,
  wide: true,
  filter: "none",
  operators: ["is_null"],
  text: summed,
  parse: () => refused("json"),
};

function parseJson(text: string): Parsed {
  if (text.trim() === "") return understood(null);
  try {
    return understood(JSON.parse(text));
  } catch {
    return refused("json");
  }
}
const typed = (value: unknown) => (value === null || value === undefined ? "" : JSON.stringify(value, null, 2));

/** Written as it is stored, with room for more than a line. What cannot be read yet stays, and is not sent. */
function JsonInput({ value, aria, inputRef, onChange, onBlur }: InputProps) {
  const [text, setText] = useState(() => (value instanceof Unparsed ? value.text : typed(value)));
  return (
    <textarea
      {...aria}
      ref={inputRef}
      rows={4}
      spellCheck={false}
      value={text}
      onChange={(event) => {
        setText(event.target.value);
        const parsed = parseJson(event.target.value);
        onChange(parsed.ok ? parsed.value : new Unparsed(event.target.value, parsed.problem));
      }}
      onBlur={onBlur}
      className="field-box resize-y py-2 font-mono text-xs"
    />
  );
}

export const json: KindModule = {
  ...COMMON,
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
  Input: JsonInput,
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
