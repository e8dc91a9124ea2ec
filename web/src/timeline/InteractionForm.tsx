import { Mail, MessageCircle, MessageSquare, MessagesSquare, MoreHorizontal, PhoneCall, UsersRound } from "lucide-react";
import { type ComponentType, type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import { findEntity, useMeta } from "@/api/queries";
import { moments } from "@/fields/kinds/dates";
import { DayBox } from "@/fields/parts/DayEditor";
import { cx } from "@/ui";
import type { Errors } from "./Composer";
import type { Draft } from "./drafts";

const ICONS: Record<string, ComponentType<{ size?: number }>> = {
  phone: PhoneCall,
  email: Mail,
  meeting: UsersRound,
  chat: MessagesSquare,
  whatsapp: MessageCircle,
  sms: MessageSquare,
};
/** What such a talk is called most, by channel. Others can be typed. */
const SUGGESTED = ["initial", "followUp", "demo", "negotiation", "support"] as const;

type Value = Draft["interaction"];

/** Logs what was said to whom: by which way, about what, what came of it and when it goes on. */
export function InteractionForm({
  value,
  errors,
  onChange,
  children,
}: {
  value: Value;
  errors: Errors;
  onChange: (value: Value) => void;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const id = useId();
  const channels = findEntity(useMeta(), "interaction")?.fields.find((field) => field.name === "channel")?.choices ?? [];
  const set = (part: Partial<Value>) => onChange({ ...value, ...part });
  const problem = (name: string) =>
    errors[name] ? (
      <p id={`${id}-${name}-error`} role="alert" className="mt-1 text-xs font-medium text-danger-text">
        {errors[name]}
      </p>
    ) : null;
  return (
    <div className="flex flex-col">
      <div role="radiogroup" aria-label={t("composer.channel")} className="flex flex-wrap gap-1 px-3 pt-2.5">
        {channels.map((channel) => {
          const Icon = ICONS[channel.value] ?? MoreHorizontal;
          const on = channel.value === value.channel;
          return (
            <label
              key={channel.value}
              className={cx(
                "flex h-7 items-center gap-1.5 rounded-full px-2.5 text-xs font-medium select-none has-focus-visible:outline-2 has-focus-visible:outline-ring pointer-coarse:h-10",
                on ? "bg-accent-soft text-accent-text" : "text-fg-2 hover:bg-hover",
              )}
            >
              <input
                type="radio"
                name={`${id}-channel`}
                checked={on}
                onChange={() => set({ channel: channel.value })}
                className="sr-only"
              />
              <Icon size={13} aria-hidden />
              {channel.label}
            </label>
          );
        })}
      </div>
      <div className="px-3 pt-2">
        <input
          data-composer-first
          aria-label={t("composer.type")}
          aria-invalid={errors.type ? true : undefined}
          aria-describedby={errors.type ? `${id}-type-error` : undefined}
          placeholder={t("composer.typeHint")}
          list={`${id}-types`}
          maxLength={120}
          autoComplete="off"
          value={value.type}
          onChange={(event) => set({ type: event.target.value })}
          className="h-8 w-full border-b border-transparent bg-transparent font-medium outline-none focus:border-line-strong"
        />
        <datalist id={`${id}-types`}>
          {SUGGESTED.map((name) => (
            <option key={name} value={t(`composer.types.${name}`)} />
          ))}
        </datalist>
        {problem("type")}
      </div>
      <div className="px-3">
        <textarea
          aria-label={t("composer.said")}
          aria-invalid={errors.note ? true : undefined}
          aria-describedby={errors.note ? `${id}-note-error` : undefined}
          placeholder={t("composer.saidHint")}
          rows={3}
          value={value.note}
          onChange={(event) => set({ note: event.target.value })}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.blur();
          }}
          className="field-sizing-content block max-h-72 min-h-16 w-full resize-none bg-transparent py-1.5 outline-none"
        />
        {problem("note")}
      </div>
      <div className="grid grid-cols-1 gap-2 px-3 pt-1 pb-3 sm:grid-cols-3">
        <label className="min-w-0">
          <span className="mb-1 block text-xs text-fg-2">{t("composer.outcome")}</span>
          <input
            value={value.outcome}
            placeholder={t("composer.outcomeHint")}
            maxLength={255}
            autoComplete="off"
            onChange={(event) => set({ outcome: event.target.value })}
            className="field-box h-9"
          />
        </label>
        {(["occurred_at", "follow_up_at"] as const).map((name) => (
          <div key={name} className="min-w-0">
            <label htmlFor={`${id}-${name}`} className="mb-1 block text-xs text-fg-2">
              {t(`composer.${name}`)}
            </label>
            <DayBox
              kind={moments}
              label={t(`composer.${name}`)}
              aria={{ id: `${id}-${name}`, ...(errors[name] ? { "aria-invalid": true } : {}) }}
              placeholder={t(`composer.${name}_hint`)}
              value={value[name]}
              onChange={(next) => set({ [name]: next })}
            />
            {problem(name)}
          </div>
        ))}
      </div>
      <div className="flex justify-end px-3 pb-3">{children}</div>
    </div>
  );
}
