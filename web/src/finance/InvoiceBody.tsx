import "@/i18n/work";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { can, findEntity, useMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { explain } from "@/records/errors";
import { Notice, Skeleton } from "@/ui";
import { isDraft, itemsQuery } from "./invoices";
import { LineEditor } from "./LineEditor";
import { LineTable } from "./LineTable";
import { Payments } from "./Payments";

/** What an invoice charges for and what it comes to; written as a draft, read once it is sent. */
export default function InvoiceBody({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const items = findEntity(useMeta(), "invoice_item");
  const { data, error } = useQuery(itemsQuery(entity, record.id));
  const writable = isDraft(record) && !record.deleted_at && can(entity, "update") && items !== undefined;
  return (
    <>
      <section aria-label={t("invoices.lines")} className="rounded-md bg-raised shadow-card">
        {error ? (
          <div className="p-3">
            <Notice>{explain(error)}</Notice>
          </div>
        ) : !data ? (
          <div className="flex flex-col gap-3 p-4">
            <Skeleton className="h-5" />
            <Skeleton className="h-5" />
            <Skeleton className="h-5 w-1/2 self-end" />
          </div>
        ) : writable ? (
          <LineEditor key={`${record.id}/${record.currency}`} entity={entity} invoice={record} kept={data.data} />
        ) : (
          <LineTable invoice={record} items={data.data} />
        )}
      </section>
      <Payments entity={entity} invoice={record} />
    </>
  );
}
