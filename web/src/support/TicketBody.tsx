import "@/i18n/work";
import { useQuery } from "@tanstack/react-query";
import { Lock, Send } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, request } from "@/api/client";
import { can, findEntity, useMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { moment, relative } from "@/lib/format";
import { useNow } from "@/lib/now";
import { KEYS } from "@/lib/shortcuts";
import { recall, remember } from "@/lib/storage";
import { refreshRecord } from "@/records/act";
import { explain, sentence } from "@/records/errors";
import { Markdown } from "@/timeline/Markdown";
import { TextBox, useBox } from "@/timeline/TextBox";
import { Avatar, Button, cx, Notice, notify, Skeleton, Tag } from "@/ui";
import { authorOf, commentsQuery } from "./tickets";

const isText = (value: unknown): value is string => typeof value === "string";

/** What the customer asked, what was said since, and the answer: to them, or among colleagues. */
export default function TicketBody({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const { data, error, isPending } = useQuery(commentsQuery(entity, record.id));
  const comments = findEntity(useMeta(), "ticket_comment");
  const list = data?.data ?? [];
  const contact = (record.contact as { full_name?: string } | null | undefined)?.full_name;
  return (
    <section aria-label={t("tickets.conversation")} className="flex flex-col gap-3">
      <Said
        author={contact ?? t("tickets.customer")}
        at={record.created_at}
        text={String(record.description ?? "")}
        kind="customer"
      />
      {error ? (
        <Notice>{explain(error)}</Notice>
      ) : isPending ? (
        <Skeleton className="h-20 rounded-md!" />
      ) : (
        list.map((comment) => (
          <Said
            key={comment.id}
            author={authorOf(comment) ?? t("timeline.system")}
            at={comment.created_at}
            text={String(comment.comment ?? "")}
            kind={comment.is_internal === true ? "internal" : comment.author_kind === "customer" ? "customer" : "agent"}
          />
        ))
      )}
      {comments && can(comments, "create") && !record.deleted_at && <Answer entity={entity} record={record} />}
    </section>
  );
}

function Said({ author, at, text, kind }: { author: string; at: string; text: string; kind: "customer" | "agent" | "internal" }) {
  const { t } = useTranslation();
  const now = useNow();
  return (
    <article
      data-comment={kind}
      className={cx("rounded-md p-3 shadow-card", kind === "internal" ? "bg-warning-soft" : "bg-raised")}
    >
      <p className="mb-1.5 flex items-center gap-2">
        <Avatar name={author} size={20} />
        <span className="font-medium">{author}</span>
        {kind === "internal" && (
          <span className="flex items-center gap-1 text-xs text-fg-2">
            <Lock size={12} aria-hidden /> {t("tickets.internal")}
          </span>
        )}
        {kind === "customer" && <Tag label={t("tickets.customer")} hue="blue" />}
        <time dateTime={at} title={moment(at)} className="ms-auto text-xs text-fg-3">
          {relative(at, now.getTime())}
        </time>
      </p>
      <Markdown source={text} />
    </article>
  );
}

function Answer({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const key = `ticket.${record.id}`;
  const [text, setText] = useState(() => recall(key, "", isText));
  const [internal, setInternal] = useState(false);
  const [status, setStatus] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const box = useBox();
  const statuses = can(entity, "update")
    ? (entity.fields.find((field) => field.name === "status")?.choices ?? []).filter((choice) => choice.value !== record.status)
    : [];
  const put = (next: string) => {
    setText(next);
    setProblem(null);
    remember(key, next || undefined);
  };
  const send = async () => {
    const comment = text.trim();
    if (!comment || busy) return;
    setBusy(true);
    try {
      await request(`/${entity.plural}/${record.id}/reply`, {
        method: "POST",
        body: { comment, is_internal: internal, ...(status ? { status } : {}) },
        headers: { "Idempotency-Key": crypto.randomUUID() },
      });
      put("");
      setStatus("");
      refreshRecord(entity, record.id);
      notify(t(internal ? "tickets.noted" : "tickets.answered"));
    } catch (error) {
      const remark = error instanceof ApiError ? error.problem?.errors?.[0] : undefined;
      setProblem(remark ? sentence(remark.message, t("tickets.answer")) : explain(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      aria-label={t("tickets.answer")}
      className={cx(
        "rounded-md shadow-card focus-within:shadow-[0_0_0_1px_var(--ring)]",
        internal ? "bg-warning-soft" : "bg-raised",
      )}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.nativeEvent.isComposing) return;
        event.preventDefault();
        void send();
      }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset would bring its own box and legend */}
      <div role="group" aria-label={t("tickets.toWhom")} className="flex gap-1 px-2 pt-2">
        {[false, true].map((value) => (
          <button
            key={String(value)}
            type="button"
            aria-pressed={internal === value}
            onClick={() => setInternal(value)}
            className={cx(
              "flex h-7 items-center gap-1.5 rounded-full px-2.5 text-xs font-medium pointer-coarse:h-10",
              internal === value ? "bg-active text-fg" : "text-fg-2 hover:bg-hover",
            )}
          >
            {value ? <Lock size={12} aria-hidden /> : <Send size={12} aria-hidden />}
            {t(value ? "tickets.internalNote" : "tickets.publicAnswer")}
          </button>
        ))}
      </div>
      <TextBox
        label={t(internal ? "tickets.internalNote" : "tickets.publicAnswer")}
        placeholder={t(internal ? "tickets.noteHint" : "tickets.answerHint")}
        value={text}
        boxRef={box}
        invalid={problem !== null}
        onChange={put}
      >
        {statuses.length > 0 && (
          <select
            aria-label={t("tickets.afterwards")}
            value={status}
            onChange={(event) => setStatus(event.target.value)}
            className="h-8 max-w-40 rounded-sm bg-transparent px-1 text-xs text-fg-2 hover:bg-hover pointer-coarse:h-10"
          >
            <option value="">{t("tickets.asItFollows")}</option>
            {statuses.map((choice) => (
              <option key={choice.value} value={choice.value}>
                {choice.label}
              </option>
            ))}
          </select>
        )}
        <Button variant="primary" type="submit" disabled={!text.trim() || busy} keys={KEYS["record.send"]}>
          {t(internal ? "tickets.addNote" : "tickets.send")}
        </Button>
      </TextBox>
      {problem && (
        <p role="alert" className="px-3 pb-2 text-xs font-medium text-danger-text">
          {problem}
        </p>
      )}
    </form>
  );
}
