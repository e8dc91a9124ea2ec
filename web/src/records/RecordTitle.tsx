import { useNavigate } from "@tanstack/react-router";
import { Mail, MessagesSquare, PhoneCall } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Entity, Rec } from "@/api/types";
import { EntityIcon } from "@/app/EntityIcon";
import { isEditable, kindOf } from "@/fields/registry";
import { hasFace, isPerson, valueIn } from "@/fields/values";
import { conversationWith, writesTo } from "@/inbox/start";
import { Avatar, Button, buttonClass } from "@/ui";
import { editRecord } from "./edit";
import { complain } from "./errors";

/** The record's name, edited in place like every other field, and the ways to reach whom it is. */
export function RecordTitle({ entity, record, name }: { entity: Entity; record: Rec; name: string }) {
  const { t } = useTranslation();
  const [editing, setEditing] = useState(false);
  const field = entity.fields.find((entry) => entry.name === entity.title_field);
  const Editor = field ? kindOf(field).Editor : null;
  const editable = field !== undefined && isEditable(entity, field, record) && !record.deleted_at;
  const second = ["url", "email", "phone"]
    .flatMap((kind) => entity.fields.find((entry) => entry.kind === kind && record[entry.name]) ?? [])
    .at(0);
  const navigate = useNavigate();
  const write = async () => {
    try {
      void navigate({ to: "/inbox", search: { c: await conversationWith(entity, record) } });
    } catch (error) {
      complain(t("record.notDone"), error);
    }
  };
  // What a record is called by people on the phone, where that is not its name already.
  const code = typeof record.number === "string" && record.number !== name ? record.number : null;
  const { View } = second ? kindOf(second) : { View: null };
  const textOf = (kind: string) => {
    const found = entity.fields.find((entry) => entry.kind === kind && typeof record[entry.name] === "string");
    return found ? String(record[found.name]) : null;
  };
  const email = textOf("email");
  const phone = textOf("phone");
  return (
    <>
      <div className="mt-1 flex items-center gap-3">
        {hasFace(entity) ? (
          <Avatar name={name || "?"} square={!isPerson(entity)} size={44} />
        ) : (
          <span className="flex size-11 shrink-0 items-center justify-center rounded-lg bg-hover text-fg-2">
            <EntityIcon name={entity.icon} size={20} />
          </span>
        )}
        <div className="min-w-0 flex-1">
          {editing && field && Editor ? (
            <div className="relative h-9 text-lg font-semibold">
              <Editor
                field={field}
                value={valueIn(record, field)}
                record={record}
                onCancel={() => setEditing(false)}
                onCommit={(value) => {
                  setEditing(false);
                  if (value !== valueIn(record, field)) void editRecord(entity, record, [{ field, value }]);
                }}
              />
            </div>
          ) : (
            <h1 className="text-lg font-semibold tracking-[-0.015em]">
              {editable ? (
                <button
                  type="button"
                  aria-label={`${name}: ${t("record.rename")}`}
                  onClick={() => setEditing(true)}
                  className="-mx-1.5 block max-w-full truncate rounded-sm px-1.5 text-start hover:bg-hover"
                >
                  {name}
                </button>
              ) : (
                <span className="block truncate">{name}</span>
              )}
            </h1>
          )}
          {code && <p className="tabular truncate text-fg-2">{code}</p>}
          {!code && second && View && (
            <p className="flex min-w-0 truncate text-fg-2">
              <View field={second} value={record[second.name]} record={record} />
            </p>
          )}
        </div>
      </div>
      {(email || phone) && !record.deleted_at && (
        <div className="mt-3 flex flex-wrap gap-1.5">
          {writesTo(entity) && (
            <Button size="sm" onClick={() => void write()}>
              <MessagesSquare size={14} aria-hidden /> {t("record.write")}
            </Button>
          )}
          {email && (
            <a href={`mailto:${email}`} className={buttonClass("secondary", "sm")}>
              <Mail size={14} aria-hidden /> {t("record.email")}
            </a>
          )}
          {phone && (
            <a href={`tel:${phone.replace(/[^\d+]/g, "")}`} className={buttonClass("secondary", "sm")}>
              <PhoneCall size={14} aria-hidden /> {t("record.call")}
            </a>
          )}
        </div>
      )}
    </>
  );
}
