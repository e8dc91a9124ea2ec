import type { Entity } from "@/api/types";

/** What a text in the palette looks for: everything, or what its first sign says. */
export type Scope =
  | { kind: "all"; text: string }
  | { kind: "actions" | "records" | "people" | "pages"; text: string }
  | { kind: "entity"; entity: Entity; text: string };

export const SIGNS = { ">": "actions", "#": "records", "@": "people", "/": "pages" } as const;

/** Reads ">", "#", "@", "/" at the start of a text, or the name of a kind of record before a colon: "leads: ada". */
export function scopeOf(text: string, entities: Entity[]): Scope {
  const start = text.trimStart();
  const sign = SIGNS[start.charAt(0) as keyof typeof SIGNS];
  if (sign) return { kind: sign, text: start.slice(1).trim() };
  const named = /^([\p{L} -]{2,40}):(.*)$/u.exec(start);
  const word = named?.[1]?.trim().toLowerCase();
  const entity = word
    ? entities.find((entry) =>
        [entry.name, entry.plural, entry.label, entry.label_plural].some((name) => name.toLowerCase() === word),
      )
    : undefined;
  return entity ? { kind: "entity", entity, text: named?.[2]?.trim() ?? "" } : { kind: "all", text: start.trim() };
}

/** Whether a label holds every word that was typed, each at the beginning of one of its own. */
export function matchesWords(label: string, text: string): boolean {
  const words = label.toLowerCase().split(/[\s/–-]+/);
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .every((typed) => words.some((word) => word.startsWith(typed)) || label.toLowerCase().includes(typed));
}
