import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowLeft, ArrowUpRight, CheckCheck, FileQuestion, RotateCcw, UserPlus } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { findCached, refreshLists } from "@/api/cache";
import { request } from "@/api/client";
import { can, findEntity, recordQuery, useMe, useMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { useRecordItems } from "@/fields/parts/RecordPick";
import { isPerson } from "@/fields/values";
import { addDays } from "@/lib/days";
import { longDay } from "@/lib/format";
import { useNow } from "@/lib/now";
import { useShortcuts } from "@/lib/shortcuts";
import { dayOf } from "@/lib/zone";
import { tryAct } from "@/records/act";
import { Avatar, Button, buttonClass, Empty, Picker, ScrollRegion, Skeleton, Tag } from "@/ui";
import { partnerOf } from "./ConversationRow";
import { MessageBubble } from "./MessageBubble";
import { byDay, goesOn, isClosed, messagesQuery, unreadOf } from "./model";
import { Reply } from "./Reply";

/** One conversation: who it is with and whose it is, what was said, and the answer. */
export function Thread({ entity, id, onBack }: { entity: Entity; id: string; onBack: () => void }) {
  const { t } = useTranslation();
  const { data, error } = useQuery(recordQuery(entity, id));
  const conversation = data ?? findCached(entity.plural, id);
  if (!conversation)
    return (
      <div className="flex min-w-0 flex-1 flex-col bg-sunken">
        {error ? (
          <Empty icon={<FileQuestion size={20} />} title={t("record.gone")} hint={t("record.goneHint")}>
            <Button onClick={onBack}>{t("inbox.back")}</Button>
          </Empty>
        ) : (
          <div role="status" aria-label={t("common.loading")} className="flex flex-col gap-3 p-4">
            {[1, 2, 3].map((line) => (
              <Skeleton key={line} className="h-16 rounded-md!" />
            ))}
          </div>
        )}
      </div>
    );
  return <Held entity={entity} conversation={conversation} onBack={onBack} />;
}

function Held({ entity, conversation, onBack }: { entity: Entity; conversation: Rec; onBack: () => void }) {
  const { t } = useTranslation();
  const { subject, name } = partnerOf(entity, conversation);
  const closed = isClosed(conversation);
  const editable = can(entity, "update") && !entity.read_only;
  const turn = () =>
    void tryAct(entity, conversation, closed ? "reopen" : "close", { done: t(closed ? "inbox.reopened" : "inbox.closed") });
  useReading(entity, conversation);
  useShortcuts(editable ? { "inbox.close": turn } : {});
  return (
    <section aria-label={t("inbox.with", { name })} className="flex min-h-0 min-w-0 flex-1 flex-col">
      <header className="flex min-h-12 shrink-0 flex-wrap items-center gap-2 border-b px-3 py-1.5">
        <Button variant="ghost" size="icon" className="min-[900px]:hidden" aria-label={t("inbox.back")} onClick={onBack}>
          <ArrowLeft size={17} className="rtl:rotate-180" />
        </Button>
        <Avatar name={name || "?"} square={subject ? !isPerson(subject.entity) : false} size={26} />
        <h2 className="min-w-0 truncate text-base font-semibold">{name}</h2>
        {subject && (
          <Link
            to="/$entity/$id"
            params={{ entity: subject.entity.plural, id: subject.id }}
            className={buttonClass("ghost", "sm")}
          >
            {subject.entity.label} <ArrowUpRight size={13} aria-hidden />
          </Link>
        )}
        {closed && <Tag label={t("inbox.isClosed")} hue="gray" />}
        <span className="ms-auto flex items-center gap-1.5">
          {editable && <Assign entity={entity} conversation={conversation} />}
          {editable && (
            <Button size="sm" onClick={turn}>
              {closed ? <RotateCcw size={14} /> : <CheckCheck size={14} />}
              {t(closed ? "inbox.reopen" : "inbox.close")}
            </Button>
          )}
        </span>
      </header>
      <Messages conversation={conversation} />
      {!closed && <Reply conversation={conversation} name={name} />}
    </section>
  );
}

/** What is on the screen has been read. */
function useReading(entity: Entity, conversation: Rec) {
  const unread = unreadOf(conversation);
  const { id } = conversation;
  useEffect(() => {
    if (unread === 0 || !can(entity, "update")) return;
    void request(`/${entity.plural}/${id}/read`, { method: "POST", body: {} }).then(
      () => refreshLists(entity.plural),
      () => undefined,
    );
  }, [entity, id, unread]);
}

function Assign({ entity, conversation }: { entity: Entity; conversation: Rec }) {
  const { t } = useTranslation();
  const me = useMe();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const { items, loading } = useRecordItems(findEntity(useMeta(), "user"), text, open);
  const held = conversation.assigned_to as { id: string; full_name?: string } | null | undefined;
  const id = typeof conversation.assigned_to_id === "string" ? conversation.assigned_to_id : null;
  const give = (user: string | null) =>
    void tryAct(entity, conversation, "assign", {
      body: { user_id: user },
      done: t(user ? "inbox.given" : "inbox.freed"),
    });
  const nobody = { value: "", label: t("inbox.nobody") };
  const mine = { value: me.user.id, label: me.user.full_name };
  return (
    <Picker
      label={t("inbox.assign")}
      items={[...(text ? [] : [nobody]), mine, ...items.filter((item) => item.value !== me.user.id)]}
      value={id ? [id] : [""]}
      open={open}
      onOpenChange={setOpen}
      onSearch={setText}
      loading={loading}
      onChange={([next]) => {
        setOpen(false);
        give(next || null);
      }}
      triggerLabel={t("inbox.assignTo", { name: held?.full_name ?? t("inbox.nobody") })}
      trigger={
        <Button size="sm" variant="ghost">
          {held?.full_name ? <Avatar name={held.full_name} size={16} /> : <UserPlus size={14} />}
          <span className="max-w-32 truncate max-sm:sr-only">{held?.full_name ?? t("inbox.assign")}</span>
        </Button>
      }
    />
  );
}

function Messages({ conversation }: { conversation: Rec }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(messagesQuery(conversation.id));
  const newest = query.data?.pages.flatMap((page) => page.data) ?? [];
  const messages = newest.toReversed();
  const end = useRef<HTMLDivElement>(null);
  const last = messages.at(-1)?.id;
  useEffect(() => {
    // A new message comes into sight; reading further back leaves the place alone.
    if (last) end.current?.scrollIntoView({ block: "end" });
  }, [last]);
  const today = dayOf(useNow());
  const nameOfDay = (day: string) =>
    day === today ? t("timeline.today") : day === addDays(today, -1) ? t("timeline.yesterday") : longDay(day, today);
  return (
    <ScrollRegion label={t("inbox.messages")} className="min-h-0 flex-1 bg-sunken">
      <div className="mx-auto flex max-w-[760px] flex-col gap-3 p-4">
        {query.hasNextPage && (
          <Button className="self-center" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t("inbox.earlier")}
          </Button>
        )}
        {query.isPending && (
          <div role="status" aria-label={t("common.loading")} className="flex flex-col gap-3">
            <Skeleton className="h-16 w-2/3 rounded-md!" />
            <Skeleton className="h-12 w-1/2 self-end rounded-md!" />
            <Skeleton className="h-20 w-2/3 rounded-md!" />
          </div>
        )}
        {byDay(messages).map(({ day, messages: held }) => (
          <section key={day} aria-label={nameOfDay(day)} className="flex flex-col gap-1">
            <h3 className="py-1 text-center text-xs font-medium text-fg-3">{nameOfDay(day)}</h3>
            {held.map((message, at) => (
              <MessageBubble key={message.id} message={message} goesOn={goesOn(held[at - 1], message)} />
            ))}
          </section>
        ))}
        {!query.isPending && messages.length === 0 && <p className="py-8 text-center text-fg-3">{t("inbox.silence")}</p>}
        <div ref={end} />
      </div>
    </ScrollRegion>
  );
}
