import type { Field } from "@/api/types";
import { type Problem, Unparsed } from "./types";
import { isBlank } from "./values";

export type Wrong = { problem: Problem; limit: string };
const wrong = (problem: Problem, limit: unknown = ""): Wrong => ({ problem, limit: String(limit) });

/** The rules that metadata states, checked before sending. The server still has the last word. */
export function checkValue(field: Field, value: unknown): Wrong | null {
  if (value instanceof Unparsed) return wrong(value.problem, value.problem === "said" ? value.text : "");
  // A reference may be filled in by the server (a deal without a stage gets the first one of its pipeline).
  const filledIn = field.kind === "reference" || field.kind === "user";
  if (isBlank(value)) return field.required && !filledIn ? wrong("required") : null;
  switch (field.kind) {
    case "email":
      return /^[^\s@]+@[^\s@]+\.[^\s@]{2,}$/.test(String(value)) ? lengthOf(field, value) : wrong("email");
    case "url":
      return /^(https?:\/\/)?[^\s/]+\.[^\s/.]{2,}(\/\S*)?$/i.test(String(value)) ? lengthOf(field, value) : wrong("url");
    case "phone":
      return /^[+\d][\d\s().\-/]{3,}$/.test(String(value)) ? null : wrong("phone");
    case "integer":
    case "decimal":
    case "money":
    case "percent":
      if (field.min !== null && Number(value) < Number(field.min)) return wrong("min", field.min);
      if (field.max !== null && Number(value) > Number(field.max)) return wrong("max", field.max);
      return null;
    default:
      return lengthOf(field, value);
  }
}
function lengthOf(field: Field, value: unknown): Wrong | null {
  if (field.max_length === null || typeof value !== "string") return null;
  return [...value].length > field.max_length ? wrong("maxLength", field.max_length) : null;
}
