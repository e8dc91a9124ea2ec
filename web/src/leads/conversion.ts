import { queryOptions } from "@tanstack/react-query";
import { adoptRecord, refreshLists, refreshTimeline } from "@/api/cache";
import { ApiError, request } from "@/api/client";
import { queryClient } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { titleOf } from "@/fields/values";
import i18n from "@/i18n";
import { createStore } from "@/lib/store";
import { complain } from "@/records/errors";
import { rememberUndo } from "@/records/undo";
import { notify } from "@/ui";

/** Why a record is thought to be the same as what a lead tells of. */
export type Match = { id: string; name: string; reason: "domain" | "email" | "phone" | "name" };
export type Conversion = {
  converted: boolean;
  can_undo: boolean;
  blockers: string[];
  company: { suggested: string | null; matches: Match[] };
  contact: { suggested: string | null; matches: Match[] };
  deal: { name: string; pipeline_id: string; stage_id: string; amount: string | null; currency: string };
};
export type Choice = { action: "create" | "use" | "none"; id?: string; name?: string };
export type ConversionBody = {
  company: Choice;
  contact: Choice;
  deal: {
    action: "create" | "none";
    name?: string;
    pipeline_id?: string;
    stage_id?: string;
    amount?: string | null;
    currency?: string;
    expected_close_date?: string | null;
  };
};
export type Converted = { lead: Rec; company: Rec | null; contact: Rec | null; deal: Rec | null };

export const conversionQuery = (id: string) =>
  queryOptions({
    queryKey: ["conversion", id],
    queryFn: () => request<Conversion>(`/leads/${id}/conversion`),
    staleTime: 0,
  });

/** The lead that is about to be converted; its dialog is open while there is one. */
export type ConversionCase = { entity: Entity; record: Rec; settle: (done: boolean) => void };
export const conversionStore = createStore<ConversionCase | null>(null);

/** Opens the dialog that converts a lead. Resolves to whether it was converted. */
export const askConversion = (entity: Entity, record: Rec): Promise<boolean> =>
  new Promise((settle) => {
    conversionStore.set({
      entity,
      record,
      settle: (done) => {
        conversionStore.set(null);
        settle(done);
      },
    });
  });

/** What begins chosen in the dialog: the record that was found for sure, or else a new one. */
export function choiceFor({ suggested }: Conversion["company"], fresh: Choice): Choice {
  return suggested ? { action: "use", id: suggested } : fresh;
}

/** Everything that shows a lead, or one of the records that a conversion makes, is asked for again. */
function refreshAround(lead: Rec) {
  for (const plural of ["leads", "companies", "contacts", "deals"]) refreshLists(plural);
  refreshTimeline("leads", lead.id);
  void queryClient.invalidateQueries({ queryKey: ["record", "leads", lead.id] });
  void queryClient.invalidateQueries({ queryKey: ["conversion", lead.id] });
}

/** Converts a lead. What was made is named in a message, and can be taken back from there. */
export async function convert(entity: Entity, record: Rec, body: ConversionBody): Promise<Converted> {
  const result = await request<Converted>(`/leads/${record.id}/convert`, {
    method: "POST",
    body,
    headers: { "Idempotency-Key": crypto.randomUUID() },
  });
  adoptRecord(entity.plural, result.lead);
  refreshAround(result.lead);
  const undo = rememberUndo(async () => {
    await unconvert(entity, result.lead);
  });
  notify(i18n.t("leads.converted", { name: titleOf(entity, record) }), {
    links: LINKS.flatMap(([part, plural]) => {
      const made = result[part];
      return made ? [{ label: i18n.t(`leads.show.${part}`), href: `/${plural}/${made.id}` }] : [];
    }),
    action: { label: i18n.t("common.undo"), run: undo },
  });
  return result;
}
const LINKS = [
  ["company", "companies"],
  ["contact", "contacts"],
  ["deal", "deals"],
] as const;

/** Takes a conversion back, unless something hangs on what it made by now. */
export async function unconvert(entity: Entity, lead: Rec): Promise<boolean> {
  try {
    const result = await request<{ lead: Rec }>(`/leads/${lead.id}/unconvert`, { method: "POST", body: {} });
    adoptRecord(entity.plural, result.lead);
    refreshAround(result.lead);
    notify(i18n.t("leads.unconverted", { name: titleOf(entity, lead) }));
    return true;
  } catch (error) {
    const blockers = error instanceof ApiError && error.status === 409 ? (error.problem?.errors ?? []) : [];
    if (blockers.length > 0)
      notify(i18n.t("leads.notUnconverted"), { description: blockers.map((entry) => entry.message).join(" "), error: true });
    else complain(i18n.t("leads.notUnconverted"), error);
    return false;
  }
}

/** Somebody else was faster. */
export const isTaken = (error: unknown): boolean => error instanceof ApiError && error.status === 409;
