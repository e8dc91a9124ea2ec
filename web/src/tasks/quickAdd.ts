import { findMoment, isoOf } from "@/fields/words";

/** A task as somebody jots it down: "call Ada tomorrow 9:00 !high". */
export type Jotted = { title: string; due_at: string | null; type: string | null; priority: string | null };

/** What the first words say about its type, in English. The words stay in the title. */
const TYPES: [RegExp, string][] = [
  [/^(call|ring|phone)\b/i, "call"],
  [/^(e-?mail|mail|write to|reply to|send .* to)\b/i, "email"],
  [/^(meet|meeting|lunch|coffee)\b/i, "meeting"],
  [/^demo\b/i, "demo"],
  [/^follow[- ]?up\b/i, "follow_up"],
];
const PRIORITY = /(?:^|\s)!(low|medium|high|urgent|!{0,2})(?=\s|$)/i;
const MARKS: Record<string, string> = { "": "high", "!": "urgent", "!!": "urgent" };

export function readTask(text: string, now: Date = new Date()): Jotted {
  const marked = PRIORITY.exec(text);
  const word = marked?.[1]?.toLowerCase();
  const priority = word === undefined ? null : (MARKS[word] ?? word);
  const unmarked = (marked ? text.replace(marked[0], " ") : text).trim().replaceAll(/\s+/g, " ");
  const found = findMoment(unmarked, now);
  const title = found?.rest ?? unmarked;
  return {
    title: title.charAt(0).toUpperCase() + title.slice(1),
    due_at: found ? isoOf(found.said) : null,
    type: TYPES.find(([pattern]) => pattern.test(title))?.[1] ?? null,
    priority,
  };
}
