import { useMemo } from "react";
import type { Entity, Field } from "@/api/types";
import { kindOf, shownFields } from "@/fields/registry";
import { useRemembered } from "@/lib/storage";

export type Column = { field: Field; width: number };
/** What is remembered per entity: the order of the columns, the ones shown, and widths that were changed. */
export type ColumnChoice = { shown: string[]; widths: Record<string, number> };

const isChoice = (value: unknown): value is ColumnChoice =>
  typeof value === "object" &&
  value !== null &&
  Array.isArray((value as ColumnChoice).shown) &&
  (value as ColumnChoice).shown.every((name) => typeof name === "string") &&
  typeof (value as ColumnChoice).widths === "object";

export const MIN_WIDTH = 72;

/** The title always stands first. */
export function resolveColumns(entity: Entity, choice: ColumnChoice): Column[] {
  const fields = shownFields(entity);
  const title = fields.find((field) => field.name === entity.title_field) ?? fields[0];
  const chosen = choice.shown.flatMap((name) => fields.find((field) => field.name === name && field !== title) ?? []);
  return [...(title ? [title] : []), ...chosen].map((field, index) => ({
    field,
    width: Math.max(MIN_WIDTH, choice.widths[field.name] ?? (index === 0 ? 240 : kindOf(field).width)),
  }));
}

/** How an address says it: names in order, each with its width where that was changed ("status,owner_id:204"). */
export const writeColumns = ({ shown, widths }: ColumnChoice): string =>
  shown.map((name) => (widths[name] ? `${name}:${Math.round(widths[name])}` : name)).join(",");
export function readColumns(text: string): ColumnChoice {
  const widths: Record<string, number> = {};
  const shown = text.split(",").flatMap((entry) => {
    const [name = "", width] = entry.split(":");
    if (width) widths[name] = Number(width);
    return name ? [name] : [];
  });
  return { shown, widths };
}

/**
 * The columns of a list: those of its address, or else the ones this person saw last. A change goes into both, so that
 * it is still there tomorrow and travels with a link.
 */
export function useColumns(entity: Entity, address: string | undefined, onAddress: (cols: string | undefined) => void) {
  const fallback = useMemo<ColumnChoice>(() => ({ shown: entity.layout.table, widths: {} }), [entity]);
  const [remembered, setRemembered] = useRemembered(`columns.${entity.name}`, fallback, isChoice);
  const choice = useMemo(() => (address ? readColumns(address) : remembered), [address, remembered]);
  const columns = useMemo(() => resolveColumns(entity, choice), [entity, choice]);
  const set = (next: ColumnChoice) => {
    setRemembered(next);
    onAddress(writeColumns(next));
  };
  return {
    columns,
    setShown: (shown: string[]) => set({ ...choice, shown }),
    setWidth: (name: string, width: number) => set({ ...choice, widths: { ...choice.widths, [name]: Math.round(width) } }),
    reset: () => {
      setRemembered(fallback);
      onAddress(undefined);
    },
  };
}
