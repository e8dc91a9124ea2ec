import { refreshLists } from "@/api/cache";
import { request } from "@/api/client";
import { can, fetchList, findEntity, loadedMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";

/** Whether one may write to whom a record is about. */
export function writesTo(entity: Entity): boolean {
  const meta = loadedMeta();
  const conversation = meta && findEntity(meta, "conversation");
  return (
    conversation !== undefined &&
    can(conversation, "create") &&
    entity.children.some((child) => child.entity === "conversation" && child.name === "conversations")
  );
}

/** The conversation to go on with: the open one that was written in last, or else a new one by the way that is known. */
export async function conversationWith(entity: Entity, record: Rec): Promise<string> {
  const held = await fetchList(
    "conversations",
    {
      parent: { plural: entity.plural, id: record.id, child: "conversations" },
      sort: "-last_message_at",
      filter: { field: "status", op: "ne", value: "closed" },
    },
    { limit: 1 },
  );
  if (held.data[0]) return held.data[0].id;
  const made = await request<Rec>("/conversations", {
    method: "POST",
    body: { subject_type: entity.name, subject_id: record.id, channel: record.email ? "email" : "sms" },
    headers: { "Idempotency-Key": crypto.randomUUID() },
  });
  refreshLists("conversations");
  return made.id;
}
