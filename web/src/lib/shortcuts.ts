import { type Keymap, useHotkeys } from "./hotkeys";

/**
 * Every key of the application, by what it does. Whoever answers to a key, draws it on a button or lists it in the
 * sheet reads it here. Those of the table's cells are part of the pattern of a grid and are matched in grid/keys.ts.
 */
export const KEYS = {
  "everywhere.palette": "mod+k",
  "everywhere.help": "?",
  "everywhere.undo": "mod+z",
  "everywhere.theme": "mod+shift+l",
  "everywhere.day": "g m",
  "everywhere.overview": "g r",
  "list.new": "c",
  "list.filter": "f",
  "list.search": "/",
  "table.move": "up down",
  "table.preview": "space",
  "table.edit": "enter",
  "table.open": "mod+enter",
  "table.select": "x",
  "table.range": "shift+down",
  "table.all": "mod+a",
  "table.clear": "delete",
  "table.copy": "mod+c",
  "table.right": "tab",
  "table.cancel": "escape",
  "record.next": "j",
  "record.previous": "k",
  "record.list": "u",
  "record.edit": "e",
  "record.note": "n",
  "record.interaction": "i",
  "record.task": "t",
  "record.convert": "v",
  "record.send": "mod+enter",
  "day.next": "j",
  "day.previous": "k",
  "day.complete": "x",
  "day.add": "c",
  "day.snooze": "s",
  "day.open": "enter",
  "inbox.next": "j",
  "inbox.previous": "k",
  "inbox.reply": "r",
  "inbox.close": "e",
} as const;
export type ShortcutId = keyof typeof KEYS;

/** In the order of the sheet. */
export const PLACES = ["everywhere", "list", "table", "record", "day", "inbox"] as const;
export const shortcutsOf = (place: (typeof PLACES)[number]): ShortcutId[] =>
  (Object.keys(KEYS) as ShortcutId[]).filter((id) => id.startsWith(`${place}.`));

/** The second key of "g …" for the entities that have one. */
export const JUMPS: Record<string, string> = {
  company: "c",
  contact: "o",
  deal: "d",
  lead: "l",
  task: "t",
  product: "p",
  activity: "a",
  project: "j",
  ticket: "h",
  conversation: "i",
  invoice: "v",
  time_entry: "w",
};

/** The same for the boards of entities. */
export const BOARD_JUMPS: Record<string, string> = { deal: "b", lead: "k" };

/** Answers to keys by what they do, while the component is there. */
export function useShortcuts(handlers: Partial<Record<ShortcutId, (event: KeyboardEvent) => void>>, enabled = true) {
  const map: Keymap = {};
  for (const [id, run] of Object.entries(handlers)) if (run) map[KEYS[id as ShortcutId]] = run;
  useHotkeys(map, enabled);
}
