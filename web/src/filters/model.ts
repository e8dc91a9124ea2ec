import type { Condition, Entity, Field, Operator } from "@/api/types";
import { operatorsOf } from "@/fields/registry";

export const LIST_OPERATORS: readonly Operator[] = ["in", "nin", "has"];

/** A fresh condition on a field, its value still open. */
export function freshCondition(field: Field): Condition {
  const op = operatorsOf(field)[0] ?? "eq";
  return {
    field: field.name,
    op,
    value: field.kind === "boolean" ? true : LIST_OPERATORS.includes(op) ? [] : op === "is_null" ? true : null,
  };
}

/** The same condition under another operator, keeping as much of its value as fits. */
export function withOperator(condition: Condition, op: Operator, negated = false): Condition {
  const { value } = condition;
  if (op === "is_null") return { ...condition, op, value: !negated };
  const single = Array.isArray(value)
    ? (value[0] ?? null)
    : typeof value === "boolean" && condition.op === "is_null"
      ? null
      : value;
  if (op === "between") return { ...condition, op, value: Array.isArray(value) && value.length === 2 ? value : [single, null] };
  if (LIST_OPERATORS.includes(op))
    return {
      ...condition,
      op,
      value: Array.isArray(value) && condition.op !== "between" ? value : single === null ? [] : [single],
    };
  return { ...condition, op, value: single };
}

export const filterableFields = (entity: Entity): Field[] =>
  entity.fields.filter((field) => field.filterable && field.kind !== "custom_fields" && operatorsOf(field).length > 0);
