import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import { type ApiKey, apiKeysQuery } from "@/api/people";
import { queryClient, useMe } from "@/api/queries";
import { useSubmission } from "@/forms/useSubmission";
import { day } from "@/lib/format";
import { Button, FormRow, Modal, Notice, TextInput } from "@/ui";
import { CopyButton } from "@/ui/CopyButton";
import { RadioCards } from "@/ui/RadioCards";
import { PickRow } from "../PickRow";
import { useResourceNames } from "../useResourceNames";
import { Footer } from "./SecondFactorDialogs";
import { byResource, expiryOf, type KeyReach, LIVES, permissionOf, scopesOf } from "./scopes";

const FORM = "api-key";
const NO_END = "none";

/** Makes a key: its name, what it may do and for how long. The key itself is shown once. */
export function ApiKeyDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const { form, busy, failure, errors, submit, clear } = useSubmission(["name", "scopes", "expires_at"]);
  const [name, setName] = useState("");
  const [reach, setReach] = useState<KeyReach>("read");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [life, setLife] = useState<number | null>(90);
  const [made, setMade] = useState<string | null>(null);
  const expires = expiryOf(life);
  if (made !== null) return <MadeKey secret={made} name={name} onClose={onClose} />;
  const send = () =>
    submit(async () => {
      const answer = await request<ApiKey & { key: string }>("/auth/api-keys", {
        method: "POST",
        body: { name: name.trim(), scopes: scopesOf(reach, chosen), ...(expires ? { expires_at: expires } : {}) },
      });
      setMade(answer.key);
      void queryClient.invalidateQueries({ queryKey: apiKeysQuery.queryKey });
    });
  return (
    <Modal
      title={t("account.newKey")}
      onClose={onClose}
      footer={
        <Footer
          busy={busy || !name.trim() || (reach === "chosen" && chosen.size === 0)}
          form={FORM}
          action={t("account.createKey")}
          onClose={onClose}
        />
      }
    >
      <form
        ref={form}
        id={FORM}
        noValidate
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        {(failure || errors.scopes) && <Notice>{failure ?? errors.scopes}</Notice>}
        <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          <FormRow label={t("account.keyName")} required help={t("account.keyNameHelp")} error={errors.name}>
            {(aria) => (
              <TextInput
                {...aria}
                value={name}
                maxLength={100}
                onChange={(event) => {
                  setName(event.target.value);
                  clear("name");
                }}
              />
            )}
          </FormRow>
          <PickRow
            label={t("account.expiry")}
            help={expires ? t("account.expiresOn", { day: day(expires) }) : t("account.noExpiryHelp")}
            error={errors.expires_at}
            items={LIVES.map((days) => ({
              value: days === null ? NO_END : String(days),
              label: days === null ? t("account.noExpiry") : t("account.days", { count: days }),
            }))}
            value={life === null ? NO_END : String(life)}
            onChange={(value) => setLife(value === NO_END ? null : Number(value))}
          />
        </div>
        <RadioCards
          label={t("account.reachLabel")}
          value={reach}
          onChange={setReach}
          items={(["read", "all", "chosen"] as const).map((value) => ({
            value,
            label: t(`account.reach.${value}`),
            hint: t(`account.reachHint.${value}`),
          }))}
        />
        {reach === "chosen" && <Permissions chosen={chosen} onChange={setChosen} />}
      </form>
    </Modal>
  );
}

/** The permissions one holds oneself, to choose from: a key can do no more than its owner. */
function Permissions({ chosen, onChange }: { chosen: ReadonlySet<string>; onChange: (chosen: ReadonlySet<string>) => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const nameOf = useResourceNames();
  const toggle = (permission: string) => {
    const next = new Set(chosen);
    if (!next.delete(permission)) next.add(permission);
    onChange(next);
  };
  return (
    <fieldset>
      <legend className="mb-1 font-medium">{t("account.permissions", { count: chosen.size })}</legend>
      <div className="flex flex-col rounded-sm shadow-[inset_0_0_0_1px_var(--line)]">
        {byResource(me.grants).map(({ resource, actions }) => (
          // biome-ignore lint/a11y/useSemanticElements: a fieldset's legend cannot stand beside its boxes
          <div
            key={resource}
            role="group"
            aria-label={nameOf(resource)}
            className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b px-3 py-1.5 last:border-b-0"
          >
            <span aria-hidden className="w-28 shrink-0 truncate text-fg-2">
              {nameOf(resource)}
            </span>
            <span className="flex min-w-0 flex-1 flex-wrap gap-1">
              {actions.map((action) => {
                const permission = permissionOf({ resource, action });
                const on = chosen.has(permission);
                return (
                  <button
                    key={action}
                    type="button"
                    aria-pressed={on}
                    onClick={() => toggle(permission)}
                    className={`h-6 rounded-full px-2 text-xs font-medium pointer-coarse:h-10 ${on ? "bg-accent text-accent-fg" : "bg-hover text-fg-2 hover:bg-active"}`}
                  >
                    {t(`actions.${action as "read"}`, { defaultValue: action })}
                  </button>
                );
              })}
            </span>
          </div>
        ))}
      </div>
    </fieldset>
  );
}

/** The fresh key. The server keeps no copy that could be shown again. */
function MadeKey({ secret, name, onClose }: { secret: string; name: string; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      title={t("account.keyMade", { name })}
      width="sm"
      onClose={onClose}
      footer={
        <Button variant="primary" onClick={onClose}>
          {t("account.keyKept")}
        </Button>
      }
    >
      <div className="flex flex-col gap-4">
        <Notice tone="warning">{t("account.keyOnce")}</Notice>
        <code className="rounded-sm bg-sunken p-3 font-mono break-all" data-secret>
          {secret}
        </code>
        <div className="flex">
          <CopyButton variant="primary" text={secret} label={t("account.copyKey")} data-autofocus />
        </div>
      </div>
    </Modal>
  );
}
