import { useQuery } from "@tanstack/react-query";
import { Undo2 } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { can, findEntity, useMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { isZero } from "@/lib/decimal";
import { day, exactMoney } from "@/lib/format";
import { Button } from "@/ui";
import { isCreditNote, isDraft, paymentsQuery, refundableOf } from "./invoices";

const RefundDialog = lazy(() => import("./RefundDialog"));

/** What was paid of an invoice, and what of it was given back. */
export function Payments({ entity, invoice }: { entity: Entity; invoice: Rec }) {
  const { t } = useTranslation();
  const meta = useMeta();
  const payment = findEntity(meta, "payment");
  const refunds = findEntity(meta, "refund");
  const [refunding, setRefunding] = useState<Rec | null>(null);
  const shown = payment !== undefined && can(payment, "read") && !isDraft(invoice) && !isCreditNote(invoice);
  const { data } = useQuery({ ...paymentsQuery(entity, invoice.id), enabled: shown });
  if (!shown || !data || data.data.length === 0) return null;
  const currency = String(invoice.currency ?? "");
  const method = payment.fields.find((field) => field.name === "method");
  return (
    <section aria-labelledby="payments" className="rounded-md bg-raised shadow-card">
      <h2 id="payments" className="border-b px-3 py-2 font-semibold">
        {t("invoices.payments")}
      </h2>
      <ul className="m-0 list-none p-0">
        {data.data.map((one) => (
          <li
            key={one.id}
            className="flex min-h-11 flex-wrap items-center gap-x-3 border-b border-line/80 px-3 py-1.5 last:border-b-0"
          >
            <span className="tabular font-medium">{exactMoney(String(one.amount ?? "0"), currency)}</span>
            <span className="min-w-0 flex-1 text-xs text-fg-2">
              {[
                day(String(one.payment_date ?? "")),
                method?.choices?.find((choice) => choice.value === one.method)?.label,
                one.reference,
                !isZero(String(one.amount_refunded ?? "0")) &&
                  t("invoices.refunded", { amount: exactMoney(String(one.amount_refunded), currency) }),
              ]
                .filter(Boolean)
                .join(" · ")}
            </span>
            {refunds && can(refunds, "create") && !isZero(refundableOf(one)) && (
              <Button size="sm" variant="ghost" onClick={() => setRefunding(one)}>
                <Undo2 size={14} /> {t("invoices.refund")}
              </Button>
            )}
          </li>
        ))}
      </ul>
      <Suspense>
        {refunding && <RefundDialog entity={entity} invoice={invoice} payment={refunding} onClose={() => setRefunding(null)} />}
      </Suspense>
    </section>
  );
}
