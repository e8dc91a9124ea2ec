import { adoptRecord, refreshLists, refreshTimeline } from "@/api/cache";
import { request } from "@/api/client";
import { loadedMeta, queryClient } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import i18n from "@/i18n";
import { notify } from "@/ui";
import { complain } from "./errors";

/** Everything that shows a record, its parts or what hangs on it is asked for again. */
export function refreshRecord(entity: Entity, id: string) {
  void queryClient.invalidateQueries({ queryKey: ["record", entity.plural, id] });
  refreshLists(entity.plural);
  refreshTimeline(entity.plural, id);
  const meta = loadedMeta();
  for (const child of entity.children) {
    const target = meta?.entities.find((one) => one.name === child.entity);
    if (target) refreshLists(target.plural);
  }
}

type Deed = {
  method?: "POST" | "PUT" | "DELETE";
  body?: unknown;
  /** What is said once it is done. */
  done?: string;
};

/**
 * Sends a verb to a record ("POST /invoices/{id}/send") and shows what has become of it. Throws what the server refuses,
 * for a form to put it where it belongs.
 */
export async function act<Answer = Rec>(
  entity: Entity,
  record: Pick<Rec, "id">,
  verb: string,
  { method = "POST", body = {}, done }: Deed = {},
): Promise<Answer> {
  const answer = await request<Answer>(`/${entity.plural}/${record.id}/${verb}`, {
    method,
    ...(method === "DELETE" ? {} : { body }),
    ...(method === "POST" ? { headers: { "Idempotency-Key": crypto.randomUUID() } } : {}),
  });
  if (isRecord(answer) && answer.id === record.id) adoptRecord(entity.plural, answer);
  refreshRecord(entity, record.id);
  if (done) notify(done);
  return answer;
}
const isRecord = (answer: unknown): answer is Rec =>
  typeof answer === "object" && answer !== null && "id" in answer && "version" in answer;

/** The same from a button: a refusal is said in a message. Resolves to whether it was done. */
export async function tryAct(entity: Entity, record: Pick<Rec, "id">, verb: string, deed: Deed = {}): Promise<boolean> {
  try {
    await act<unknown>(entity, record, verb, deed);
    return true;
  } catch (error) {
    complain(i18n.t("record.notDone"), error);
    return false;
  }
}
