import { Plus, X } from "lucide-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, cx } from "@/ui";
import { isDeep, type Pair, type PairStyle, pairsOf, pairsToValue } from "../pairs";
import { type InputProps, Unfinished } from "../types";
import { StructureGroup } from "./StructureGroup";

/** Lines of a name and a value each, for structures whose names people choose themselves. */
export function Pairs({
  value,
  style,
  suggested = [],
  onChange,
}: {
  value: unknown;
  style: PairStyle;
  /** Names that others use here. */
  suggested?: readonly string[];
  onChange: (value: unknown) => void;
}) {
  const { t } = useTranslation();
  const list = useId();
  const [pairs, setPairs] = useState<Pair[]>(() => pairsOf(value));
  const put = (next: Pair[]) => {
    setPairs(next);
    const result = pairsToValue(next, style);
    onChange(result.problem ? new Unfinished(next, result.problem) : result.value);
  };
  const set = (key: number, part: Partial<Pair>) => put(pairs.map((pair) => (pair.key === key ? { ...pair, ...part } : pair)));
  return (
    <>
      {suggested.length > 0 && (
        <datalist id={list}>
          {suggested.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      )}
      {pairs.map((pair, at) => (
        <div key={pair.key} className="grid grid-cols-[minmax(0,1fr)_minmax(0,1.4fr)_auto] items-center gap-2">
          <input
            aria-label={t("pairs.name", { place: at + 1 })}
            placeholder={t("pairs.namePlaceholder")}
            autoComplete="off"
            list={suggested.length > 0 ? list : undefined}
            value={pair.name}
            onChange={(event) => set(pair.key, { name: event.target.value })}
            className="field-box h-9"
          />
          <Value pair={pair} style={style} place={at + 1} onChange={(part) => set(pair.key, part)} />
          <Button
            variant="ghost"
            size="icon"
            aria-label={t("pairs.remove", { name: pair.name || at + 1 })}
            onClick={() => put(pairs.filter((one) => one !== pair))}
          >
            <X size={14} />
          </Button>
        </div>
      ))}
      <Button
        variant="ghost"
        size="sm"
        className="-ms-2 self-start"
        onClick={() =>
          setPairs([...pairs, { key: Math.max(-1, ...pairs.map(({ key }) => key)) + 1, name: "", text: "", was: undefined }])
        }
      >
        <Plus size={14} aria-hidden /> {t("pairs.add")}
      </Button>
    </>
  );
}

function Value({
  pair,
  style,
  place,
  onChange,
}: {
  pair: Pair;
  style: PairStyle;
  place: number;
  onChange: (part: Partial<Pair>) => void;
}) {
  const { t } = useTranslation();
  const label = t("pairs.value", { place });
  if (isDeep(pair.was)) return <span className="min-w-0 truncate px-2 text-fg-2">{pair.text}</span>;
  if (typeof pair.was === "boolean")
    return (
      <select
        aria-label={label}
        className="field-box h-9"
        value={String(pair.was)}
        onChange={(event) => onChange({ was: event.target.value === "true" })}
      >
        <option value="true">{t("common.yes")}</option>
        <option value="false">{t("common.no")}</option>
      </select>
    );
  return (
    <input
      aria-label={label}
      placeholder={t("pairs.valuePlaceholder")}
      autoComplete="off"
      inputMode={style === "figures" ? "decimal" : undefined}
      value={pair.text}
      onChange={(event) => onChange({ text: event.target.value })}
      className={cx("field-box h-9", style === "figures" && "tabular text-end")}
    />
  );
}

/** The input of a field whose structure is nothing but such lines. */
export const pairsInput = (style: PairStyle, suggested: readonly string[] = []) =>
  function PairsInput({ value, onChange, ...held }: InputProps) {
    return (
      <StructureGroup {...held} className="flex flex-col gap-2">
        <Pairs value={value} style={style} suggested={suggested} onChange={onChange} />
      </StructureGroup>
    );
  };
