import type { Operator } from "@/api/types";
import type { ViewProps } from "../types";

export const PlainView = ({ value }: ViewProps) => <span className="truncate">{plainText(value)}</span>;
export const plainText = (value: unknown): string =>
  value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);

export const TEXT_OPERATORS: Operator[] = ["contains", "eq", "ne", "starts", "in", "nin", "is_null"];
export const FIGURE_OPERATORS: Operator[] = ["eq", "ne", "gt", "gte", "lt", "lte", "between", "is_null"];
export const DATE_OPERATORS: Operator[] = ["eq", "lt", "lte", "gt", "gte", "between", "is_null"];
export const CHOICE_OPERATORS: Operator[] = ["in", "nin", "eq", "ne", "is_null"];
