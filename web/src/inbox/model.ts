import { infiniteQueryOptions } from "@tanstack/react-query";
import { request } from "@/api/client";
import { fetchList, nestable } from "@/api/queries";
import type { List, Rec } from "@/api/types";
import { dayOf } from "@/lib/zone";
import type { Box } from "./search";

const PAGE = 50;
/** A page of the inbox, with how many there are in each box. */
type InboxPage = List & { page: { counts?: Record<string, number> } };
export const conversationsQuery = (box: Box, q: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ["list", "conversations", { inbox: box, q: q ?? "" }],
    queryFn: ({ signal, pageParam }) =>
      request<InboxPage>("/conversations/inbox", {
        signal,
        query: {
          box,
          q,
          include: nestable("conversations", ["subject", "assigned_to"]).join(","),
          limit: PAGE,
          cursor: pageParam || undefined,
        },
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.page.next_cursor ?? undefined,
    // Somebody may be writing right now.
    refetchInterval: 30_000,
  });

/** The newest messages first, and further back page by page. */
export const messagesQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ["list", "messages", { conversation: id }],
    queryFn: ({ signal, pageParam }) =>
      fetchList(
        "messages",
        {
          parent: { plural: "conversations", id, child: "messages" },
          sort: "-occurred_at",
          include: nestable("messages", ["sender_user", "sender_lead", "sender_contact"]),
        },
        { limit: PAGE, cursor: pageParam || undefined },
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.page.next_cursor ?? undefined,
    refetchInterval: 15_000,
  });

export const isClosed = (conversation: Rec): boolean => conversation.status === "closed";
/** What I have not read; where that is not told, what nobody has. */
export const unreadOf = (conversation: Rec): number => Number(conversation.my_unread ?? conversation.unread_count ?? 0);
/** Said among colleagues: nobody outside ever sees it. */
export const isInternal = (message: Rec): boolean => message.message_type === "internal" || message.message_type === "call_note";
export const isOutgoing = (message: Rec): boolean => message.direction === "outbound";
export const sentAt = (message: Rec): string => String(message.occurred_at ?? message.created_at);
/** Whose words they are, by the name that is known of them. */
export function senderOf(message: Rec): string | undefined {
  const nested = (name: string) => (message[name] as { full_name?: string } | null | undefined)?.full_name;
  const named = typeof message.sender_name === "string" && message.sender_name ? message.sender_name : undefined;
  return nested("sender_user") ?? nested("sender_contact") ?? nested("sender_lead") ?? named;
}

/** Messages from the oldest to the newest, day by day. */
export function byDay(messages: Rec[]): { day: string; messages: Rec[] }[] {
  const days: { day: string; messages: Rec[] }[] = [];
  for (const message of messages) {
    const day = dayOf(new Date(sentAt(message)));
    const last = days.at(-1);
    if (last?.day === day) last.messages.push(message);
    else days.push({ day, messages: [message] });
  }
  return days;
}
/** Whether a message goes on from the one before it: the same voice, shortly after. */
export function goesOn(before: Rec | undefined, message: Rec): boolean {
  if (!before) return false;
  return (
    before.direction === message.direction &&
    before.message_type === message.message_type &&
    before.sender_id === message.sender_id &&
    Date.parse(sentAt(message)) - Date.parse(sentAt(before)) < 5 * 60_000
  );
}
