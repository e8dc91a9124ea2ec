import { listPageQuery, nestable } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";

const HELD = 200;
export const isDone = (ticket: Rec): boolean => ticket.status === "resolved" || ticket.status === "closed";

/** What was said in a ticket, the oldest first. */
export const commentsQuery = (entity: Entity, id: string) =>
  listPageQuery(
    "ticket-comments",
    {
      parent: { plural: entity.plural, id, child: "comments" },
      sort: "created_at",
      include: nestable("ticket-comments", ["creator", "contact"]),
    },
    0,
    HELD,
  );

/** Who said something: the customer's person, a colleague, or the house itself. */
export function authorOf(comment: Rec): string | null {
  const nested = (name: string) => (comment[name] as { full_name?: string } | null | undefined)?.full_name ?? null;
  return nested("contact") ?? nested("creator");
}
