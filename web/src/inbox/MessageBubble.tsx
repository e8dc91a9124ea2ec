import { Check, CheckCheck, Clock, Lock, Paperclip, TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Rec } from "@/api/types";
import { moment } from "@/lib/format";
import { timeOf } from "@/lib/zone";
import { Markdown } from "@/timeline/Markdown";
import { cx } from "@/ui";
import { isInternal, isOutgoing, senderOf, sentAt } from "./model";

const MARKS = { queued: Clock, sent: Check, delivered: CheckCheck, read: CheckCheck, failed: TriangleAlert } as const;
const isMark = (status: unknown): status is keyof typeof MARKS => typeof status === "string" && Object.hasOwn(MARKS, status);

const attachmentsOf = (message: Rec): string[] =>
  Array.isArray(message.attachments)
    ? (message.attachments as { name?: unknown }[]).map(({ name }) => (typeof name === "string" && name ? name : "…"))
    : [];

/** What somebody said: theirs at the start, ours at the end, what is only among colleagues in a colour of its own. */
export function MessageBubble({ message, goesOn }: { message: Rec; goesOn: boolean }) {
  const { t } = useTranslation();
  const internal = isInternal(message);
  const outgoing = isOutgoing(message) || internal;
  const who = senderOf(message);
  const at = sentAt(message);
  const status = isMark(message.status) ? message.status : undefined;
  const Mark = status ? MARKS[status] : null;
  const failed = status === "failed";
  return (
    <article className={cx("flex flex-col", outgoing ? "items-end" : "items-start", !goesOn && "mt-2")}>
      {!goesOn && (
        <p className="mb-1 flex items-center gap-1.5 px-1 text-xs text-fg-2">
          {internal && <Lock size={12} aria-hidden />}
          {who && <span className="font-medium">{who}</span>}
          {internal && <span>{t("inbox.internal")}</span>}
        </p>
      )}
      <div
        className={cx(
          "max-w-[85%] rounded-lg px-3 py-2",
          internal ? "bg-warning-soft text-fg" : outgoing ? "bg-accent-soft text-fg" : "bg-raised shadow-card",
        )}
      >
        {typeof message.subject === "string" && message.subject && <p className="mb-1 font-semibold">{message.subject}</p>}
        <Markdown source={String(message.content ?? "")} />
        {attachmentsOf(message).length > 0 && (
          <ul className="m-0 mt-1.5 flex list-none flex-col gap-1 p-0 text-xs">
            {attachmentsOf(message).map((name) => (
              <li key={name} className="flex items-center gap-1.5">
                <Paperclip size={12} aria-hidden /> <span className="truncate">{name}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
      <p className={cx("mt-0.5 flex items-center gap-1 px-1 text-2xs", failed ? "text-danger-text" : "text-fg-3")}>
        <time dateTime={at} title={moment(at)}>
          {timeOf(new Date(at))}
        </time>
        {outgoing && !internal && status && Mark && (
          <>
            <Mark size={12} className={status === "read" ? "text-accent-text" : undefined} aria-hidden />
            <span className={failed ? "" : "sr-only"}>{t(`inbox.status.${status}`)}</span>
          </>
        )}
        {failed && typeof message.failure_reason === "string" && <span>· {message.failure_reason}</span>}
      </p>
    </article>
  );
}
