import { CalendarClock } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { findEntity, useMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { dueText, moment, relative } from "@/lib/format";
import { DoneBox, Due } from "@/tasks/TaskRow";
import { isOpen } from "@/tasks/tasks";
import { Avatar, cx } from "@/ui";
import { Markdown } from "./Markdown";
import { plainOf } from "./markdownModel";
import type { Happening } from "./model";
import { wordsOf } from "./words";

/** The frame of what somebody wrote: who, what it is, when. */
export function Card({
  actor,
  title,
  at,
  tools,
  children,
}: {
  actor: string | null;
  title: ReactNode;
  at: string;
  tools?: ReactNode;
  children?: ReactNode;
}) {
  const { t } = useTranslation();
  const name = actor ?? t("timeline.system");
  return (
    <article className="group/card rounded-md bg-raised p-3 shadow-card">
      <header className="flex min-h-5 items-center gap-2">
        <Avatar name={name} size={18} />
        <h4 className="shrink-0 font-medium">{name}</h4>
        <span className="min-w-0 flex-1 truncate text-fg-2">{title}</span>
        {tools}
        <time dateTime={at} title={moment(at)} className="shrink-0 text-xs text-fg-3">
          {relative(at)}
        </time>
      </header>
      {children && <div className="mt-1.5 text-fg-2">{children}</div>}
    </article>
  );
}

const labelOfChoice = (entity: Entity | undefined, field: string, value: unknown) =>
  entity?.fields.find((entry) => entry.name === field)?.choices?.find((choice) => choice.value === value);

/** A call, a meeting, a message: what was said, what came of it, and when it goes on. */
export function InteractionEntry({ interaction, actor, at }: { interaction: Rec; actor: string | null; at: string }) {
  const { t } = useTranslation();
  const entity = findEntity(useMeta(), "interaction");
  const channel = labelOfChoice(entity, "channel", interaction.channel);
  const followUp = typeof interaction.follow_up_at === "string" ? interaction.follow_up_at : null;
  const text = String(interaction.note ?? "");
  return (
    <Card
      actor={actor}
      at={typeof interaction.occurred_at === "string" ? interaction.occurred_at : at}
      title={
        <>
          {String(interaction.type ?? "")}
          {channel && <span className="text-fg-3"> · {channel.label}</span>}
        </>
      }
    >
      <Markdown source={text} />
      {(interaction.outcome || followUp) && (
        <p className="mt-2 flex flex-wrap items-center gap-x-3 gap-y-1">
          {Boolean(interaction.outcome) && (
            <span>
              <span className="text-fg-3">{t("composer.outcome")}: </span>
              <span className="text-fg">{String(interaction.outcome)}</span>
            </span>
          )}
          {followUp && (
            <span className="flex items-center gap-1.5 text-xs" title={moment(followUp)}>
              <CalendarClock size={13} className="text-fg-3" aria-hidden />
              {t("timeline.followUp", { when: dueText(followUp) })}
            </span>
          )}
        </p>
      )}
    </Card>
  );
}

/** A task about the record, ticked off where it stands. */
export function TaskEntry({ task, actor, at }: { task: Rec; actor: string | null; at: string }) {
  const { t } = useTranslation();
  const entity = findEntity(useMeta(), "task");
  const type = labelOfChoice(entity, "type", task.type);
  const assignee = (task.assigned_to as { full_name?: string } | null | undefined)?.full_name;
  const done = !isOpen(task);
  return (
    <Card actor={actor} at={at} title={type?.label ?? t("timeline.taskOf")}>
      <div className="-ms-1.5 flex items-center gap-1.5">
        <DoneBox task={task} />
        <span className={cx("min-w-0 flex-1 truncate font-medium", done ? "text-fg-3 line-through" : "text-fg")}>
          {String(task.title ?? "")}
        </span>
        {assignee && (
          <span className="hidden items-center gap-1.5 text-xs sm:flex">
            <Avatar name={assignee} size={16} /> {assignee}
          </span>
        )}
        <Due task={task} />
      </div>
      {Boolean(task.description) && (
        <div className="mt-1.5 ps-7">
          <Markdown source={String(task.description)} />
        </div>
      )}
    </Card>
  );
}

/** What was written, where only its words are at hand. */
export function TextEntry({ entity, happening, compact }: { entity: Entity; happening: Happening; compact: boolean }) {
  const { t } = useTranslation();
  const words = wordsOf(t, entity, happening);
  if (!compact)
    return (
      <Card actor={happening.actor} at={happening.at} title={happening.subject ?? words}>
        {happening.description && <Markdown source={happening.description} />}
      </Card>
    );
  const actor = happening.actor ?? t("timeline.system");
  return (
    <div className="pt-1">
      <p className="flex items-center gap-x-1.5 text-fg-2">
        <Avatar name={actor} size={18} />
        <span className="shrink-0 font-medium text-fg">{actor}</span>
        <span className="min-w-0 flex-1 truncate">{words}</span>
        <time dateTime={happening.at} title={moment(happening.at)} className="shrink-0 text-xs text-fg-3">
          {relative(happening.at)}
        </time>
      </p>
      {happening.description && <p className="mt-1 line-clamp-2 text-fg-2">{plainOf(happening.description)}</p>}
    </div>
  );
}
