/** The boxes of the inbox, as the server knows them: what is mine, what nobody has taken, all that goes on, what is new, what is closed. */
export const BOXES = ["mine", "unassigned", "all", "unread", "closed"] as const;
export type Box = (typeof BOXES)[number];
export type InboxSearch = { box?: Box; q?: string; c?: string };

export function readInboxSearch(search: Record<string, unknown>): InboxSearch {
  const text = (name: string) => (typeof search[name] === "string" && search[name] ? String(search[name]) : undefined);
  const box = BOXES.find((name) => name === search.box);
  const [q, c] = [text("q"), text("c")];
  return { ...(box ? { box } : {}), ...(q ? { q } : {}), ...(c ? { c } : {}) };
}
