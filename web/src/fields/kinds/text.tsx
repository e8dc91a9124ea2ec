import { PlainView, plainText, TEXT_OPERATORS } from "../parts/plain";
import { textEditor, textInput } from "../parts/TextEditor";
import { type KindModule, understood, type ViewProps } from "../types";
import { labelOfEntity } from "../values";

const parse = (text: string) => understood(text.trim() === "" ? null : text.trim());
/** A kind of record is stored by its name and called by its label. */
const TextView = (props: ViewProps) =>
  props.field.name === "entity_type" && typeof props.value === "string" ? (
    <span className="truncate">{labelOfEntity(props.value)}</span>
  ) : (
    <PlainView {...props} />
  );

export const text: KindModule = {
  width: 180,
  View: TextView,
  Editor: textEditor({ parse }),
  Input: textInput({ parse }),
  filter: "text",
  operators: TEXT_OPERATORS,
  text: plainText,
  parse,
};
