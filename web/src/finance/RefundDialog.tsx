import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refreshLists } from "@/api/cache";
import { request } from "@/api/client";
import type { Entity, Rec } from "@/api/types";
import { parseDecimal } from "@/fields/numbers";
import { useSubmission } from "@/forms/useSubmission";
import { exactMoney } from "@/lib/format";
import { refreshRecord } from "@/records/act";
import { Button, FormRow, Modal, Notice, notify, TextInput } from "@/ui";
import { refundableOf } from "./invoices";
import { placesOf } from "./totals";

const NAMES = ["amount", "reason", "reference"] as const;

/** Gives money of a payment back: all of it, or a part. */
export default function RefundDialog({
  entity,
  invoice,
  payment,
  onClose,
}: {
  entity: Entity;
  invoice: Rec;
  payment: Rec;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const currency = String(invoice.currency ?? "");
  const most = refundableOf(payment);
  const [amount, setAmount] = useState(most);
  const [reason, setReason] = useState("");
  const [reference, setReference] = useState("");
  const { form, busy, failure, errors, submit, clear, refuse } = useSubmission(NAMES);
  const save = async () => {
    const read = parseDecimal(amount, placesOf(currency));
    if (!read.ok || read.value === null) return refuse({ amount: t("problems.number", { label: t("invoices.payAmount") }) });
    const done = await submit(async () => {
      await request(`/payments/${payment.id}/refunds`, {
        method: "POST",
        body: {
          amount: String(read.value),
          ...(reason.trim() ? { reason: reason.trim() } : {}),
          ...(reference.trim() ? { reference: reference.trim() } : {}),
        },
        headers: { "Idempotency-Key": crypto.randomUUID() },
      });
      refreshLists("payments");
      refreshRecord(entity, invoice.id);
      notify(t("invoices.refundDone"));
    });
    if (done) onClose();
  };
  return (
    <Modal
      title={t("invoices.refundTitle")}
      description={t("invoices.refundHint", { amount: exactMoney(most, currency) })}
      width="sm"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" type="submit" form="refund" disabled={busy}>
            {t("invoices.refundTitle")}
          </Button>
        </>
      }
    >
      <form
        ref={form}
        id="refund"
        noValidate
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {failure && <Notice>{failure}</Notice>}
        <FormRow label={t("invoices.payAmount")} required error={errors.amount}>
          {(aria) => (
            <TextInput
              {...aria}
              inputMode="decimal"
              value={amount}
              onChange={(event) => {
                setAmount(event.target.value);
                clear("amount");
              }}
              className="tabular"
            />
          )}
        </FormRow>
        <FormRow label={t("invoices.refundReason")} error={errors.reason}>
          {(aria) => <TextInput {...aria} value={reason} maxLength={1000} onChange={(event) => setReason(event.target.value)} />}
        </FormRow>
        <FormRow label={t("invoices.payReference")} error={errors.reference}>
          {(aria) => (
            <TextInput {...aria} value={reference} maxLength={255} onChange={(event) => setReference(event.target.value)} />
          )}
        </FormRow>
      </form>
    </Modal>
  );
}
