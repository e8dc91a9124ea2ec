import { CalendarDays, ChevronDown, Flag } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { findEntity, useMe, useMeta } from "@/api/queries";
import { moments } from "@/fields/kinds/dates";
import { DayBox } from "@/fields/parts/DayEditor";
import { useRecordItems } from "@/fields/parts/RecordPick";
import { dueText } from "@/lib/format";
import { readTask } from "@/tasks/quickAdd";
import { TaskIcon } from "@/tasks/TaskRow";
import { Avatar, DropMenu, Picker } from "@/ui";
import type { Errors } from "./Composer";
import type { Draft } from "./drafts";

type Value = Draft["task"];
const CHIP =
  "flex h-8 items-center gap-1.5 rounded-sm px-2 text-fg-2 shadow-[inset_0_0_0_1px_var(--line-strong)] hover:bg-hover hover:text-fg pointer-coarse:h-10";

/** Plans what happens next. The day may be part of the sentence: "send the offer friday 10:00". */
export function TaskForm({
  value,
  errors,
  onChange,
  children,
}: {
  value: Value;
  errors: Errors;
  onChange: (value: Value) => void;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const id = useId();
  const meta = useMeta();
  const me = useMe();
  const task = findEntity(meta, "task");
  const [search, setSearch] = useState("");
  const [picking, setPicking] = useState(false);
  const people = useRecordItems(findEntity(meta, "user"), search, picking);
  const set = (part: Partial<Value>) => onChange({ ...value, ...part });
  const jotted = readTask(value.text);
  const choicesOf = (name: string) => task?.fields.find((field) => field.name === name)?.choices ?? [];
  const type = value.type ?? jotted.type ?? "todo";
  const priority = jotted.priority ?? value.priority;
  const labelOf = (name: string, chosen: string) => choicesOf(name).find((choice) => choice.value === chosen)?.label ?? chosen;
  const assignee = value.assignee ?? { id: me.user.id, name: me.user.full_name };
  const error = errors.title ?? errors.due_at ?? errors.assigned_to_id;
  return (
    <div className="flex flex-col gap-2.5 p-3">
      <input
        data-composer-first
        aria-label={t("composer.task")}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? `${id}-error` : undefined}
        placeholder={t("composer.taskHint")}
        value={value.text}
        maxLength={255}
        autoComplete="off"
        onChange={(event) => set({ text: event.target.value })}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
        className="h-8 w-full bg-transparent text-base outline-none"
      />
      {error && (
        <p id={`${id}-error`} role="alert" className="text-xs font-medium text-danger-text">
          {error}
        </p>
      )}
      <div className="flex flex-wrap items-center gap-1.5">
        <DropMenu
          label={t("composer.taskType")}
          trigger={
            <button type="button" aria-label={`${t("composer.taskType")}: ${labelOf("type", type)}`} className={CHIP}>
              <TaskIcon type={type} /> {labelOf("type", type)} <ChevronDown size={12} className="text-fg-3" aria-hidden />
            </button>
          }
          items={choicesOf("type").map((choice) => ({
            label: choice.label,
            icon: <TaskIcon type={choice.value} />,
            checked: choice.value === type,
            onSelect: () => set({ type: choice.value }),
          }))}
        />
        {jotted.due_at && !value.due_at ? (
          <span className="tag h-8! px-2.5! pointer-coarse:h-10!" data-hue="violet">
            <CalendarDays size={13} aria-hidden />
            {dueText(jotted.due_at)}
          </span>
        ) : (
          <DayBox
            kind={moments}
            label={t("composer.due")}
            className="w-48 [&>input]:h-8 pointer-coarse:[&>input]:h-10"
            aria={{ "aria-label": t("composer.due") }}
            placeholder={t("composer.dueHint")}
            value={value.due_at}
            onChange={(due_at) => set({ due_at: due_at as string | null })}
          />
        )}
        <DropMenu
          label={t("composer.priority")}
          trigger={
            <button type="button" aria-label={`${t("composer.priority")}: ${labelOf("priority", priority)}`} className={CHIP}>
              <Flag size={13} className="text-fg-3" aria-hidden /> {labelOf("priority", priority)}
              <ChevronDown size={12} className="text-fg-3" aria-hidden />
            </button>
          }
          items={choicesOf("priority").map((choice) => ({
            label: choice.label,
            checked: choice.value === priority,
            onSelect: () => set({ priority: choice.value }),
          }))}
        />
        <Picker
          label={t("composer.assignee")}
          triggerLabel={`${t("composer.assignee")}: ${assignee.name}`}
          items={people.items}
          loading={people.loading}
          onSearch={setSearch}
          onOpenChange={setPicking}
          value={[assignee.id]}
          onChange={(_, [chosen]) => {
            if (chosen) set({ assignee: { id: chosen.value, name: chosen.label } });
          }}
          trigger={
            <button type="button" className={CHIP}>
              <Avatar name={assignee.name} size={16} />
              <span className="max-w-36 truncate">{assignee.name}</span>
              <ChevronDown size={12} className="text-fg-3" aria-hidden />
            </button>
          }
        />
        <span className="ms-auto">{children}</span>
      </div>
    </div>
  );
}
