import { Link } from "@tanstack/react-router";
import { CalendarClock, CheckSquare, Flag, Mail, MonitorPlay, PhoneCall, Repeat2, RotateCcw, UsersRound } from "lucide-react";
import type { ComponentType, RefCallback } from "react";
import { useTranslation } from "react-i18next";
import { findEntity, useMe, useMeta } from "@/api/queries";
import type { Field, Rec } from "@/api/types";
import { subjectOf } from "@/fields/parts/SubjectPick";
import { hasFace, isPerson } from "@/fields/values";
import { dueText, moment } from "@/lib/format";
import { useNow } from "@/lib/now";
import { Avatar, cx } from "@/ui";
import { SnoozeMenu } from "./SnoozeMenu";
import { isOpen, setDone } from "./tasks";

const ICONS: Record<string, ComponentType<{ size?: number; className?: string }>> = {
  call: PhoneCall,
  email: Mail,
  meeting: UsersRound,
  demo: MonitorPlay,
  follow_up: Repeat2,
  todo: CheckSquare,
};
/** What kind of task it is, at a glance. */
export function TaskIcon({ type, size = 14 }: { type: unknown; size?: number }) {
  const Icon = ICONS[String(type)] ?? CheckSquare;
  return <Icon size={size} className="shrink-0 text-fg-3" aria-hidden />;
}

/** Ticks a task off. The box is small, what can be hit is not. */
export function DoneBox({ task }: { task: Rec }) {
  const { t } = useTranslation();
  const done = !isOpen(task);
  return (
    <label className="flex size-7 shrink-0 items-center justify-center pointer-coarse:size-10">
      <input
        type="checkbox"
        checked={done}
        aria-label={t(done ? "tasks.reopen" : "tasks.complete", { title: String(task.title ?? "") })}
        onChange={() => void setDone(task, !done)}
        className="task-box"
      />
    </label>
  );
}

/** When a task is due: red once that is over. It keeps up with the clock by itself. */
export function Due({ task, className }: { task: Rec; className?: string }) {
  const { t } = useTranslation();
  const now = useNow();
  const due = typeof task.due_at === "string" ? task.due_at : null;
  if (!due) return null;
  const late = isOpen(task) && new Date(due) < now;
  return (
    <time
      dateTime={due}
      title={moment(due)}
      className={cx("tabular text-xs whitespace-nowrap", late ? "font-medium text-danger-text" : "text-fg-2", className)}
    >
      {late && <span className="sr-only">{t("tasks.overdue")} </span>}
      {dueText(due, now)}
    </time>
  );
}

/** The record a task is about, as a link. */
export function Subject({ task }: { task: Rec }) {
  const meta = useMeta();
  const field = findEntity(meta, "task")?.fields.find((entry: Field) => entry.name === "subject_id");
  const subject = field ? subjectOf(field, task.subject_id, task) : undefined;
  if (!subject) return null;
  const { name } = subject;
  return (
    <Link
      to="/$entity/$id"
      params={{ entity: subject.entity.plural, id: subject.id }}
      className="flex min-h-6 min-w-0 items-center gap-1.5 text-xs text-fg-2 underline-offset-3 hover:text-fg hover:underline"
    >
      {hasFace(subject.entity) && <Avatar name={name || "?"} square={!isPerson(subject.entity)} size={16} />}
      <span className="truncate">{name}</span>
    </Link>
  );
}

const URGENT: Record<string, string> = { urgent: "text-danger-text", high: "text-warning-text" };

/** A task in a list of tasks: tick it off, open it, put it off. */
export function TaskRow({
  task,
  onOpen,
  rowRef,
  active = false,
  onFocus,
  snoozing = false,
  onSnoozing,
  showAssignee = false,
}: {
  task: Rec;
  onOpen: (task: Rec) => void;
  rowRef?: RefCallback<HTMLLIElement>;
  /** The row that the keyboard stands on. */
  active?: boolean;
  onFocus?: () => void;
  snoozing?: boolean;
  onSnoozing?: (open: boolean) => void;
  showAssignee?: boolean;
}) {
  const { t } = useTranslation();
  const me = useMe();
  const done = !isOpen(task);
  const title = String(task.title ?? "");
  const assignee = task.assigned_to as { id: string; full_name?: string } | null | undefined;
  const priority = String(task.priority);
  return (
    <li
      ref={rowRef}
      data-task={task.id}
      className={cx(
        "group flex min-h-11 items-center gap-2 border-b border-line/80 ps-2 pe-3 last:border-b-0 hover:bg-hover",
        active && "bg-selected hover:bg-selected",
      )}
    >
      <DoneBox task={task} />
      <span className="flex min-w-0 flex-1 flex-col py-1.5 sm:flex-row sm:items-center sm:gap-2.5">
        <button
          type="button"
          tabIndex={onFocus ? (active ? 0 : -1) : 0}
          data-task-title
          onFocus={onFocus}
          onClick={() => onOpen(task)}
          className="flex min-w-0 items-center gap-2 text-start pointer-coarse:min-h-7"
        >
          <TaskIcon type={task.type} />
          <span className={cx("truncate font-medium underline-offset-3 group-hover:underline", done && "text-fg-3 line-through")}>
            {title}
          </span>
        </button>
        <Subject task={task} />
      </span>
      {URGENT[priority] && !done && (
        <Flag
          size={13}
          className={cx("shrink-0", URGENT[priority])}
          aria-label={t(`tasks.priority.${priority as "urgent" | "high"}`)}
        />
      )}
      {showAssignee && assignee?.full_name && assignee.id !== me.user.id && (
        <span title={assignee.full_name} className="flex">
          <Avatar name={assignee.full_name} size={20} />
          <span className="sr-only">{assignee.full_name}</span>
        </span>
      )}
      <Due task={task} />
      {done ? (
        <button
          type="button"
          tabIndex={-1}
          aria-label={t("tasks.reopen", { title })}
          onClick={() => void setDone(task, false)}
          className="flex size-7 items-center justify-center rounded-sm text-fg-3 hover:bg-active hover:text-fg pointer-coarse:size-10"
        >
          <RotateCcw size={14} />
        </button>
      ) : (
        <SnoozeMenu task={task} tabIndex={onFocus ? -1 : 0} {...(onSnoozing ? { open: snoozing, onOpenChange: onSnoozing } : {})}>
          <CalendarClock size={14} />
        </SnoozeMenu>
      )}
    </li>
  );
}
