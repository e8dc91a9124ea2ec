import { can, findEntity, useMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { SendAgain } from "./SendAgain";

/** A delivery can be sent again by whoever may change the webhook. */
export default function DeliveryHead({ entity, record }: { entity: Entity; record: Rec }) {
  const hooks = findEntity(useMeta(), "webhook_endpoint");
  return hooks && can(hooks, "update") && record.status !== "queued" ? (
    <div className="mt-3">
      <SendAgain target={entity} delivery={record} />
    </div>
  ) : null;
}
