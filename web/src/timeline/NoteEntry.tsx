import { MoreHorizontal, PencilLine, Pin, PinOff, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { can, findEntity, useMeta } from "@/api/queries";
import type { Rec } from "@/api/types";
import { decodeMentions, encodeMentions, type Mention } from "@/lib/mentions";
import { Button, DropMenu } from "@/ui";
import { Markdown } from "./Markdown";
import { TextBox, useBox } from "./TextBox";
import { Card } from "./WrittenEntry";
import { changeNote, deleteWritten } from "./write";

/** A note in full, with its pin and what else can be done with it. */
export function NoteEntry({
  note,
  subject,
  actor,
  at,
}: {
  note: Rec;
  subject: { plural: string; id: string };
  actor: string | null;
  at: string;
}) {
  const { t } = useTranslation();
  const entity = findEntity(useMeta(), "note");
  const [editing, setEditing] = useState(false);
  const pinned = note.is_pinned === true;
  const content = String(note.content ?? "");
  const tools = entity && (
    <span className="flex items-center opacity-0 group-hover/card:opacity-100 focus-within:opacity-100 pointer-coarse:opacity-100 has-[[data-popup-open]]:opacity-100">
      {can(entity, "update") && (
        <Button
          variant="ghost"
          size="icon"
          className="size-6!"
          aria-label={t(pinned ? "timeline.unpin" : "timeline.pin")}
          onClick={() => void changeNote(subject, note, { is_pinned: !pinned })}
        >
          {pinned ? <PinOff size={13} /> : <Pin size={13} />}
        </Button>
      )}
      {(can(entity, "update") || can(entity, "delete")) && (
        <DropMenu
          align="end"
          trigger={
            <Button variant="ghost" size="icon" className="size-6!" aria-label={t("timeline.noteActions")}>
              <MoreHorizontal size={13} />
            </Button>
          }
          items={[
            ...(can(entity, "update")
              ? [{ label: t("timeline.editNote"), icon: <PencilLine size={14} />, onSelect: () => setEditing(true) }]
              : []),
            ...(can(entity, "delete")
              ? [
                  {
                    label: t("common.delete"),
                    icon: <Trash2 size={14} />,
                    danger: true,
                    onSelect: () => void deleteWritten(subject, "notes", note),
                  },
                ]
              : []),
          ]}
        />
      )}
    </span>
  );
  return (
    <Card actor={actor} at={at} title={t(pinned ? "timeline.pinnedNote" : "timeline.note")} tools={editing ? null : tools}>
      {editing ? (
        <NoteForm
          content={content}
          onCancel={() => setEditing(false)}
          onSave={async (text) => {
            if (text === content || (await changeNote(subject, note, { content: text }))) setEditing(false);
          }}
        />
      ) : (
        <Markdown source={content} />
      )}
    </Card>
  );
}

function NoteForm({
  content,
  onSave,
  onCancel,
}: {
  content: string;
  onSave: (content: string) => Promise<void>;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const box = useBox();
  const [draft, setDraft] = useState(() => decodeMentions(content));
  const put = (mention: Mention) => setDraft((held) => ({ ...held, mentions: [...held.mentions, mention] }));
  const save = () => {
    if (draft.text.trim()) void onSave(encodeMentions(draft.text.trim(), draft.mentions));
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the box inside
    <div
      className="-mx-1 rounded-sm shadow-[inset_0_0_0_1px_var(--control)] focus-within:shadow-[inset_0_0_0_2px_var(--ring)]"
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          save();
        }
      }}
    >
      <TextBox
        label={t("composer.note")}
        placeholder={t("composer.noteHint")}
        value={draft.text}
        mentions={draft.mentions}
        onMention={put}
        onChange={(text) => setDraft((held) => ({ ...held, text }))}
        boxRef={box}
      >
        <Button size="sm" variant="ghost" onClick={onCancel}>
          {t("common.cancel")}
        </Button>
        <Button size="sm" variant="primary" keys="mod+enter" disabled={!draft.text.trim()} onClick={save}>
          {t("common.save")}
        </Button>
      </TextBox>
    </div>
  );
}
