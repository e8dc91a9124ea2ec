import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import {
  ArrowRightLeft,
  CheckSquare,
  Download,
  Eraser,
  FilePlus2,
  History,
  LogIn,
  Mail,
  Merge,
  MessageSquare,
  PencilLine,
  PhoneCall,
  Pin,
  RotateCcw,
  ShieldCheck,
  Sparkles,
  StickyNote,
  Trash2,
  Upload,
  UsersRound,
} from "lucide-react";
import { type ComponentType, useState } from "react";
import { useTranslation } from "react-i18next";
import { activitiesQuery, findEntity, historyQuery, useMeta } from "@/api/queries";
import type { Entity, Hue, Rec } from "@/api/types";
import { addDays } from "@/lib/days";
import { longDay } from "@/lib/format";
import { useNow } from "@/lib/now";
import { dayOf } from "@/lib/zone";
import { Button, cx, Empty, Skeleton } from "@/ui";
import { ChangeEntry } from "./ChangeEntry";
import { byDay, type Happening, KINDS, mergeTimeline, type TimelineKind } from "./model";
import { NoteEntry } from "./NoteEntry";
import { InteractionEntry, TaskEntry, TextEntry } from "./WrittenEntry";
import { writtenQuery } from "./write";

const LOOK: Record<string, { icon: ComponentType<{ size?: number }>; hue: Hue }> = {
  created: { icon: FilePlus2, hue: "green" },
  updated: { icon: PencilLine, hue: "gray" },
  deleted: { icon: Trash2, hue: "red" },
  restored: { icon: RotateCcw, hue: "teal" },
  status_changed: { icon: ArrowRightLeft, hue: "violet" },
  stage_changed: { icon: ArrowRightLeft, hue: "violet" },
  converted: { icon: Sparkles, hue: "green" },
  signed_in: { icon: LogIn, hue: "gray" },
  exported: { icon: Download, hue: "blue" },
  permission: { icon: ShieldCheck, hue: "amber" },
  imported: { icon: Upload, hue: "blue" },
  merged: { icon: Merge, hue: "violet" },
  erased: { icon: Eraser, hue: "red" },
  note: { icon: StickyNote, hue: "amber" },
  call: { icon: PhoneCall, hue: "green" },
  email: { icon: Mail, hue: "blue" },
  meeting: { icon: UsersRound, hue: "pink" },
  message_sent: { icon: MessageSquare, hue: "teal" },
  task: { icon: CheckSquare, hue: "orange" },
};
const PLAIN = { icon: History, hue: "gray" as Hue };
const KIND_NAMES = ["notes", "interactions", "tasks", "changes"] as const;

/** The kinds of happening that the server knows by these names. */
function typesOf(kind: TimelineKind | "all", known: string[] | undefined): string[] {
  if (kind === "all") return [];
  return KINDS[kind].filter((type) => !known || known.includes(type));
}

/** Everything that happened to a record and was written about it: pinned notes first, then day by day. */
export function Timeline({ entity, id, compact = false }: { entity: Entity; id: string; compact?: boolean }) {
  const { t } = useTranslation();
  const meta = useMeta();
  const [kind, setKind] = useState<TimelineKind | "all">("all");
  const now = useNow();
  const known = findEntity(meta, "activity")
    ?.fields.find((field) => field.name === "type")
    ?.choices?.map((one) => one.value);
  const has = (name: string) => entity.children.some((child) => child.name === name) && findEntity(meta, name) !== undefined;
  const full = !compact;
  const activities = useInfiniteQuery(activitiesQuery(entity.plural, id, typesOf(kind, known)));
  const history = useInfiniteQuery({ ...historyQuery(entity.plural, id), enabled: kind === "all" || kind === "changes" });
  const notes = useQuery({ ...writtenQuery("notes", entity, id), enabled: has("notes") });
  const interactions = useQuery({ ...writtenQuery("interactions", entity, id), enabled: full && has("interactions") });
  const tasks = useQuery({ ...writtenQuery("tasks", entity, id), enabled: full && has("tasks") });
  const waiting = activities.isPending || (history.isPending && history.fetchStatus !== "idle");

  const held = new Map<string, Rec>(
    [notes, interactions, tasks].flatMap((query) => (query.data?.data ?? []).map((record) => [record.id, record] as const)),
  );
  const showsNotes = kind === "all" || kind === "notes";
  const pinned = (notes.data?.data ?? []).filter((note) => note.is_pinned === true);
  const whole = (query: typeof notes) => query.data !== undefined && query.data.page.next_cursor === null;
  const list = mergeTimeline(
    activities.data?.pages.flatMap((page) => page.data) ?? [],
    kind === "all" || kind === "changes" ? (history.data?.pages.flatMap((page) => page.data) ?? []) : [],
    id,
    new Set(entity.fields.flatMap((field) => (field.read_only ? [field.name] : []))),
  ).filter(({ written }) => {
    if (!written) return true;
    // What was written is shown as it is now; that it was changed on the way is no news of its own.
    if (written.action !== "created") return false;
    if (full && pinned.some((note) => note.id === written.id)) return false;
    // What was taken back or deleted meanwhile is no news any more.
    if (written.entity === "note") return held.has(written.id) || !whole(notes);
    if (written.entity === "task") return !full || held.has(written.id) || !whole(tasks);
    return true;
  });
  const more = activities.hasNextPage || (history.hasNextPage && (kind === "all" || kind === "changes"));
  const subject = { plural: entity.plural, id };
  const entry = (happening: Happening, last: boolean) => {
    const record = happening.written ? held.get(happening.written.id) : undefined;
    const { icon, hue } = LOOK[happening.type] ?? PLAIN;
    const body =
      record && happening.written?.entity === "note" ? (
        compact ? (
          <TextEntry entity={entity} happening={{ ...happening, description: String(record.content ?? "") }} compact />
        ) : (
          <NoteEntry note={record} subject={subject} actor={happening.actor} at={happening.at} />
        )
      ) : record && happening.written?.entity === "task" ? (
        <TaskEntry task={record} actor={happening.actor} at={happening.at} />
      ) : record && happening.written?.entity === "interaction" ? (
        <InteractionEntry interaction={record} actor={happening.actor} at={happening.at} />
      ) : happening.description || happening.type === "note" || happening.written ? (
        <TextEntry entity={entity} happening={happening} compact={compact} />
      ) : (
        <ChangeEntry entity={entity} happening={happening} compact={compact} />
      );
    return (
      <Line key={happening.id} icon={icon} hue={hue} last={last} compact={compact} pending={happening.id.startsWith("pending-")}>
        {body}
      </Line>
    );
  };
  const today = dayOf(now);
  const nameOfDay = (day: string) =>
    day === today ? t("timeline.today") : day === addDays(today, -1) ? t("timeline.yesterday") : longDay(day, today);
  return (
    <>
      {full && (
        <div className="flex flex-wrap items-center justify-between gap-2">
          <h2 className="font-semibold">{t("record.timeline")}</h2>
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset would bring its own box and legend */}
          <div role="group" aria-label={t("timeline.show")} className="flex flex-wrap gap-0.5">
            {(["all", ...KIND_NAMES] as const)
              .filter((name) => name === "all" || name === "changes" || has(name))
              .map((name) => (
                <button
                  key={name}
                  type="button"
                  aria-pressed={kind === name}
                  onClick={() => setKind(name)}
                  className={cx(
                    "h-6 rounded-full px-2.5 text-xs font-medium pointer-coarse:h-10",
                    kind === name ? "bg-active text-fg" : "text-fg-2 hover:bg-hover hover:text-fg",
                  )}
                >
                  {t(`timeline.kind.${name}`)}
                </button>
              ))}
          </div>
        </div>
      )}
      {full && pinned.length > 0 && showsNotes && (
        <ol aria-label={t("timeline.pinned")} className="relative m-0 flex list-none flex-col p-0">
          {pinned.map((note, index) => (
            <Line key={note.id} icon={Pin} hue="amber" last={index === pinned.length - 1} compact={false} pending={false}>
              <NoteEntry
                note={note}
                subject={subject}
                actor={(note.creator as { full_name?: string } | null)?.full_name ?? actorOf(activities.data?.pages, note.id)}
                at={note.created_at}
              />
            </Line>
          ))}
        </ol>
      )}
      {waiting ? (
        <Waiting compact={compact} />
      ) : list.length === 0 ? (
        pinned.length > 0 && showsNotes ? null : (
          <Empty
            icon={<History size={20} />}
            title={t(kind === "all" ? "timeline.empty" : "timeline.emptyKind")}
            hint={kind === "all" || kind === "changes" ? undefined : t("timeline.emptyKindHint")}
          />
        )
      ) : compact ? (
        <ol className="relative m-0 flex list-none flex-col p-0">
          {list.map((happening, index) => entry(happening, index === list.length - 1))}
        </ol>
      ) : (
        byDay(list, dayOf).map(({ day, entries }) => (
          <section key={day} aria-labelledby={`day-${day}`}>
            <h3 id={`day-${day}`} className="mb-2.5 text-xs font-medium text-fg-3">
              {nameOfDay(day)}
            </h3>
            <ol className="relative m-0 flex list-none flex-col p-0">
              {entries.map((happening, index) => entry(happening, index === entries.length - 1))}
            </ol>
          </section>
        ))
      )}
      {more && !waiting && (
        <Button
          className="self-start"
          disabled={activities.isFetchingNextPage || history.isFetchingNextPage}
          onClick={() => {
            if (activities.hasNextPage) void activities.fetchNextPage();
            if (history.hasNextPage) void history.fetchNextPage();
          }}
        >
          {t("timeline.more")}
        </Button>
      )}
    </>
  );
}

/** Who wrote a note, from its place in the timeline. */
const actorOf = (
  pages: { data: { metadata?: { id?: string } | null; user?: { full_name: string } | null }[] }[] | undefined,
  id: string,
): string | null => pages?.flatMap((page) => page.data).find((activity) => activity.metadata?.id === id)?.user?.full_name ?? null;

function Line({
  icon: Icon,
  hue,
  last,
  compact,
  pending,
  children,
}: {
  icon: ComponentType<{ size?: number }>;
  hue: Hue;
  last: boolean;
  compact: boolean;
  pending: boolean;
  children: React.ReactNode;
}) {
  return (
    <li
      className={cx("relative flex list-none gap-3", compact ? "pb-3" : "pb-3.5", pending && "opacity-60")}
      aria-busy={pending || undefined}
    >
      {!last && <span aria-hidden className="absolute start-[13px] top-8 bottom-1 w-px bg-line" />}
      <span className="tag z-[1] size-7 shrink-0 justify-center rounded-full! p-0!" data-hue={hue}>
        <Icon size={14} aria-hidden />
      </span>
      <div className="min-w-0 flex-1">{children}</div>
    </li>
  );
}

const Waiting = ({ compact }: { compact: boolean }) => {
  const { t } = useTranslation();
  return (
    <div className="flex flex-col gap-4" role="status" aria-label={t("common.loading")}>
      {[1, 2, 3].map((line) => (
        <div key={line} className="flex gap-3">
          <Skeleton className="size-7 rounded-full!" />
          <Skeleton className={compact ? "h-8 flex-1" : "h-16 flex-1 rounded-md!"} />
        </div>
      ))}
    </div>
  );
};
