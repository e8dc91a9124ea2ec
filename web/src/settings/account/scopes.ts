import type { Grant } from "@/api/people";
import { inUsualOrder } from "../actions";

/** What a key may do: everything its owner may, only read, or single permissions. */
export type KeyReach = "all" | "read" | "chosen";

export const permissionOf = ({ resource, action }: Pick<Grant, "resource" | "action">) => `${resource}:${action}`;

export const scopesOf = (reach: KeyReach, chosen: ReadonlySet<string>): string[] =>
  reach === "all" ? ["*"] : reach === "read" ? ["read"] : [...chosen].sort();

export const reachOf = (scopes: string[]): KeyReach =>
  scopes.includes("*") ? "all" : scopes.length === 1 && scopes[0] === "read" ? "read" : "chosen";

/** The permissions one holds, by resource in the order in which they came, its actions in the usual order. */
export function byResource(grants: { resource: string; action: string }[]): { resource: string; actions: string[] }[] {
  const groups = new Map<string, string[]>();
  for (const { resource, action } of grants) groups.set(resource, [...(groups.get(resource) ?? []), action]);
  return [...groups].map(([resource, actions]) => ({ resource, actions: inUsualOrder(actions) }));
}

/** How long a key may live, in days; null is without end. */
export const LIVES = [30, 90, 365, null] as const;
const DAY_MS = 86_400_000;
export const expiryOf = (days: number | null, now: number = Date.now()): string | null =>
  days === null ? null : new Date(now + days * DAY_MS).toISOString();
export const isExpired = (expires: string | null, now: number = Date.now()): boolean =>
  expires !== null && new Date(expires).getTime() <= now;
