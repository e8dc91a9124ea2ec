import { useSyncExternalStore } from "react";

/** The key and values are also read by public/theme-boot.js. */
const KEY = "kith.theme";
export const THEMES = ["light", "dark", "system"] as const;
export type Theme = (typeof THEMES)[number];

const listeners = new Set<() => void>();
const systemIsDark = () => matchMedia("(prefers-color-scheme: dark)").matches;

export function chosenTheme(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === "light" || stored === "dark" ? stored : "system";
  } catch {
    return "system";
  }
}
export const shownTheme = (): "light" | "dark" => (document.documentElement.dataset.theme === "dark" ? "dark" : "light");

function apply() {
  const theme = chosenTheme();
  document.documentElement.dataset.theme = theme === "dark" || (theme === "system" && systemIsDark()) ? "dark" : "light";
  for (const listener of listeners) listener();
}
export function setTheme(theme: Theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Blocked storage: the theme then holds for this page only.
  }
  apply();
  if (theme !== "system") document.documentElement.dataset.theme = theme;
}
export const toggleTheme = () => setTheme(shownTheme() === "dark" ? "light" : "dark");
/** Follows the system's own switch while the choice is "system". */
export function watchSystemTheme() {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
}
function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
export const useShownTheme = () => useSyncExternalStore(subscribe, shownTheme, () => "light" as const);
export const useChosenTheme = () => useSyncExternalStore(subscribe, chosenTheme, () => "system" as const);
