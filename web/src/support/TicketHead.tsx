import "@/i18n/work";
import { CheckCircle2, Combine, RotateCcw, UserPlus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { can, useMe } from "@/api/queries";
import type { Entity, Field, Rec } from "@/api/types";
import { ClockTag, useClock } from "@/fields/parts/Deadline";
import { editRecord } from "@/records/edit";
import { Button } from "@/ui";
import { MergeTicket } from "./MergeTicket";
import { isDone } from "./tickets";

/** How long is left to answer and to solve it, and the next step. */
export default function TicketHead({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const me = useMe();
  const response = useClock("first_response_due_at", record.first_response_due_at, record);
  const resolution = useClock("sla_due_at", record.sla_due_at, record);
  const done = isDone(record);
  const field = (name: string): Field | undefined => entity.fields.find((entry) => entry.name === name);
  const [status, assignee] = [field("status"), field("assigned_to_id")];
  const editable = can(entity, "update") && !entity.read_only;
  const [merging, setMerging] = useState(false);
  return (
    <div className="mt-3 flex flex-col gap-3">
      {(response || resolution) && (
        <dl className="grid grid-cols-[auto_minmax(0,1fr)] items-center gap-x-3 gap-y-1.5 text-xs">
          {response && (
            <>
              <dt className="text-fg-2">{t("tickets.response")}</dt>
              <dd>
                <ClockTag clock={response} />
              </dd>
            </>
          )}
          {resolution && (
            <>
              <dt className="text-fg-2">{t("tickets.resolution")}</dt>
              <dd>
                <ClockTag clock={resolution} />
              </dd>
            </>
          )}
        </dl>
      )}
      {editable && status && (
        <div className="flex flex-wrap gap-1.5">
          <Button
            variant={done ? "secondary" : "primary"}
            size="sm"
            onClick={() => void editRecord(entity, record, [{ field: status, value: done ? "open" : "resolved" }])}
          >
            {done ? <RotateCcw size={14} /> : <CheckCircle2 size={14} />}
            {t(done ? "tickets.reopen" : "tickets.resolve")}
          </Button>
          {assignee && !done && record.assigned_to_id !== me.user.id && (
            <Button
              size="sm"
              onClick={() =>
                void editRecord(entity, record, [
                  { field: assignee, value: me.user.id, nested: { id: me.user.id, full_name: me.user.full_name } },
                ])
              }
            >
              <UserPlus size={14} /> {t("tickets.take")}
            </Button>
          )}
          <Button size="sm" variant="ghost" onClick={() => setMerging(true)}>
            <Combine size={14} /> {t("tickets.merge")}
          </Button>
          {merging && <MergeTicket entity={entity} record={record} onClose={() => setMerging(false)} />}
        </div>
      )}
    </div>
  );
}
