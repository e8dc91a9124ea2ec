import type { ComponentType } from "react";
import type { Field, Nested, Operator, Rec, Values } from "@/api/types";
import type { FieldAria } from "@/ui";

/** Where the cursor goes after an inline edit. */
export type Next = "down" | "right" | "left" | "stay";

/** What a person typed, understood or not. `problem` is a key under `problems` in the texts. */
export type Problem =
  | "required"
  | "integer"
  | "number"
  | "decimals"
  | "date"
  | "moment"
  | "email"
  | "url"
  | "phone"
  | "json"
  | "min"
  | "max"
  | "maxLength"
  /** Said in a whole sentence of its own. */
  | "said";
export type Parsed = { ok: true; value: unknown } | { ok: false; problem: Problem };
export const understood = (value: unknown): Parsed => ({ ok: true, value });
export const refused = (problem: Problem): Parsed => ({ ok: false, problem });

/** A form value that could not be understood yet: the text stays, and the form refuses to send it. */
export class Unparsed {
  readonly text: string;
  readonly problem: Problem;
  constructor(text: string, problem: Problem) {
    this.text = text;
    this.problem = problem;
  }
}

/** A structure that is not finished yet: it stays as far as it has been written, with what is missing in a sentence. */
export class Unfinished<Draft = unknown> extends Unparsed {
  readonly draft: Draft;
  constructor(draft: Draft, sentence: string) {
    super(sentence, "said");
    this.draft = draft;
  }
}
/** What an editor of a structure shows: what has been written so far, or what the stored value begins with. */
export const draftOf = <Draft>(value: unknown, start: (value: unknown) => Draft): Draft =>
  value instanceof Unfinished ? (value.draft as Draft) : start(value);

export type ViewProps = { field: Field; value: unknown; record?: Rec | Values | undefined };
/** Edits one value in place, filling the cell or line that hosts it. */
export type EditorProps = {
  field: Field;
  value: unknown;
  record?: Rec | Values | undefined;
  /** The key that started the edit, already typed. */
  initial?: string | undefined;
  onCommit: (value: unknown, next: Next, nested?: Nested | null) => void;
  onCancel: () => void;
};
/** Edits one value in a form. */
export type InputProps = {
  field: Field;
  value: unknown;
  values: Values;
  aria: FieldAria;
  inputRef: (element: HTMLElement | null) => void;
  onChange: (value: unknown, nested?: Nested | null) => void;
  onBlur: () => void;
};

/** How the value of a condition is chosen. */
export type FilterStyle = "text" | "number" | "date" | "options" | "records" | "boolean" | "tags" | "none";

/** Everything the application knows about one kind of field. */
export type KindModule = {
  /** Width of a fresh column, in pixels. */
  width: number;
  /** Figures stand at the end of their cell. */
  figures?: boolean;
  View: ComponentType<ViewProps>;
  /** How it is shown where there is room for more than a line. */
  Whole?: ComponentType<ViewProps>;
  /** Null: shown, but never edited in place. */
  Editor: ComponentType<EditorProps> | null;
  /** What is shown is a link: editing needs a button of its own beside it. */
  links?: boolean;
  /** A click or Enter flips the value; there is no editor to open. */
  toggles?: boolean;
  Input: ComponentType<InputProps> | null;
  /** What a form says about it, in place of the words that the server has for programs. */
  hint?: () => string;
  /** The form gives it a whole row. */
  wide?: boolean;
  filter: FilterStyle;
  /** In the order in which they are offered; the server's own list for a field decides which of them apply. */
  operators: Operator[];
  /** Plain text, for copying, titles and the second line of a phone's list. */
  text: (value: unknown, field: Field, record?: Rec | Values) => string;
  parse: (text: string, field: Field) => Parsed;
};
