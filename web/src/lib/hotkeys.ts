import { useEffect, useRef } from "react";

/** Keys are written "mod+k", "?", "g d" (one after the other). "mod" is Command on a Mac, Control elsewhere. */
export type Keymap = Record<string, (event: KeyboardEvent) => void>;

const isMac = typeof navigator !== "undefined" && /Mac|iP(hone|ad)/.test(navigator.platform);
const SEQUENCE_MS = 900;

export function nameOf(event: KeyboardEvent): string {
  const key = event.key === " " ? "space" : event.key.toLowerCase().replace("arrow", "");
  const mod = isMac ? event.metaKey : event.ctrlKey;
  // Shift is part of a character such as "?", but has to be named for keys such as Enter and beside mod.
  const shift = event.shiftKey && (event.key.length > 1 || mod);
  return [mod && "mod", event.altKey && "alt", shift && "shift", key].filter(Boolean).join("+");
}

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "submit"].includes(target.type);
  return target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName);
}

/** Matches key events against a keymap, remembering the first key of a sequence for a moment. */
export function createMatcher(timeout = SEQUENCE_MS) {
  let prefix = "";
  let since = 0;
  return (map: Keymap, event: KeyboardEvent, now: number = Date.now()): boolean => {
    if (event.isComposing || ["Shift", "Control", "Alt", "Meta"].includes(event.key)) return false;
    const key = nameOf(event);
    if (isTyping(event.target) && !key.startsWith("mod+")) return false;
    const sequence = prefix && now - since < timeout ? `${prefix} ${key}` : "";
    prefix = "";
    const run = (sequence && map[sequence]) || map[key];
    if (run) {
      event.preventDefault();
      run(event);
      return true;
    }
    if (Object.keys(map).some((entry) => entry.startsWith(`${key} `))) {
      prefix = key;
      since = now;
    }
    return false;
  };
}

const OPEN_LAYER = "[data-layer='dialog'][data-open], [role=menu][data-open], [role=listbox]";

/** Window-wide keys, silent while a dialog, menu or list is open and while somebody types. */
export function useHotkeys(map: Keymap, enabled = true) {
  const latest = useRef(map);
  useEffect(() => {
    latest.current = map;
  });
  useEffect(() => {
    if (!enabled) return;
    const match = createMatcher();
    const onKey = (event: KeyboardEvent) => {
      if (!event.defaultPrevented && !document.querySelector(OPEN_LAYER)) match(latest.current, event);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [enabled]);
}

const SYMBOLS: Record<string, string> = {
  shift: "⇧",
  enter: "↵",
  up: "↑",
  down: "↓",
  left: "←",
  right: "→",
  space: "Space",
  delete: "Del",
  tab: "Tab",
  escape: "Esc",
};
/** The caps to draw for a key, in order. */
export function keyCaps(keys: string): string[] {
  return keys
    .split(" ")
    .flatMap((part) => part.split("+"))
    .map((cap) => (cap === "mod" ? (isMac ? "⌘" : "Ctrl") : (SYMBOLS[cap] ?? (cap.length === 1 ? cap.toUpperCase() : cap))));
}
