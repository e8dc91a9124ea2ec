import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import { findEntity, useMeta } from "@/api/queries";
import type { Entity, Rec, Values } from "@/api/types";
import { Unparsed } from "@/fields/types";
import { isBlank } from "@/fields/values";
import { RecordField } from "@/forms/RecordDialog";
import { useSubmission } from "@/forms/useSubmission";
import { exactMoney } from "@/lib/format";
import { dayOf } from "@/lib/zone";
import { refreshRecord } from "@/records/act";
import { Button, Modal, Notice, notify } from "@/ui";
import { balanceOf } from "./invoices";

const NAMES = ["amount", "method", "payment_date", "reference", "notes"] as const;

/** Money that came in for an invoice. All that is owed stands there already. */
export default function PaymentDialog({ entity, invoice, onClose }: { entity: Entity; invoice: Rec; onClose: () => void }) {
  const { t } = useTranslation();
  const payment = findEntity(useMeta(), "payment");
  const currency = String(invoice.currency ?? "");
  const balance = balanceOf(invoice);
  const [values, setValues] = useState<Values>(() => ({
    amount: balance,
    method: payment?.fields.find((field) => field.name === "method")?.default ?? "bank_transfer",
    payment_date: dayOf(new Date()),
    reference: null,
    notes: null,
  }));
  const { form, busy, failure, errors, submit, clear, refuse } = useSubmission(NAMES);
  if (!payment) return null;
  const save = async () => {
    const unread = NAMES.find((name) => values[name] instanceof Unparsed);
    if (unread) return refuse({ [unread]: t("problems.number", { label: t("invoices.payAmount") }) });
    const body = Object.fromEntries(Object.entries(values).filter(([, value]) => !isBlank(value)));
    const done = await submit(async () => {
      await request(`/${entity.plural}/${invoice.id}/payments`, {
        method: "POST",
        body,
        headers: { "Idempotency-Key": crypto.randomUUID() },
      });
      refreshRecord(entity, invoice.id);
      notify(t("invoices.payDone"));
    });
    if (done) onClose();
  };
  return (
    <Modal
      title={t("invoices.payTitle")}
      description={t("invoices.payHint", { balance: exactMoney(balance, currency) })}
      width="sm"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" type="submit" form="payment" disabled={busy}>
            {t("invoices.pay")}
          </Button>
        </>
      }
    >
      <form
        ref={form}
        id="payment"
        noValidate
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {failure && <Notice>{failure}</Notice>}
        {NAMES.flatMap((name) => payment.fields.find((field) => field.name === name) ?? []).map((field) => (
          <RecordField
            key={field.name}
            field={field}
            value={values[field.name]}
            values={{ ...values, currency }}
            error={errors[field.name as (typeof NAMES)[number]]}
            onChange={(value) => {
              setValues((held) => ({ ...held, [field.name]: value }));
              clear(field.name as (typeof NAMES)[number]);
            }}
          />
        ))}
      </form>
    </Modal>
  );
}
