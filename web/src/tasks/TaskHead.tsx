import { Check, RotateCcw } from "lucide-react";
import { useTranslation } from "react-i18next";
import { can } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { Button } from "@/ui";
import { SnoozeMenu } from "./SnoozeMenu";
import { Due, Subject } from "./TaskRow";
import { isOpen, setDone } from "./tasks";

/** Ticks a task off from its own page, puts it off, and leads to what it is about. */
export default function TaskHead({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const open = isOpen(record);
  const editable = can(entity, "update") && !entity.read_only;
  return (
    <div className="mt-3 flex flex-wrap items-center gap-x-3 gap-y-2">
      {editable && (
        <span className="flex items-center gap-1.5">
          <Button variant={open ? "primary" : "secondary"} size="sm" onClick={() => void setDone(record, open)}>
            {open ? <Check size={14} /> : <RotateCcw size={14} />}
            {t(open ? "tasks.completeAction" : "tasks.reopenAction")}
          </Button>
          {open && (
            <SnoozeMenu task={record} wide>
              {t("tasks.snoozeAction")}
            </SnoozeMenu>
          )}
        </span>
      )}
      <Due task={record} />
      <Subject task={record} />
    </div>
  );
}
