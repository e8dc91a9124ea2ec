import type { Entity, Rec, Values } from "@/api/types";

/** Records that are final from some moment on: the server refuses to change them, and the page does not offer it. */
const FINAL: Record<string, { is: (record: Rec | Values) => boolean; free: string[] }> = {
  invoice: { is: (record) => record.status !== "draft" && typeof record.status === "string", free: ["owner_id", "tags"] },
  time_entry: { is: (record) => record.status === "approved", free: [] },
};

/** Whether a record is final. */
export const isSettled = (entity: Entity, record: Rec | Values | undefined): boolean =>
  record !== undefined && FINAL[entity.name]?.is(record) === true;
/** Whether a field of it is final with it: whose it is and how it is filed may go on changing. */
export const isSettledIn = (entity: Entity, name: string, record: Rec | Values | undefined): boolean =>
  isSettled(entity, record) && !name.startsWith("custom.") && FINAL[entity.name]?.free.includes(name) !== true;
