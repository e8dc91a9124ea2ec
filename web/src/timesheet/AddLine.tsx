import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { findEntity, useMeta } from "@/api/queries";
import type { FilterTree } from "@/api/types";
import { PickTrigger } from "@/fields/parts/PickEditor";
import { useRecordItems } from "@/fields/parts/RecordPick";
import { Button, FormRow, Modal, Picker, type PickItem, Switch } from "@/ui";
import type { LineOf } from "./week";

/** Chooses what time is written on: a project, one of its tasks perhaps, and whether it is charged for. */
export function AddLine({
  onAdd,
  children,
}: {
  onAdd: (line: LineOf & { project: string; task?: string }) => void;
  children: ReactNode;
}) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="sm" onClick={() => setOpen(true)}>
        {children}
      </Button>
      {open && (
        <Choice
          onClose={() => setOpen(false)}
          onAdd={(line) => {
            setOpen(false);
            onAdd(line);
          }}
        />
      )}
    </>
  );
}

function Choice({ onAdd, onClose }: { onAdd: (line: LineOf & { project: string; task?: string }) => void; onClose: () => void }) {
  const { t } = useTranslation();
  const [project, setProject] = useState<PickItem | null>(null);
  const [task, setTask] = useState<PickItem | null>(null);
  const [billable, setBillable] = useState(true);
  return (
    <Modal
      title={t("time.addLine")}
      width="sm"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button
            variant="primary"
            disabled={!project}
            onClick={() =>
              project &&
              onAdd({
                project_id: project.value,
                task_id: task?.value ?? null,
                billable,
                project: project.label,
                ...(task ? { task: task.label } : {}),
              })
            }
          >
            {t("common.add")}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <One
          label={t("time.project")}
          entity="project"
          value={project}
          onChange={(next) => {
            setProject(next);
            setTask(null);
          }}
        />
        <One
          key={project?.value}
          label={t("time.task")}
          entity="task"
          value={task}
          {...(project ? { filter: { field: "project_id", op: "eq", value: project.value } as FilterTree } : {})}
          disabled={!project}
          onChange={setTask}
        />
        <FormRow label={t("time.billable")}>
          {(aria) => <Switch {...aria} checked={billable} onCheckedChange={setBillable} />}
        </FormRow>
      </div>
    </Modal>
  );
}

function One({
  label,
  entity: name,
  value,
  filter,
  disabled = false,
  onChange,
}: {
  label: string;
  entity: string;
  value: PickItem | null;
  filter?: FilterTree;
  disabled?: boolean;
  onChange: (item: PickItem | null) => void;
}) {
  const [text, setText] = useState("");
  const { items, loading } = useRecordItems(findEntity(useMeta(), name), text, !disabled, filter);
  return (
    <FormRow label={label}>
      {(aria) => (
        <Picker
          label={label}
          items={items}
          value={value ? [value.value] : []}
          onSearch={setText}
          loading={loading}
          disabled={disabled}
          onChange={(_, [item]) => onChange(item ?? null)}
          trigger={
            <PickTrigger aria={aria} inputRef={() => {}} onBlur={() => {}}>
              {value?.label}
            </PickTrigger>
          }
        />
      )}
    </FormRow>
  );
}
