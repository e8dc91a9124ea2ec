import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Rec } from "@/api/types";
import { number } from "@/lib/format";
import { useShortcuts } from "@/lib/shortcuts";
import { cx } from "@/ui";
import { type Bucket, grouped } from "./buckets";
import { TaskRow } from "./TaskRow";
import { isOpen, setDone } from "./tasks";

/** Tasks by when they are due, worked by mouse or keys: j and k move, x ticks off, s puts off, Enter opens. */
export function TaskGroups({
  tasks,
  counts,
  bucketOf,
  onOpen,
  showAssignee = false,
}: {
  tasks: Rec[];
  /** How many there are in all, where a group shows only some. */
  counts?: Partial<Record<Bucket | "done", number>> | undefined;
  bucketOf: (task: Rec) => string;
  onOpen: (task: Rec) => void;
  showAssignee?: boolean;
}) {
  const { t } = useTranslation();
  const groups = grouped(tasks, bucketOf);
  const order = groups.flatMap((group) => group.tasks);
  const [active, setActive] = useState<string | null>(null);
  const [snoozing, setSnoozing] = useState<string | null>(null);
  const host = useRef<HTMLDivElement>(null);
  const wantsFocus = useRef(false);
  // The first row can always be reached by Tab.
  const current = order.some((task) => task.id === active) ? active : (order[0]?.id ?? null);
  const focusRow = (id: string | null) => {
    if (id) host.current?.querySelector<HTMLElement>(`[data-task="${CSS.escape(id)}"] [data-task-title]`)?.focus();
  };
  useEffect(() => {
    if (!wantsFocus.current) return;
    wantsFocus.current = false;
    focusRow(current);
  });
  const at = order.findIndex((task) => task.id === current);
  const held = order[at];
  const inside = () => host.current?.contains(document.activeElement) === true;
  const go = (by: number) => {
    if (order.length === 0) return;
    // The first press finds the list; the ones after it walk.
    const next = inside() ? Math.max(0, Math.min(order.length - 1, at + by)) : Math.max(0, at);
    wantsFocus.current = true;
    setActive(order[next]?.id ?? null);
    focusRow(order[next]?.id ?? null);
  };
  const done = () => {
    if (!held || !inside()) return;
    const open = isOpen(held);
    const next = order[at + 1] ?? order[at - 1];
    wantsFocus.current = true;
    if (open) setActive(next?.id ?? null);
    void setDone(held, open);
  };
  useShortcuts({
    "day.next": () => go(1),
    "day.previous": () => go(-1),
    "day.complete": done,
    "day.snooze": () => {
      if (held && inside() && isOpen(held)) setSnoozing(held.id);
    },
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by === 0 || !(event.target as HTMLElement).hasAttribute("data-task-title")) return;
    event.preventDefault();
    go(by);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the rows inside
    <div ref={host} onKeyDown={onKeyDown} className="flex flex-col gap-5">
      {groups.map((group) => (
        <section key={group.bucket} aria-labelledby={`group-${group.bucket}`} data-bucket={group.bucket}>
          <h2
            id={`group-${group.bucket}`}
            className={cx(
              "mb-1.5 flex items-baseline gap-2 px-1 font-semibold",
              group.bucket === "overdue" ? "text-danger-text" : group.bucket === "done" ? "text-fg-2" : "text-fg",
            )}
          >
            {t(`tasks.bucket.${group.bucket}`)}
            <span className="tabular text-xs font-medium text-fg-3">{number(counts?.[group.bucket] ?? group.tasks.length)}</span>
          </h2>
          <ul className="m-0 list-none overflow-hidden rounded-md bg-raised p-0 shadow-card">
            {group.tasks.map((task) => (
              <TaskRow
                key={task.id}
                task={task}
                active={task.id === current}
                showAssignee={showAssignee}
                onOpen={onOpen}
                onFocus={() => setActive(task.id)}
                snoozing={snoozing === task.id}
                onSnoozing={(open) => setSnoozing(open ? task.id : null)}
              />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}
