import "@/i18n/work";
import { Link, useNavigate } from "@tanstack/react-router";
import { Ban, FileMinus2, HandCoins, Send } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { can, findEntity, useMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { nestedTitle } from "@/fields/values";
import { compareDecimal } from "@/lib/decimal";
import { exactMoney, shortDay } from "@/lib/format";
import { useNow } from "@/lib/now";
import { dayOf } from "@/lib/zone";
import { act, tryAct } from "@/records/act";
import { confirm } from "@/records/dialogs";
import { complain } from "@/records/errors";
import { Button, cx, notify } from "@/ui";
import { balanceOf, isCorrectable, isCreditNote, isDraft, isPayable } from "./invoices";
import { writing } from "./writing";

const PaymentDialog = lazy(() => import("./PaymentDialog"));

/** What is owed and until when, and the next step: send it, take money, correct it. */
export default function InvoiceHead({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const meta = useMeta();
  const navigate = useNavigate();
  const today = dayOf(useNow());
  const [paying, setPaying] = useState(false);
  const unsaved = writing.use() === record.id;
  const editable = can(entity, "update") && !entity.read_only;
  const payments = findEntity(meta, "payment");
  const name = String(record.title ?? record.number ?? "");
  const currency = String(record.currency ?? "");
  const draft = isDraft(record);
  const note = isCreditNote(record);
  const balance = balanceOf(record);
  const due = typeof record.due_date === "string" ? record.due_date : null;
  const late = due !== null && due < today && compareDecimal(balance, "0") > 0;
  const send = async () => {
    if (unsaved) return notify(t("invoices.saveFirst"));
    if (
      !(await confirm(t("invoices.sendTitle", { name }), t("invoices.sendHint"), t(note ? "invoices.sendNote" : "invoices.send")))
    )
      return;
    try {
      const sent = await act(entity, record, "send");
      notify(t("invoices.sent", { number: String(sent.number ?? name) }));
    } catch (error) {
      complain(t("record.notDone"), error);
    }
  };
  const correct = async () => {
    if (!(await confirm(t("invoices.creditTitle", { number: name }), t("invoices.creditHint"), t("invoices.creditMake")))) return;
    try {
      const made = await act<Rec>(entity, record, "credit-note");
      notify(t("invoices.creditDone"));
      if (made?.id) void navigate({ to: "/$entity/$id", params: { entity: entity.plural, id: made.id } });
    } catch (error) {
      complain(t("record.notDone"), error);
    }
  };
  const cancel = async () => {
    if (await confirm(t("invoices.cancelTitle", { number: name }), t("invoices.cancelHint"), t("invoices.cancelAction")))
      await tryAct(entity, record, "cancel", { done: t("invoices.cancelled", { number: name }) });
  };
  return (
    <div className="mt-3 flex flex-col gap-3">
      {!draft && !note && (
        <p className="flex items-baseline gap-2">
          <span className="tabular text-xl font-semibold" data-balance>
            {exactMoney(balance, currency)}
          </span>
          <span className={cx("text-xs", late ? "font-medium text-danger-text" : "text-fg-2")}>
            {due && compareDecimal(balance, "0") > 0
              ? t(late ? "invoices.pastDue" : "invoices.due", { when: shortDay(due, today) })
              : t("invoices.balance")}
          </span>
        </p>
      )}
      {note && <Corrected entity={entity} record={record} />}
      {editable && (
        <div className="flex flex-wrap gap-1.5">
          {draft && (
            <Button variant="primary" size="sm" onClick={() => void send()}>
              <Send size={14} /> {t(note ? "invoices.sendNote" : "invoices.send")}
            </Button>
          )}
          {isPayable(record) && payments && can(payments, "create") && (
            <Button variant="primary" size="sm" onClick={() => setPaying(true)}>
              <HandCoins size={14} /> {t("invoices.pay")}
            </Button>
          )}
          {isCorrectable(record) && (
            <Button size="sm" onClick={() => void correct()}>
              <FileMinus2 size={14} /> {t("invoices.credit")}
            </Button>
          )}
          {!draft && !note && record.status !== "cancelled" && compareDecimal(String(record.amount_paid ?? "0"), "0") === 0 && (
            <Button size="sm" variant="ghost" onClick={() => void cancel()}>
              <Ban size={14} /> {t("invoices.cancel")}
            </Button>
          )}
        </div>
      )}
      <Suspense>{paying && <PaymentDialog entity={entity} invoice={record} onClose={() => setPaying(false)} />}</Suspense>
    </div>
  );
}

function Corrected({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const field = entity.fields.find((entry) => entry.name === "corrects_id");
  const nested = field?.include ? (record[field.include] as { id: string } | null | undefined) : undefined;
  if (!field || typeof record.corrects_id !== "string") return null;
  return (
    <Link
      to="/$entity/$id"
      params={{ entity: entity.plural, id: record.corrects_id }}
      className="text-accent-text underline-offset-3 hover:underline"
    >
      {t("invoices.corrects", { number: nested ? nestedTitle(nested, field) : "" })}
    </Link>
  );
}
