import { Mail, MessageCircle, MessageSquare, MessagesSquare } from "lucide-react";
import type { ComponentType } from "react";
import { useTranslation } from "react-i18next";
import type { Entity, Field, Rec } from "@/api/types";
import { subjectOf } from "@/fields/parts/SubjectPick";
import { isPerson, titleOf } from "@/fields/values";
import { number, relative } from "@/lib/format";
import { useNow } from "@/lib/now";
import { Avatar, cx } from "@/ui";
import { unreadOf } from "./model";

const ICONS: Record<string, ComponentType<{ size?: number; className?: string }>> = {
  email: Mail,
  whatsapp: MessageCircle,
  sms: MessageSquare,
};
export function ChannelIcon({ channel, size = 13 }: { channel: unknown; size?: number }) {
  const Icon = ICONS[String(channel)] ?? MessagesSquare;
  return <Icon size={size} className="shrink-0 text-fg-3" aria-hidden />;
}

const fieldOf = (entity: Entity, name: string): Field | undefined => entity.fields.find((field) => field.name === name);
/** Whom a conversation is with. */
export function partnerOf(entity: Entity, conversation: Rec) {
  const field = fieldOf(entity, "subject_id");
  const subject = field ? subjectOf(field, conversation.subject_id, conversation) : undefined;
  return { subject: subject ?? undefined, name: subject?.name || titleOf(entity, conversation) };
}

/** A conversation in the list: with whom, what was said last, what is new. */
export function ConversationRow({
  entity,
  conversation,
  current,
  onOpen,
}: {
  entity: Entity;
  conversation: Rec;
  current: boolean;
  onOpen: () => void;
}) {
  const { t } = useTranslation();
  const now = useNow();
  const { subject, name } = partnerOf(entity, conversation);
  const unread = unreadOf(conversation);
  const channel = fieldOf(entity, "channel")?.choices?.find((choice) => choice.value === conversation.channel)?.label;
  const at = conversation.last_message_at ?? conversation.created_at;
  const second = [conversation.last_message_preview, conversation.title].find((text) => typeof text === "string" && text);
  const assignee = (conversation.assigned_to as { full_name?: string } | null | undefined)?.full_name;
  return (
    <li className="border-b border-line/80">
      <button
        type="button"
        aria-current={current ? "true" : undefined}
        data-conversation={conversation.id}
        onClick={onOpen}
        className={cx("flex w-full gap-3 px-4 py-2.5 text-start -outline-offset-2", current ? "bg-selected" : "hover:bg-hover")}
      >
        <Avatar name={name || "?"} square={subject ? !isPerson(subject.entity) : false} size={32} />
        <span className="min-w-0 flex-1">
          <span className="flex items-baseline gap-2">
            <span className={cx("min-w-0 flex-1 truncate", unread > 0 ? "font-semibold" : "font-medium")}>{name}</span>
            <time dateTime={String(at)} className="shrink-0 text-2xs text-fg-3">
              {relative(String(at), now.getTime())}
            </time>
          </span>
          <span className="mt-0.5 flex items-center gap-1.5 text-xs text-fg-2">
            <ChannelIcon channel={conversation.channel} />
            <span className={cx("min-w-0 flex-1 truncate", unread > 0 && "text-fg")}>{second ? String(second) : channel}</span>
            {assignee && (
              <span title={t("inbox.assignedTo", { name: assignee })} className="flex">
                <Avatar name={assignee} size={16} />
                <span className="sr-only">{t("inbox.assignedTo", { name: assignee })}</span>
              </span>
            )}
            {unread > 0 && (
              <span className="tabular flex h-[18px] min-w-[18px] items-center justify-center rounded-full bg-accent px-1 text-2xs font-semibold text-accent-fg">
                {number(unread)}
                <span className="sr-only"> {t("inbox.unread")}</span>
              </span>
            )}
          </span>
        </span>
      </button>
    </li>
  );
}
