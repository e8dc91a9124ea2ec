import { Tabs } from "@base-ui/react/tabs";
import { type KeyboardEvent, type RefObject, useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/client";
import { findEntity, useMe, useMeta } from "@/api/queries";
import type { Entity, Rec, Values } from "@/api/types";
import { useCommands } from "@/app/commands";
import { Unparsed } from "@/fields/types";
import { titleOf } from "@/fields/values";
import { encodeMentions } from "@/lib/mentions";
import { KEYS, useShortcuts } from "@/lib/shortcuts";
import { complain, labelOf, sentence } from "@/records/errors";
import { readTask } from "@/tasks/quickAdd";
import { Button, Keys } from "@/ui";
import { type Draft, emptyDraft, keepDraft, readDraft, type Tab } from "./drafts";
import { InteractionForm } from "./InteractionForm";
import { TaskForm } from "./TaskForm";
import { TextBox, useBox } from "./TextBox";
import { writable, writeAbout } from "./write";

const SHORTCUT = { note: "record.note", interaction: "record.interaction", task: "record.task" } as const;
const ICONS = { note: "note", interaction: "talk", task: "done" } as const;
/** Under which type an interaction stands in the timeline until the server has said so. */
const TYPE_OF: Record<string, string> = { phone: "call", email: "email", meeting: "meeting" };

export type Errors = Record<string, string>;

/** What a draft becomes when it is sent, or null while there is not enough of it. */
export function contentOf(
  draft: Draft,
  me: string,
): { child: "notes" | "interactions" | "tasks"; type: string; title: string | null; text: string | null; body: Values } | null {
  if (draft.tab === "note") {
    const content = encodeMentions(draft.note.text.trim(), draft.note.mentions);
    return content ? { child: "notes", type: "note", title: null, text: content, body: { content } } : null;
  }
  if (draft.tab === "interaction") {
    const { channel, type, note, outcome, occurred_at, follow_up_at } = draft.interaction;
    if (!note.trim()) return null;
    return {
      child: "interactions",
      type: TYPE_OF[channel] ?? "message_sent",
      title: type.trim() || channel,
      text: note.trim(),
      body: {
        ...{ channel, type: type.trim(), note: note.trim() },
        ...(outcome.trim() ? { outcome: outcome.trim() } : {}),
        ...(occurred_at ? { occurred_at } : {}),
        ...(follow_up_at ? { follow_up_at } : {}),
      },
    };
  }
  const { task } = draft;
  const jotted = readTask(task.text);
  if (!jotted.title) return null;
  const due_at = task.due_at ?? jotted.due_at;
  return {
    child: "tasks",
    type: "task",
    title: jotted.title,
    text: null,
    body: {
      title: jotted.title,
      type: task.type ?? jotted.type ?? "todo",
      priority: jotted.priority ?? task.priority,
      ...(due_at ? { due_at } : {}),
      assigned_to_id: task.assignee?.id ?? me,
    },
  };
}

/** Writes notes, logs calls and meetings, plans tasks: one box for everything that is said about a record. */
export function Composer({
  entity,
  record,
  start,
}: {
  entity: Entity;
  record: Rec;
  /** The tab somebody asked for, from outside; each new object asks anew. */
  start?: { tab: Tab } | null;
}) {
  const { t } = useTranslation();
  const meta = useMeta();
  const me = useMe();
  const tabs = writable(entity);
  const key = `${entity.plural}/${record.id}`;
  const [draft, setDraft] = useState<Draft>(() => readDraft(key, tabs[0] ?? "note"));
  const [errors, setErrors] = useState<Errors>({});
  const [busy, setBusy] = useState(false);
  const host = useRef<HTMLElement>(null);
  const box = useBox();
  const tab = tabs.includes(draft.tab) ? draft.tab : (tabs[0] ?? "note");
  const put = (next: Draft) => {
    setDraft(next);
    setErrors({});
    keepDraft(key, next);
  };
  /** Shows a tab and puts the cursor into it. */
  const open = (wanted: Tab) => {
    if (!tabs.includes(wanted)) return;
    // At once: whoever pressed the key is already typing.
    flushSync(() => setDraft((held) => ({ ...held, tab: wanted })));
    host.current?.querySelector<HTMLElement>("[data-composer-first], textarea")?.focus();
  };
  useShortcuts(Object.fromEntries(tabs.map((name) => [SHORTCUT[name], () => open(name)])));
  useCommands(
    record.deleted_at
      ? []
      : tabs.map((name) => ({
          ...{ id: `here.${name}`, group: "here", icon: { name: ICONS[name] }, keys: KEYS[SHORTCUT[name]] },
          label: t(`shortcuts.keys.${SHORTCUT[name]}`),
          // The palette gives the focus back to where it was; the box takes it after that.
          run: () => setTimeout(() => open(name), 200),
        })),
  );
  const opened = useRef<object | null>(null);
  useEffect(() => {
    if (!start || opened.current === start) return;
    opened.current = start;
    setTimeout(() => open(start.tab));
  });
  if (tabs.length === 0 || record.deleted_at) return null;

  const current = { ...draft, tab };
  const content = contentOf(current, me.user.id);
  const send = async () => {
    if (!content || busy) return;
    const unread = [draft.interaction.occurred_at, draft.interaction.follow_up_at, draft.task.due_at].some(
      (value) => (value as unknown) instanceof Unparsed,
    );
    if (unread) return;
    const given = draft;
    setBusy(true);
    put({ ...draft, [tab]: emptyDraft(tab)[tab] });
    try {
      await writeAbout(entity, record.id, content);
    } catch (error) {
      // What could not be sent stands in the box again.
      put(given);
      const found = error instanceof ApiError ? (error.problem?.errors ?? []) : [];
      const target = findEntity(meta, tab);
      setErrors(
        Object.fromEntries(
          found.map((entry) => [entry.field, sentence(entry.message, target ? labelOf(target, entry.field) : undefined)]),
        ),
      );
      if (found.length === 0) complain(t("record.notSaved"), error);
    } finally {
      setBusy(false);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };
  const name = titleOf(entity, record);
  const submit = (
    <Button variant="primary" disabled={!content || busy} onClick={() => void send()} aria-keyshortcuts="Control+Enter">
      {t(`composer.send.${tab}`)}
      <Keys keys={KEYS["record.send"]} onAccent />
    </Button>
  );
  return (
    <Tabs.Root
      value={tab}
      onValueChange={(next) => put({ ...draft, tab: next as Tab })}
      className="rounded-md bg-raised shadow-card focus-within:shadow-[0_0_0_1px_var(--ring),0_1px_2px_oklch(0.25_0.02_264/0.06)]"
      render={<section ref={host} aria-label={t("composer.title", { name })} onKeyDown={onKeyDown} />}
    >
      <Tabs.List aria-label={t("composer.kinds")} className="relative flex gap-1 border-b px-2">
        {tabs.map((entry) => (
          <Tabs.Tab
            key={entry}
            value={entry}
            aria-keyshortcuts={KEYS[SHORTCUT[entry]]}
            className="flex h-9 items-center gap-1.5 px-2 font-medium whitespace-nowrap text-fg-2 outline-none hover:text-fg focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-ring data-[active]:text-fg pointer-coarse:h-11"
          >
            {t(`composer.tab.${entry}`)}
            <Keys keys={KEYS[SHORTCUT[entry]]} />
          </Tabs.Tab>
        ))}
        <Tabs.Indicator className="absolute bottom-0 left-(--active-tab-left) h-0.5 w-(--active-tab-width) rounded bg-accent transition-all duration-150" />
      </Tabs.List>
      <Tabs.Panel key={tab} value={tab} tabIndex={-1} className="outline-none">
        {tab === "note" && (
          <NoteForm draft={draft} box={box} error={errors.content} onDraft={put}>
            {submit}
          </NoteForm>
        )}
        {tab === "interaction" && (
          <InteractionForm value={draft.interaction} errors={errors} onChange={(interaction) => put({ ...draft, interaction })}>
            {submit}
          </InteractionForm>
        )}
        {tab === "task" && (
          <TaskForm value={draft.task} errors={errors} onChange={(task) => put({ ...draft, task })}>
            {submit}
          </TaskForm>
        )}
      </Tabs.Panel>
    </Tabs.Root>
  );
}

function NoteForm({
  draft,
  box,
  error,
  onDraft,
  children,
}: {
  draft: Draft;
  box: RefObject<HTMLTextAreaElement | null>;
  error: string | undefined;
  onDraft: (draft: Draft) => void;
  children: React.ReactNode;
}) {
  const { t } = useTranslation();
  const { note } = draft;
  // A mention is put down by two calls, the text and who is meant; both must see the other's.
  const latest = useRef(note);
  useEffect(() => {
    latest.current = note;
  });
  const change = (part: Partial<Draft["note"]>) => {
    latest.current = { ...latest.current, ...part };
    onDraft({ ...draft, note: latest.current });
  };
  return (
    <>
      <TextBox
        label={t("composer.note")}
        placeholder={t("composer.noteHint")}
        value={note.text}
        mentions={note.mentions}
        boxRef={box}
        invalid={error !== undefined}
        onChange={(text) => change({ text })}
        onMention={(mention) => change({ mentions: [...latest.current.mentions, mention] })}
      >
        {children}
      </TextBox>
      {error && (
        <p role="alert" className="px-3 pb-2 text-xs font-medium text-danger-text">
          {error}
        </p>
      )}
    </>
  );
}
