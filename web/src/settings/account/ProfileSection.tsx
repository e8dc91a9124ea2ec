import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import { meQuery, queryClient, useMe } from "@/api/queries";
import type { Me } from "@/api/types";
import { useUnsavedGuard } from "@/app/unsaved";
import { useSubmission } from "@/forms/useSubmission";
import { setLocale } from "@/lib/format";
import { Avatar, Button, FormRow, Notice, notify, Tag, TextInput } from "@/ui";
import { Card, Fields } from "../frame";
import { PickRow } from "../PickRow";
import { localeItems, nameOfLocale, timeZoneItems } from "../places";
import { PROFILE, type Profile, profileChanges, profileOf } from "./profile";

/** Who one is to the others, and how dates and figures are written for oneself. */
export function ProfileSection() {
  const { t } = useTranslation();
  const me = useMe();
  const held = profileOf(me.user);
  const [draft, setDraft] = useState<Profile>(held);
  const { form, busy, failure, errors, submit, clear } = useSubmission(PROFILE);
  const changes = profileChanges(draft, held);
  useUnsavedGuard(changes !== null && !busy);
  const set = (name: keyof Profile, value: string) => {
    setDraft({ ...draft, [name]: value });
    clear(name);
  };
  const save = () =>
    submit(async () => {
      await request<unknown>("/auth/me", { method: "PATCH", body: changes });
      queryClient.setQueryData<Me>(meQuery.queryKey, (old) => (old ? { ...old, user: { ...old.user, ...changes } } : old));
      const { user, organization } = await queryClient.fetchQuery({ ...meQuery, staleTime: 0 });
      setLocale(user.locale ?? organization.locale);
      setDraft(profileOf(user));
      notify(t("account.saved"));
      void queryClient.invalidateQueries({ queryKey: ["list", "users"] });
    });
  return (
    <Card title={t("account.profile")} hint={t("account.profileHint")}>
      <form
        ref={form}
        noValidate
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (changes) void save();
        }}
      >
        {failure && <Notice>{failure}</Notice>}
        <div className="flex items-center gap-3">
          <Avatar name={draft.full_name || me.user.full_name} size={44} />
          <div className="min-w-0">
            <p className="truncate font-medium">{me.user.email}</p>
            <p className="mt-0.5 flex flex-wrap gap-1">
              <Tag label={me.role.name} />
              {me.user.is_verified === false && <Tag label={t("account.unconfirmed")} hue="amber" />}
            </p>
          </div>
        </div>
        <Fields>
          <FormRow label={t("auth.fullName")} required error={errors.full_name}>
            {(aria) => (
              <TextInput
                {...aria}
                value={draft.full_name}
                maxLength={200}
                autoComplete="name"
                onChange={(event) => set("full_name", event.target.value)}
              />
            )}
          </FormRow>
          <FormRow label={t("account.phone")} error={errors.phone}>
            {(aria) => (
              <TextInput
                {...aria}
                value={draft.phone}
                type="tel"
                autoComplete="tel"
                onChange={(event) => set("phone", event.target.value)}
              />
            )}
          </FormRow>
          <PickRow
            label={t("organization.locale")}
            items={localeItems()}
            creatable
            none={t("account.asOrganization", { value: nameOfLocale(me.organization.locale) })}
            error={errors.locale}
            value={draft.locale}
            onChange={(value) => set("locale", value)}
          />
          <PickRow
            label={t("organization.timezone")}
            help={t("account.timezoneHelp")}
            items={timeZoneItems()}
            none={t("account.asOrganization", { value: me.organization.timezone.replaceAll("_", " ") })}
            error={errors.timezone}
            value={draft.timezone}
            onChange={(value) => set("timezone", value)}
          />
        </Fields>
        <div className="flex justify-end gap-2">
          <Button
            disabled={busy || !changes}
            onClick={() => {
              setDraft(held);
              clear();
            }}
          >
            {t("unsaved.discard")}
          </Button>
          <Button variant="primary" type="submit" disabled={busy || !changes}>
            {t("common.save")}
          </Button>
        </div>
      </form>
    </Card>
  );
}
