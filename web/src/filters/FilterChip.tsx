import { X } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Condition, Entity, Field, Operator } from "@/api/types";
import { kindOf, operatorsOf } from "@/fields/registry";
import { DropMenu } from "@/ui";
import { FilterValue } from "./FilterValue";
import { withOperator } from "./model";

const DATE_WORDS = { eq: "on", lt: "before", lte: "until", gt: "after", gte: "since" } as const;

/** How an operator is called for this field: a date is "before", a figure "is under". */
export function useOperatorWord() {
  const { t } = useTranslation();
  return (field: Field, op: Operator, value: unknown): string => {
    if (op === "is_null") return value === false ? t("filters.is_not_null") : t("filters.is_null");
    if (kindOf(field).filter === "date" && op in DATE_WORDS)
      return t(`filters.dates.${DATE_WORDS[op as keyof typeof DATE_WORDS]}`);
    return t(`filters.${op}`);
  };
}

/** One condition as three parts, each of which can be changed: field, operator, value. */
export function FilterChip({
  entity,
  field,
  condition,
  fresh,
  onChange,
  onRemove,
}: {
  entity: Entity;
  field: Field;
  condition: Condition;
  /** Just added: its value opens by itself. */
  fresh: boolean;
  onChange: (condition: Condition) => void;
  onRemove: () => void;
}) {
  const { t } = useTranslation();
  const word = useOperatorWord();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring its own box and legend
    <span
      role="group"
      aria-label={t("filters.condition", { field: field.label })}
      className="flex h-7 max-w-full shrink-0 items-center overflow-hidden rounded-sm shadow-[inset_0_0_0_1px_var(--line-strong)] pointer-coarse:h-10"
    >
      <span className="px-2 font-medium whitespace-nowrap">{field.label}</span>
      <DropMenu
        trigger={
          <button
            type="button"
            aria-label={t("filters.operator", { field: field.label, word: word(field, condition.op, condition.value) })}
            className="h-full px-1.5 whitespace-nowrap text-fg-2 hover:bg-hover"
          >
            {word(field, condition.op, condition.value)}
          </button>
        }
        items={operatorsOf(field).flatMap((op) =>
          op === "is_null"
            ? [true, false].map((value) => ({
                label: word(field, op, value),
                checked: condition.op === op && condition.value === value,
                onSelect: () => onChange({ ...condition, op, value }),
              }))
            : {
                label: word(field, op, null),
                checked: condition.op === op,
                onSelect: () => onChange(withOperator(condition, op)),
              },
        )}
      />
      {condition.op !== "is_null" && (
        <FilterValue
          key={condition.op}
          entity={entity}
          field={field}
          condition={condition}
          fresh={fresh}
          onChange={(value) => onChange({ ...condition, value })}
          onCondition={onChange}
        />
      )}
      <button
        type="button"
        aria-label={t("filters.remove", { field: field.label })}
        onClick={onRemove}
        className="flex h-full w-7 shrink-0 items-center justify-center text-fg-3 hover:bg-hover hover:text-fg pointer-coarse:w-10"
      >
        <X size={13} />
      </button>
    </span>
  );
}
