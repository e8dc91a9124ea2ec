import i18n from "@/i18n";
import { later } from "../parts/later";
import { modalEditor } from "../parts/ModalEditor";
import type { InputProps, KindModule, ViewProps } from "../types";
import { linesOf, weekInLine, weekOf } from "../week";
import { COMMON } from "./structures";

const WeekView = ({ value }: ViewProps) => <span className="truncate">{weekInLine(weekOf(value))}</span>;
// It may stand within a button, where a list or a table has no place.
const WeekWhole = ({ value }: ViewProps) => (
  <span className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-0.5 py-1.5">
    {linesOf(weekOf(value)).map(({ days, hours }) => (
      <span key={days} className="contents">
        <span className="text-fg-2">{days} </span>
        <span className={hours ? "tabular" : "text-fg-3"}>
          {hours
            ? hours.split(", ").map((span, at) => (
                <span key={span}>
                  {at > 0 && ", "}
                  <span className="whitespace-nowrap">{span}</span>
                </span>
              ))
            : i18n.t("week.closed")}
        </span>
      </span>
    ))}
  </span>
);
const WeekInput = later<InputProps>(() => import("../parts/WeekInput"));

/** When something is open on each day of the week. */
export const weeklyHours: KindModule = {
  ...COMMON,
  width: 260,
  View: WeekView,
  Whole: WeekWhole,
  Editor: modalEditor(WeekView, WeekInput),
  Input: WeekInput,
  text: (value) => weekInLine(weekOf(value)),
};
