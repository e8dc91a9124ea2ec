import type { OrganizationSettings, OrganizationUpdate } from "@/api/types";

/** What the form holds: everything as text, the way it is typed. */
export type Draft = {
  name: string;
  base_currency: string;
  timezone: string;
  locale: string;
  country: string;
  max_active_products: string;
};

/** The fields of the form, by the names under which the server speaks of them. */
export const DRAFTED = [
  "name",
  "base_currency",
  "timezone",
  "locale",
  "country",
  "max_active_products",
] as const satisfies readonly (keyof Draft)[];

export const draftOf = (held: OrganizationSettings): Draft => ({
  name: held.name,
  base_currency: held.base_currency,
  timezone: held.timezone,
  locale: held.locale,
  country: held.country ?? "",
  max_active_products: String(held.settings?.max_active_products ?? ""),
});

/** What a draft changes, or null where that is nothing. A figure that is none is sent as it is: the server says what is wrong. */
export function bodyOf(draft: Draft, held: OrganizationSettings): OrganizationUpdate | null {
  const before = draftOf(held);
  const body: Record<string, unknown> = {};
  for (const name of ["name", "base_currency", "timezone", "locale", "country"] as const)
    if (draft[name].trim() !== before[name]) body[name] = draft[name].trim();
  const limit = draft.max_active_products.trim();
  if (limit !== before.max_active_products)
    body.settings = { max_active_products: limit === "" ? null : /^\d+$/.test(limit) ? Number(limit) : limit };
  return Object.keys(body).length === 0 ? null : (body as OrganizationUpdate);
}
