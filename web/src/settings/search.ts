/** What the addresses of the settings' pages keep: read from the address, anything unknown left out. */

export const PEOPLE_TABS = ["people", "teams"] as const;
export const PEOPLE_STATUSES = ["active", "invited", "suspended"] as const;
export type PeopleSearch = {
  tab?: "teams";
  q?: string;
  status?: (typeof PEOPLE_STATUSES)[number];
  role?: string;
};

const text = (value: unknown): string | undefined => (typeof value === "string" && value ? value : undefined);

export function readPeopleSearch(search: Record<string, unknown>): PeopleSearch {
  const status = PEOPLE_STATUSES.find((one) => one === search.status);
  const q = text(search.q);
  const role = text(search.role);
  return {
    ...(search.tab === "teams" ? { tab: "teams" as const } : {}),
    ...(q ? { q } : {}),
    ...(status ? { status } : {}),
    ...(role ? { role } : {}),
  };
}

/** One chosen thing by its name in the address. */
export const readChosen =
  <Name extends string>(name: Name) =>
  (search: Record<string, unknown>): { [key in Name]?: string } => {
    const value = text(search[name]);
    return (value ? { [name]: value } : {}) as { [key in Name]?: string };
  };
