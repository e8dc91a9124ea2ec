import { ReceiptText } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Rec } from "@/api/types";
import { isZero } from "@/lib/decimal";
import { decimal, exactMoney } from "@/lib/format";
import { Empty } from "@/ui";
import { Sums } from "./Sums";
import type { Totals } from "./totals";

const text = (value: unknown) => (value === null || value === undefined ? "0" : String(value));

/** The server's own account of what an invoice comes to. */
export function keptTotals(invoice: Rec, items: Rec[]): Totals {
  const taxes = Array.isArray(invoice.tax_breakdown) ? (invoice.tax_breakdown as Totals["taxes"]) : [];
  return {
    subtotal: text(invoice.subtotal),
    discount_amount: text(invoice.discount_amount),
    tax_amount: text(invoice.tax_amount),
    total_amount: text(invoice.total_amount),
    taxes,
    lines: items.map((item) => text(item.amount)),
  };
}

/** The lines of an invoice that is final. On a phone each is two lines. */
export function LineTable({ invoice, items }: { invoice: Rec; items: Rec[] }) {
  const { t } = useTranslation();
  const currency = String(invoice.currency ?? "");
  const discounted = items.some((item) => !isZero(text(item.discount_percent)));
  if (items.length === 0) return <Empty icon={<ReceiptText size={20} />} title={t("invoices.noLines")} />;
  return (
    <div className="@container">
      <table className="w-full border-collapse">
        <caption className="sr-only">{t("invoices.lines")}</caption>
        <thead>
          <tr className="border-b text-xs text-fg-2 [&>th]:px-3 [&>th]:py-2 [&>th]:font-medium">
            <th scope="col" className="text-start">
              {t("invoices.description")}
            </th>
            <th scope="col" className="text-end @max-lg:hidden">
              {t("invoices.quantity")}
            </th>
            <th scope="col" className="text-end @max-lg:hidden">
              {t("invoices.price")}
            </th>
            {discounted && (
              <th scope="col" className="text-end @max-lg:hidden">
                {t("invoices.discount")}
              </th>
            )}
            <th scope="col" className="text-end @max-lg:hidden">
              {t("invoices.tax")}
            </th>
            <th scope="col" className="text-end">
              {t("invoices.amount")}
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => {
            const quantity = `${decimal(text(item.quantity))}${item.unit ? ` ${String(item.unit)}` : ""}`;
            return (
              <tr key={item.id} className="border-b border-line/80 align-top [&>td]:px-3 [&>td]:py-2">
                <td className="min-w-0 break-words">
                  {String(item.description ?? "")}
                  <span className="tabular block text-xs text-fg-2 @lg:hidden">
                    {quantity} × {exactMoney(text(item.unit_price), currency)}
                  </span>
                </td>
                <td className="tabular text-end whitespace-nowrap @max-lg:hidden">{quantity}</td>
                <td className="tabular text-end whitespace-nowrap @max-lg:hidden">
                  {exactMoney(text(item.unit_price), currency)}
                </td>
                {discounted && (
                  <td className="tabular text-end @max-lg:hidden">
                    {isZero(text(item.discount_percent)) ? "" : decimal(text(item.discount_percent))}
                  </td>
                )}
                <td className="tabular text-end @max-lg:hidden">{decimal(text(item.tax_rate))}</td>
                <td className="tabular text-end whitespace-nowrap">{exactMoney(text(item.amount), currency)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <div className="p-3">
        <Sums totals={keptTotals(invoice, items)} currency={currency} invoice={invoice} />
      </div>
    </div>
  );
}
