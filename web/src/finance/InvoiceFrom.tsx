import "@/i18n/work";
import { useNavigate } from "@tanstack/react-router";
import { ReceiptText } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refreshLists } from "@/api/cache";
import { request } from "@/api/client";
import { can, findEntity, useMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { complain } from "@/records/errors";
import { Button, notify } from "@/ui";

/** Drafts an invoice of what was sold, or of the time that was approved, and goes there. */
export default function InvoiceFrom({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const invoices = findEntity(useMeta(), "invoice");
  const [busy, setBusy] = useState(false);
  const deal = entity.name === "deal";
  if (!invoices || !can(invoices, "create") || (deal && record.status !== "won")) return null;
  const draft = async () => {
    setBusy(true);
    try {
      const made = await request<Rec>(`/${invoices.plural}/${deal ? "from-deal" : "from-time"}`, {
        method: "POST",
        body: deal ? { deal_id: record.id } : { project_id: record.id },
        headers: { "Idempotency-Key": crypto.randomUUID() },
      });
      refreshLists(invoices.plural);
      notify(t("invoices.drafted"));
      void navigate({ to: "/$entity/$id", params: { entity: invoices.plural, id: made.id } });
    } catch (error) {
      complain(t("invoices.notDrafted"), error);
      setBusy(false);
    }
  };
  return (
    <Button size="sm" className="mt-3" disabled={busy} onClick={() => void draft()}>
      <ReceiptText size={14} aria-hidden /> {t(deal ? "invoices.fromDeal" : "invoices.fromTime")}
    </Button>
  );
}
