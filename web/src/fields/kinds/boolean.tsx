import { Check } from "lucide-react";
import { useTranslation } from "react-i18next";
import i18n from "@/i18n";
import { Switch } from "@/ui";
import { type KindModule, refused, understood, type ViewProps } from "../types";

const WORDS: Record<string, boolean> = {
  yes: true,
  true: true,
  "1": true,
  y: true,
  no: false,
  false: false,
  "0": false,
  n: false,
};

function BooleanView({ value }: ViewProps) {
  const { t } = useTranslation();
  if (value === null || value === undefined) return null;
  return value ? (
    <Check size={15} aria-label={t("common.yes")} className="text-success-text" />
  ) : (
    <span className="text-fg-3">{t("common.no")}</span>
  );
}

export const boolean: KindModule = {
  width: 100,
  View: BooleanView,
  Editor: null,
  toggles: true,
  Input: ({ value, aria, onChange, onBlur, inputRef }) => (
    <span className="flex h-9 items-center">
      <Switch {...aria} ref={inputRef} checked={value === true} onCheckedChange={(next) => onChange(next)} onBlur={onBlur} />
    </span>
  ),
  filter: "boolean",
  operators: ["eq", "is_null"],
  text: (value) => (value === null || value === undefined ? "" : value ? i18n.t("common.yes") : i18n.t("common.no")),
  parse: (text) => {
    const word = WORDS[text.trim().toLowerCase()];
    return text.trim() === "" ? understood(null) : word === undefined ? refused("required") : understood(word);
  },
};
