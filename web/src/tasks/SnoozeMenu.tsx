import { Popover } from "@base-ui/react/popover";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Rec } from "@/api/types";
import { onDay, readMoment } from "@/fields/words";
import { dueText, shortDay } from "@/lib/format";
import { dayOf } from "@/lib/zone";
import { buttonClass } from "@/ui";
import { Calendar } from "@/ui/Calendar";
import { reschedule } from "./tasks";

/** The days that a task is put off to most. */
const CHOICES = ["today", "tomorrow", "next week", "next month"] as const;
const LABELS = { today: "today", tomorrow: "tomorrow", "next week": "nextWeek", "next month": "nextMonth" } as const;

/** Puts a task off: tomorrow, next week, or a day from the calendar. Its hour stays what it is. */
export function SnoozeMenu({
  task,
  tabIndex = 0,
  wide = false,
  open: held,
  onOpenChange,
  children,
}: {
  task: Rec;
  tabIndex?: number;
  /** A button with a word on it instead of a mark. */
  wide?: boolean;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const [own, setOwn] = useState(false);
  const open = held ?? own;
  const setOpen = onOpenChange ?? setOwn;
  const due = typeof task.due_at === "string" ? task.due_at : null;
  const put = (day: string | null) => {
    setOpen(false);
    const next = day ? onDay(due, day) : null;
    void reschedule(task, next, next ? dueText(next) : t("tasks.bucket.no_date"));
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger
        tabIndex={tabIndex}
        aria-label={wide ? undefined : t("tasks.snooze", { title: String(task.title ?? "") })}
        className={
          wide
            ? buttonClass("secondary", "sm")
            : "flex size-7 shrink-0 items-center justify-center rounded-sm text-fg-3 hover:bg-active hover:text-fg data-[popup-open]:bg-active pointer-coarse:size-10"
        }
      >
        {children}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={4} align="end" className="z-50">
          <Popover.Popup
            className="popup flex max-w-[calc(100vw-16px)] flex-col"
            aria-label={t("tasks.snooze", { title: String(task.title ?? "") })}
            data-layer="dialog"
          >
            <ul className="m-0 flex list-none flex-col gap-px border-b p-1">
              {CHOICES.map((words) => {
                const day = readMoment(words)?.day ?? null;
                if (!day || (words === "today" && due && dayOf(new Date(due)) === day)) return null;
                return (
                  <li key={words}>
                    <button type="button" className="menu-item w-full text-start hover:bg-hover" onClick={() => put(day)}>
                      <span className="flex-1">{t(`tasks.when.${LABELS[words]}`)}</span>
                      <span className="tabular text-xs text-fg-3">{shortDay(day)}</span>
                    </button>
                  </li>
                );
              })}
              {due && (
                <li>
                  <button type="button" className="menu-item w-full text-start hover:bg-hover" onClick={() => put(null)}>
                    {t("tasks.when.never")}
                  </button>
                </li>
              )}
            </ul>
            <Calendar value={due ? dayOf(new Date(due)) : null} onChoose={put} />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
