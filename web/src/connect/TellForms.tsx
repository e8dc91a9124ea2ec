import { useState } from "react";
import { useTranslation } from "react-i18next";
import { findEntity, useMeta } from "@/api/queries";
import { PickTrigger } from "@/fields/parts/PickEditor";
import { useRecordItems } from "@/fields/parts/RecordPick";
import { fieldIn, labelOf } from "@/filters/clause";
import { useNames } from "@/records/useNames";
import { FormRow, Picker, type PickItem, TextInput } from "@/ui";
import type { ActionFormProps } from "./ActionsInput";
import { isId } from "./ActionView";
import { TONES, usersOf, withPart } from "./rule";

const LONGEST_TITLE = 255;

/** Tells people of it: by name, or whoever the record names. */
export function NotifyForm({ action, trigger, onChange }: ActionFormProps) {
  const { t } = useTranslation();
  const put = (name: string, value: unknown) => onChange(withPart(action, name, value));
  return (
    <>
      <FormRow label={t("connect.who")} required help={t("connect.whoHint")}>
        {(aria) => (
          <WhoPick aria={aria} trigger={trigger} value={usersOf(action)} onChange={(users) => onChange({ ...action, users })} />
        )}
      </FormRow>
      <div className="grid grid-cols-1 gap-x-4 gap-y-3 sm:grid-cols-[minmax(0,1fr)_10rem]">
        <FormRow label={t("connect.title")} required>
          {(aria) => (
            <TextInput
              {...aria}
              maxLength={LONGEST_TITLE}
              value={String(action.title ?? "")}
              onChange={(event) => onChange({ ...action, title: event.target.value })}
            />
          )}
        </FormRow>
        <FormRow label={t("connect.tone")}>
          {(aria) => (
            <select
              {...aria}
              className="field-box h-9 pointer-coarse:h-10"
              value={String(action.type ?? TONES[0])}
              onChange={(event) => put("type", event.target.value)}
            >
              {TONES.map((tone) => (
                <option key={tone} value={tone}>
                  {t(`connect.tones.${tone}`)}
                </option>
              ))}
            </select>
          )}
        </FormRow>
      </div>
      <FormRow label={t("connect.message")}>
        {(aria) => (
          <textarea
            {...aria}
            rows={2}
            className="field-box resize-y py-2"
            value={String(action.message ?? "")}
            onChange={(event) => put("message", event.target.value)}
          />
        )}
      </FormRow>
    </>
  );
}

/** People, and the fields of the record that hold one. */
function WhoPick({
  aria,
  trigger,
  value,
  onChange,
}: {
  aria: object;
  trigger: ActionFormProps["trigger"];
  value: string[];
  onChange: (users: string[]) => void;
}) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const users = findEntity(useMeta(), "user");
  const found = useRecordItems(users, text, open);
  const names = useNames(users ? value.filter(isId).map((id) => ({ entity: users, id })) : []);
  const matches = (label: string) => label.toLowerCase().includes(text.trim().toLowerCase());
  const own: PickItem[] = trigger.fields
    .filter((field) => field.kind === "user" && !field.custom && matches(field.label))
    .map((field) => ({ value: field.name, label: field.label, hint: t("connect.ofRecord") }));
  const nameOf = (user: string) =>
    isId(user) ? (names.get(user) ?? "…") : fieldIn(trigger, user) ? labelOf(trigger, user) : user;
  return (
    <Picker
      label={t("connect.who")}
      multiple
      items={[...own, ...found.items]}
      loading={found.loading}
      onSearch={setText}
      onOpenChange={setOpen}
      value={value}
      onChange={onChange}
      trigger={
        <PickTrigger aria={aria} inputRef={() => {}} onBlur={() => {}}>
          {value.length > 0 ? value.map(nameOf).join(", ") : null}
        </PickTrigger>
      }
    />
  );
}

/** Sends it to another system. */
export function WebhookForm({ action, onChange }: ActionFormProps) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const hooks = findEntity(useMeta(), "webhook_endpoint");
  const { items, loading } = useRecordItems(hooks, text, open);
  const chosen = typeof action.endpoint_id === "string" ? action.endpoint_id : "";
  const names = useNames(hooks && chosen ? [{ entity: hooks, id: chosen }] : []);
  return (
    <FormRow label={t("connect.which")} required help={t("connect.whichHint")}>
      {(aria) => (
        <Picker
          label={t("connect.which")}
          items={items}
          loading={loading}
          onSearch={setText}
          onOpenChange={setOpen}
          value={chosen ? [chosen] : []}
          onChange={([id]) => id && onChange({ ...action, endpoint_id: id })}
          trigger={
            <PickTrigger aria={aria} inputRef={() => {}} onBlur={() => {}}>
              {chosen ? (names.get(chosen) ?? (names.has(chosen) ? t("record.hidden") : "…")) : null}
            </PickTrigger>
          }
        />
      )}
    </FormRow>
  );
}
