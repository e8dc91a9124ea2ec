import { useSyncExternalStore } from "react";

/** How often a page that stays open looks whether the server has a newer one. Milliseconds. */
const EVERY_MS = 10 * 60_000;
const AT_LEAST_MS = 60_000;

let fresh = false;
let looked = 0;
const listeners = new Set<() => void>();
function announce() {
  fresh = true;
  for (const listener of listeners) listener();
}

/** The entry script that a page names: its name changes with every build. */
export const entryOf = (html: string): string | undefined => /<script[^>]+src="([^"]*\/assets\/[^"]+\.js)"/.exec(html)?.[1];

/** Asks for the page anew and compares the script that it starts with. Says nothing when nobody answers. */
export async function lookForNewVersion(now = Date.now(), current = document.documentElement.outerHTML): Promise<boolean> {
  if (fresh || now - looked < AT_LEAST_MS) return fresh;
  looked = now;
  try {
    const response = await fetch("/", { headers: { Accept: "text/html" }, cache: "no-cache" });
    const entry = response.ok ? entryOf(await response.text()) : undefined;
    const own = entryOf(current);
    if (entry && own && entry !== own) announce();
  } catch {
    // Offline: there is a banner for that.
  }
  return fresh;
}

function watch() {
  const look = () => {
    if (document.visibilityState === "visible") void lookForNewVersion();
  };
  const timer = setInterval(look, EVERY_MS);
  document.addEventListener("visibilitychange", look);
  // A part of the page that is gone from the server means that the server has moved on.
  addEventListener("vite:preloadError", announce);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
    removeEventListener("vite:preloadError", announce);
  };
}
let stop: (() => void) | undefined;
function subscribe(listener: () => void) {
  listeners.add(listener);
  stop ??= watch();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      stop?.();
      stop = undefined;
    }
  };
}
/** Whether the server has a newer version of this page. */
export const useNewVersion = (): boolean =>
  useSyncExternalStore(
    subscribe,
    () => fresh,
    () => false,
  );
