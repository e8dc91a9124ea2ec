import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/client";
import { findEntity, useMeta } from "@/api/queries";
import { titleOf } from "@/fields/values";
import { explain, sentence } from "@/records/errors";
import { Button, Modal, Notice, Skeleton } from "@/ui";
import {
  type Choice,
  type Conversion,
  type ConversionBody,
  type ConversionCase,
  choiceFor,
  conversionQuery,
  convert,
  isTaken,
} from "./conversion";
import { DealPart } from "./DealPart";
import { PartyPart } from "./PartyPart";

/** Makes a customer of a lead: which company, which person and which deal, with what is known already offered first. */
export default function ConvertDialog({ entity, record, settle }: ConversionCase) {
  const { t } = useTranslation();
  const { data, error } = useQuery(conversionQuery(record.id));
  const name = titleOf(entity, record);
  if (!data)
    return (
      <Modal title={t("leads.title", { name })} onClose={() => settle(false)}>
        {error ? (
          <Notice>{explain(error)}</Notice>
        ) : (
          <div className="flex flex-col gap-3" role="status" aria-label={t("common.loading")}>
            {[1, 2, 3].map((part) => (
              <Skeleton key={part} className="h-28 rounded-md!" />
            ))}
          </div>
        )}
      </Modal>
    );
  if (data.converted)
    return (
      <Modal title={t("leads.title", { name })} width="sm" onClose={() => settle(false)}>
        <Notice tone="info">{t("leads.already")}</Notice>
      </Modal>
    );
  return <Form entity={entity} record={record} known={data} settle={settle} />;
}

function Form({
  entity,
  record,
  known,
  settle,
}: Omit<ConversionCase, "settle"> & { known: Conversion; settle: ConversionCase["settle"] }) {
  const { t } = useTranslation();
  const meta = useMeta();
  const [company, setCompany] = useState<Choice>(() =>
    choiceFor(known.company, record.company_name ? { action: "create", name: String(record.company_name) } : { action: "none" }),
  );
  const [contact, setContact] = useState<Choice>(() => choiceFor(known.contact, { action: "create" }));
  const [deal, setDeal] = useState<ConversionBody["deal"]>(() => ({ action: "create", ...known.deal }));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const nothing = company.action === "none" && contact.action === "none" && deal.action === "none";
  const submit = async () => {
    setBusy(true);
    setErrors({});
    setFailure(null);
    try {
      await convert(entity, record, bodyOf(company, contact, deal));
      settle(true);
    } catch (error) {
      if (isTaken(error)) setFailure(t("leads.taken"));
      else {
        const found = error instanceof ApiError ? (error.problem?.errors ?? []) : [];
        const placed = found.filter((entry) => PARTS.test(entry.field));
        setErrors(Object.fromEntries(placed.map((entry) => [entry.field, sentence(entry.message, t("auth.thisField"))])));
        if (placed.length < found.length || found.length === 0) setFailure(explain(error));
      }
      setBusy(false);
    }
  };
  const companies = findEntity(meta, "company");
  const contacts = findEntity(meta, "contact");
  const deals = findEntity(meta, "deal");
  return (
    <Modal
      title={t("leads.title", { name: titleOf(entity, record) })}
      description={t("leads.hint")}
      onClose={() => settle(false)}
      footer={
        <>
          <Button onClick={() => settle(false)}>{t("common.cancel")}</Button>
          <Button variant="primary" type="submit" form="convert" data-autofocus keys="mod+enter" disabled={busy || nothing}>
            {t("leads.convert")}
          </Button>
        </>
      }
    >
      <form
        id="convert"
        noValidate
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (!nothing && !busy) void submit();
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            if (!nothing && !busy) void submit();
          }
        }}
      >
        {failure && <Notice>{failure}</Notice>}
        {companies && (
          <PartyPart
            part="company"
            entity={companies}
            known={known.company}
            fresh={String(record.company_name ?? "")}
            choice={company}
            error={errors["company.name"] ?? errors["company.id"] ?? errors.company}
            onChange={setCompany}
          />
        )}
        {contacts && (
          <PartyPart
            part="contact"
            entity={contacts}
            known={known.contact}
            fresh={titleOf(entity, record)}
            choice={contact}
            error={errors["contact.id"] ?? errors["contact.email"] ?? errors.contact}
            onChange={setContact}
          />
        )}
        {deals && <DealPart entity={deals} value={deal} errors={errors} onChange={setDeal} />}
      </form>
    </Modal>
  );
}
const PARTS = /^(company|contact|deal)(\.|$)/;

/** What is sent: of each part only what belongs to its choice. */
export function bodyOf(company: Choice, contact: Choice, deal: ConversionBody["deal"]): ConversionBody {
  const party = ({ action, id, name }: Choice): Choice => ({
    action,
    ...(action === "use" && id ? { id } : {}),
    ...(action === "create" && name?.trim() ? { name: name.trim() } : {}),
  });
  return {
    company: party(company),
    contact: { action: contact.action, ...(contact.action === "use" && contact.id ? { id: contact.id } : {}) },
    deal:
      deal.action === "none"
        ? { action: "none" }
        : (Object.fromEntries(
            Object.entries(deal).filter(([, value]) => value !== null && value !== undefined && value !== ""),
          ) as ConversionBody["deal"]),
  };
}
