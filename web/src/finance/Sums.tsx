import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Rec } from "@/api/types";
import { compareDecimal, isZero } from "@/lib/decimal";
import { decimal, exactMoney } from "@/lib/format";
import { cx } from "@/ui";
import type { Totals } from "./totals";

function Line({
  label,
  value,
  strong = false,
  children,
}: {
  label: ReactNode;
  value: string;
  strong?: boolean;
  children?: ReactNode;
}) {
  return (
    <div className={cx("flex items-baseline justify-between gap-6", strong && "border-t pt-1.5 text-base font-semibold")}>
      <dt className={strong ? "" : "text-fg-2"}>
        {label}
        {children}
      </dt>
      <dd className="tabular" data-sum={typeof label === "string" ? label : undefined}>
        {value}
      </dd>
    </div>
  );
}

/** What everything comes to: while it is written by our own account, afterwards by the server's. */
export function Sums({ totals, currency, invoice }: { totals: Totals; currency: string; invoice?: Rec }) {
  const { t } = useTranslation();
  const show = (value: string) => exactMoney(value, currency);
  const text = (value: unknown) => (value === null || value === undefined ? "0" : String(value));
  const balance = text(invoice?.balance);
  return (
    <dl className="ms-auto flex w-full max-w-80 flex-col gap-1.5">
      <Line label={t("invoices.subtotal")} value={show(totals.subtotal)} />
      {!isZero(totals.discount_amount) && <Line label={t("invoices.discountTotal")} value={`−${show(totals.discount_amount)}`} />}
      {totals.taxes
        .filter((entry) => !isZero(entry.rate))
        .map((entry) => (
          <Line
            key={entry.rate}
            label={t("invoices.taxAt", { rate: decimal(entry.rate), taxable: show(entry.taxable) })}
            value={show(entry.tax)}
          />
        ))}
      <Line label={t("invoices.total")} value={show(totals.total_amount)} strong />
      {invoice && !isZero(text(invoice.amount_credited)) && (
        <Line label={t("invoices.credited")} value={`−${show(text(invoice.amount_credited))}`} />
      )}
      {invoice && !isZero(text(invoice.amount_paid)) && (
        <Line label={t("invoices.paid")} value={`−${show(text(invoice.amount_paid))}`} />
      )}
      {invoice && invoice.kind !== "credit_note" && invoice.status !== "draft" && (
        <Line
          label={t(compareDecimal(balance, "0") < 0 ? "invoices.owedToCustomer" : "invoices.balance")}
          value={show(balance.replace("-", ""))}
          strong
        />
      )}
    </dl>
  );
}
