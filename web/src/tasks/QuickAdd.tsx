import { CalendarDays, Flag, Plus } from "lucide-react";
import { type RefObject, useState } from "react";
import { useTranslation } from "react-i18next";
import { findEntity, useMeta } from "@/api/queries";
import { dueText } from "@/lib/format";
import { KEYS } from "@/lib/shortcuts";
import { complain } from "@/records/errors";
import { Button, Tag } from "@/ui";
import { readTask } from "./quickAdd";
import { TaskIcon } from "./TaskRow";
import { addTask } from "./tasks";

/** One line makes a task: what is to be done, and when in words. What was understood is shown while typing. */
export function QuickAdd({ inputRef }: { inputRef: RefObject<HTMLInputElement | null> }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const task = findEntity(useMeta(), "task");
  if (!task?.permissions.includes("create")) return null;
  const jotted = readTask(text);
  const typeLabel = task.fields
    .find((field) => field.name === "type")
    ?.choices?.find((choice) => choice.value === jotted.type)?.label;
  const add = async () => {
    if (!jotted.title || busy) return;
    setBusy(true);
    const given = text;
    setText("");
    try {
      await addTask({
        title: jotted.title,
        ...(jotted.due_at ? { due_at: jotted.due_at } : {}),
        ...(jotted.type ? { type: jotted.type } : {}),
        ...(jotted.priority ? { priority: jotted.priority } : {}),
      });
    } catch (error) {
      setText((now) => now || given);
      complain(t("record.notSaved"), error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
      className="flex min-h-11 flex-wrap items-center gap-x-2 rounded-md bg-raised ps-3 pe-1.5 shadow-card focus-within:shadow-[0_0_0_2px_var(--ring)]"
    >
      <Plus size={15} className="text-fg-3" aria-hidden />
      <input
        ref={inputRef}
        aria-label={t("tasks.add")}
        aria-describedby="quick-add-hint"
        aria-keyshortcuts={KEYS["day.add"]}
        placeholder={t("tasks.addHint")}
        value={text}
        maxLength={255}
        autoComplete="off"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          if (text) setText("");
          else event.currentTarget.blur();
        }}
        className="h-10 min-w-40 flex-1 bg-transparent outline-none"
      />
      <span id="quick-add-hint" className="flex items-center gap-1.5" aria-live="polite">
        {typeLabel && (
          <span className="flex items-center gap-1 text-xs text-fg-2">
            <TaskIcon type={jotted.type} size={13} /> {typeLabel}
          </span>
        )}
        {jotted.due_at && (
          <span className="tag" data-hue="violet">
            <CalendarDays size={12} aria-hidden />
            {dueText(jotted.due_at)}
          </span>
        )}
        {jotted.priority && (
          <span className="flex items-center gap-1">
            <Flag size={12} className="text-fg-3" aria-hidden />
            <Tag
              label={
                task.fields
                  .find((field) => field.name === "priority")
                  ?.choices?.find((choice) => choice.value === jotted.priority)?.label ?? jotted.priority
              }
              hue="amber"
            />
          </span>
        )}
      </span>
      {text.trim() !== "" && (
        <Button variant="primary" size="sm" type="submit" disabled={!jotted.title || busy}>
          {t("common.add")}
        </Button>
      )}
    </form>
  );
}
