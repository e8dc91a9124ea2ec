import type { Me } from "@/api/types";

export const PROFILE = ["full_name", "phone", "locale", "timezone"] as const;
/** What the form holds: everything as text. Empty is no value: the organization's language, no number. */
export type Profile = Record<(typeof PROFILE)[number], string>;

export const profileOf = (user: Me["user"]): Profile => ({
  full_name: user.full_name,
  phone: user.phone ?? "",
  locale: user.locale ?? "",
  timezone: user.timezone ?? "",
});

/** What a draft changes, or null where that is nothing. */
export function profileChanges(draft: Profile, held: Profile): Partial<Me["user"]> | null {
  const changed = PROFILE.filter((name) => draft[name].trim() !== held[name]);
  if (changed.length === 0) return null;
  return Object.fromEntries(
    changed.map((name) => [name, name === "full_name" ? draft[name].trim() : draft[name].trim() || null]),
  ) as Partial<Me["user"]>;
}
