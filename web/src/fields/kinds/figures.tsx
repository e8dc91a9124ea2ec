import type { Field } from "@/api/types";
import { decimal as decimalText, money as moneyText, number, percent as percentText } from "@/lib/format";
import { fileSize } from "@/lib/size";
import { parseDecimal, parseInteger } from "../numbers";
import { FIGURE_OPERATORS } from "../parts/plain";
import { textEditor, textInput } from "../parts/TextEditor";
import type { InputProps, KindModule, Parsed, ViewProps } from "../types";
import { currencyOf, isBlank } from "../values";

type Text = KindModule["text"];
const figureView = (text: Text) =>
  function FigureView({ field, value, record }: ViewProps) {
    return isBlank(value) ? null : <span className="tabular truncate">{text(value, field, record)}</span>;
  };

function figureKind(
  text: Text,
  parse: (text: string, field: Field) => Parsed,
  inputMode: "numeric" | "decimal",
  width: number,
): KindModule {
  return {
    width,
    figures: true,
    View: figureView(text),
    Editor: textEditor({ parse, inputMode, figures: true }),
    Input: textInput({ parse, inputMode, figures: true }),
    filter: "number",
    operators: FIGURE_OPERATORS,
    text,
    parse,
  };
}

/** A year is a name, not an amount: 1996, never 1,996. */
const isYear = (field: Field) => /(^|_)year(_|$)/.test(field.name);
/** Bytes, which nobody counts one by one. */
const isSize = (field: Field) => /(^|_)(size|bytes)$/.test(field.name) && field.read_only;
export const integer = figureKind(
  (value, field) => {
    if (isBlank(value)) return "";
    if (isYear(field)) return String(value);
    return isSize(field) ? fileSize(Number(value)) : number(Number(value));
  },
  parseInteger,
  "numeric",
  110,
);

export const decimal = figureKind(
  (value) => (isBlank(value) ? "" : decimalText(String(value))),
  (text, field) => parseDecimal(text, field.scale),
  "decimal",
  120,
);

export const percent = figureKind(
  (value) => (isBlank(value) ? "" : percentText(Number(value))),
  (text) => parseInteger(text.replace("%", "")),
  "numeric",
  110,
);

const parseMoney = (text: string, field: Field) => parseDecimal(text, field.scale ?? 2);
const MoneyBox = textInput({ parse: parseMoney, inputMode: "decimal", figures: true });
export const money: KindModule = {
  ...figureKind(
    (value, field, record) => (isBlank(value) ? "" : moneyText(String(value), currencyOf(field, record))),
    parseMoney,
    "decimal",
    148,
  ),
  Input: (props: InputProps) => (
    <div className="relative [&>input]:pe-12">
      <MoneyBox {...props} />
      <span aria-hidden className="pointer-events-none absolute end-2.5 top-2 text-xs leading-5 text-fg-3">
        {currencyOf(props.field, props.values)}
      </span>
    </div>
  ),
};
