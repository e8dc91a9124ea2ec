import { plainText } from "../parts/plain";
import { RecordEditor, RecordInput, ReferenceView, referenceText } from "../parts/RecordPick";
import { SubjectEditor, SubjectInput, SubjectView, subjectText } from "../parts/SubjectPick";
import { type KindModule, understood, type ViewProps } from "../types";
import { isBlank } from "../values";

const parse = (text: string) => understood(text.trim() === "" ? null : text.trim());

export const reference: KindModule = {
  width: 180,
  View: ReferenceView,
  Editor: RecordEditor,
  Input: RecordInput,
  filter: "records",
  operators: ["in", "nin", "eq", "ne", "is_null"],
  text: referenceText,
  parse,
};
export const user: KindModule = { ...reference, width: 188 };

/** A reference to a record of one of several kinds, which another field of the same record names. */
export const anyReference: KindModule = {
  width: 190,
  View: SubjectView,
  Editor: SubjectEditor,
  Input: SubjectInput,
  filter: "records",
  operators: ["in", "nin", "is_null"],
  text: subjectText,
  parse,
};

const CodeView = ({ value }: ViewProps) =>
  isBlank(value) ? null : (
    <code title={plainText(value)} className="truncate font-mono text-xs text-fg-2">
      {plainText(value).slice(0, 8)}
    </code>
  );
export const uuid: KindModule = {
  width: 110,
  View: CodeView,
  Editor: null,
  Input: null,
  filter: "text",
  operators: ["eq", "in", "is_null"],
  text: plainText,
  parse,
};
