import { useCallback, useState } from "react";

/** Reads a remembered setting. Anything unreadable counts as absent. */
export function recall<T>(key: string, fallback: T, accept: (value: unknown) => value is T): T {
  try {
    const text = localStorage.getItem(`kith.${key}`);
    if (text === null) return fallback;
    const value: unknown = JSON.parse(text);
    return accept(value) ? value : fallback;
  } catch {
    return fallback;
  }
}

export function remember(key: string, value: unknown) {
  try {
    if (value === undefined) localStorage.removeItem(`kith.${key}`);
    else localStorage.setItem(`kith.${key}`, JSON.stringify(value));
  } catch {
    // Storage may be full or blocked: the setting then lasts as long as the page.
  }
}

/** State that outlives the page, per key. */
export function useRemembered<T>(key: string, fallback: T, accept: (value: unknown) => value is T) {
  const [held, setHeld] = useState(() => ({ key, value: recall(key, fallback, accept) }));
  const current = held.key === key ? held.value : recall(key, fallback, accept);
  if (held.key !== key) setHeld({ key, value: current });
  const set = useCallback(
    (value: T) => {
      remember(key, value);
      setHeld({ key, value });
    },
    [key],
  );
  return [current, set] as const;
}
