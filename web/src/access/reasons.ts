/** Why somebody may do something with a record, as `GET /{entity}/{id}/access` tells. */
export type Reason = { by: string; field?: string; entity?: string; reasons?: Reason[] };
export type Right = { allowed: boolean; scope: string | null; reasons: Reason[] };
export type Rights = { read: Right; update: Right; delete: Right };
export type Person = Rights & { user: { id: string; full_name: string | null; role: { key: string; name: string } } };
export type AccessAnswer = {
  you: Rights;
  /** Null for whom the roles of others are nobody's business. */
  people: Person[] | null;
  page: { limit: number; next_offset: number | null };
};

/** The ways that have words of their own. */
export const WAYS = [
  "role",
  "owner",
  "team",
  "company_member",
  "project_member",
  "unowned",
  "status",
  "record",
  "author",
  "self",
  "rule",
] as const;
export type Way = (typeof WAYS)[number];
export const wayOf = ({ by }: Reason): Way => WAYS.find((way) => way === by) ?? "rule";

/** Every way once, in the order in which they were told. */
export function waysOf(reasons: Reason[]): Reason[] {
  const seen = new Set<string>();
  return reasons.filter((reason) => {
    const key = `${wayOf(reason)}/${reason.field ?? ""}/${reason.entity ?? ""}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
/** What somebody may do at most: the last of reading, changing and deleting that they may. */
export const reach = (rights: Rights): "none" | "read" | "update" | "delete" =>
  rights.delete.allowed ? "delete" : rights.update.allowed ? "update" : rights.read.allowed ? "read" : "none";
