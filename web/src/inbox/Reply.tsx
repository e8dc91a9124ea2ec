import { useQuery } from "@tanstack/react-query";
import { Lock, Send, Text } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refreshLists } from "@/api/cache";
import { ApiError, request } from "@/api/client";
import { can, fetchList, findEntity, useMeta } from "@/api/queries";
import type { Rec } from "@/api/types";
import { KEYS, useShortcuts } from "@/lib/shortcuts";
import { recall, remember } from "@/lib/storage";
import { complain } from "@/records/errors";
import { TextBox, useBox } from "@/timeline/TextBox";
import { Button, cx, notify, Picker } from "@/ui";

const isText = (value: unknown): value is string => typeof value === "string";

/** The answer: to whom one writes, or a word among colleagues that nobody outside sees. */
export function Reply({ conversation, name }: { conversation: Rec; name: string }) {
  const { t } = useTranslation();
  const meta = useMeta();
  const messages = findEntity(meta, "message");
  const key = `reply.${conversation.id}`;
  const [text, setText] = useState(() => recall(key, "", isText));
  const [internal, setInternal] = useState(false);
  const [busy, setBusy] = useState(false);
  const box = useBox();
  useShortcuts({ "inbox.reply": () => box.current?.focus() });
  if (messages && !can(messages, "create")) return null;
  const put = (next: string) => {
    setText(next);
    remember(key, next || undefined);
  };
  const send = async () => {
    const content = text.trim();
    if (!content || busy) return;
    setBusy(true);
    try {
      await request(`/conversations/${conversation.id}/messages`, {
        method: "POST",
        body: { content, ...(internal ? { message_type: "internal" } : {}) },
        headers: { "Idempotency-Key": crypto.randomUUID() },
      });
      put("");
      refreshLists("messages");
      refreshLists("conversations");
    } catch (error) {
      complain(t("inbox.notSent"), error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      aria-label={t("inbox.replyTo", { name })}
      className={cx("shrink-0 border-t", internal ? "bg-warning-soft" : "bg-raised")}
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
      <TextBox
        label={t(internal ? "inbox.note" : "inbox.message")}
        placeholder={t(internal ? "inbox.noteHint" : "inbox.messageHint", { name })}
        value={text}
        boxRef={box}
        onChange={put}
      >
        <Templates conversation={conversation} onChoose={(body) => put(text ? `${text}\n\n${body}` : body)} />
        <Button
          variant="ghost"
          size="sm"
          aria-pressed={internal}
          className={internal ? "bg-active! text-fg!" : ""}
          onClick={() => setInternal(!internal)}
        >
          <Lock size={14} aria-hidden /> <span className="max-sm:sr-only">{t("inbox.internal")}</span>
        </Button>
        <Button variant="primary" type="submit" disabled={!text.trim() || busy} keys={KEYS["record.send"]}>
          <Send size={14} aria-hidden /> {t(internal ? "inbox.addNote" : "inbox.send")}
        </Button>
      </TextBox>
    </form>
  );
}

/** Puts the text of a template into the box, to be gone over before it is sent. */
function Templates({ conversation, onChoose }: { conversation: Rec; onChoose: (body: string) => void }) {
  const { t } = useTranslation();
  const entity = findEntity(useMeta(), "email_template");
  const [open, setOpen] = useState(false);
  const { data } = useQuery({
    queryKey: ["list", "email-templates", { active: true }],
    queryFn: ({ signal }) => fetchList(entity?.plural ?? "", { sort: "name" }, { limit: 100 }, signal),
    enabled: entity !== undefined && open,
    staleTime: 60_000,
  });
  if (!entity || !can(entity, "read")) return null;
  /** The template with the words of whom one writes to; what is missing is named, and nothing is put into the box. */
  const fill = async (id: string): Promise<string | undefined> => {
    try {
      const filled = await request<{ text: string | null }>(`/email-templates/${id}/render`, {
        method: "POST",
        body: { subject_type: conversation.subject_type, subject_id: conversation.subject_id },
      });
      return filled.text ?? "";
    } catch (error) {
      const missing =
        error instanceof ApiError ? (error.problem?.errors ?? []).filter(({ code }) => code === "missing_variable") : [];
      if (missing.length === 0) complain(t("inbox.notFilled"), error);
      else
        notify(t("inbox.notFilled"), {
          description: t("inbox.missing", { names: missing.map(({ field }) => field.replace("variables.", "")).join(", ") }),
          error: true,
        });
      return undefined;
    }
  };
  const templates = (data?.data ?? []).filter((template) => template.is_active !== false);
  return (
    <Picker
      label={t("inbox.templates")}
      items={templates.map((template) => ({ value: template.id, label: String(template.name ?? "") }))}
      value={[]}
      open={open}
      onOpenChange={setOpen}
      onChange={([id]) => {
        setOpen(false);
        if (id) void fill(id).then((body) => body !== undefined && onChoose(body));
      }}
      triggerLabel={t("inbox.templates")}
      trigger={
        <Button variant="ghost" size="sm">
          <Text size={14} aria-hidden /> <span className="max-sm:sr-only">{t("inbox.templates")}</span>
        </Button>
      }
    />
  );
}
