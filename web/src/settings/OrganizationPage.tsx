import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, request } from "@/api/client";
import { isGranted, meQuery, metaQuery, organizationQuery, queryClient, useMe } from "@/api/queries";
import type { OrganizationSettings } from "@/api/types";
import { useUnsavedGuard } from "@/app/unsaved";
import { currencyItems } from "@/fields/kinds/places";
import { useSubmission } from "@/forms/useSubmission";
import { COUNTRIES } from "@/lib/countries";
import { countryName, setLocale } from "@/lib/format";
import { explain } from "@/records/errors";
import { Button, Empty, FormRow, Notice, notify, type PickItem, Skeleton, TextInput } from "@/ui";
import { Card, Fields, SaveBar, SettingsPage } from "./frame";
import { bodyOf, DRAFTED, type Draft, draftOf } from "./organization";
import { PickRow } from "./PickRow";
import { localeItems, timeZoneItems } from "./places";

/** What holds for everybody in the organization. */
export default function OrganizationPage() {
  const { t } = useTranslation();
  const { data, error } = useQuery(organizationQuery);
  if (data) return <Form key={data.version} held={data} />;
  return (
    <SettingsPage page="organization">
      {error ? (
        <Empty icon={<TriangleAlert size={20} />} title={t("errors.title")} hint={explain(error)} />
      ) : (
        <Skeleton className="h-80 rounded-md!" />
      )}
    </SettingsPage>
  );
}

const FORM = "organization";

function Form({ held }: { held: OrganizationSettings }) {
  const { t } = useTranslation();
  const mayChange = isGranted(useMe(), "organization", "configure");
  const [draft, setDraft] = useState<Draft>(() => draftOf(held));
  const { form, busy, failure, errors, submit, clear } = useSubmission(DRAFTED);
  const body = mayChange ? bodyOf(draft, held) : null;
  useUnsavedGuard(body !== null && !busy);
  const set = <Name extends keyof Draft>(name: Name, value: Draft[Name]) => {
    setDraft({ ...draft, [name]: value });
    clear(name);
  };
  const save = () =>
    submit(
      async () => {
        const saved = await request<OrganizationSettings>("/organization", {
          method: "PATCH",
          headers: { "If-Match": `"${held.version}"` },
          body,
        });
        setLocale(saved.locale);
        queryClient.setQueryData(organizationQuery.queryKey, saved);
        notify(t("organization.saved"));
        await Promise.all([meQuery, metaQuery].map((query) => queryClient.invalidateQueries({ queryKey: query.queryKey })));
      },
      (error) => (error instanceof ApiError && error.status === 412 ? t("organization.changedMeanwhile") : undefined),
    );
  const pick = (name: "base_currency" | "timezone" | "locale" | "country", items: PickItem[], creatable = false) => (
    <PickRow
      label={t(`organization.${name}`)}
      help={t(`organization.help.${name}`)}
      error={errors[name]}
      items={items}
      creatable={creatable}
      disabled={!mayChange}
      value={draft[name]}
      onChange={(chosen) => chosen && set(name, chosen)}
    />
  );
  return (
    <SettingsPage
      page="organization"
      footer={
        body && (
          <SaveBar words={t("unsaved.words")}>
            <Button
              disabled={busy}
              onClick={() => {
                setDraft(draftOf(held));
                clear();
              }}
            >
              {t("unsaved.discard")}
            </Button>
            <Button variant="primary" type="submit" form={FORM} disabled={busy}>
              {t("common.save")}
            </Button>
          </SaveBar>
        )
      }
    >
      <form
        ref={form}
        id={FORM}
        noValidate
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (body) void save();
        }}
      >
        {!mayChange && <Notice tone="info">{t("settings.onlyRead")}</Notice>}
        {failure && <Notice>{failure}</Notice>}
        <Card title={t("organization.general")}>
          <Fields>
            <FormRow label={t("organization.name")} className="sm:col-span-2" error={errors.name}>
              {(aria) => (
                <TextInput
                  {...aria}
                  disabled={!mayChange}
                  value={draft.name}
                  maxLength={255}
                  onChange={(event) => set("name", event.target.value)}
                />
              )}
            </FormRow>
            {pick("base_currency", currencyItems())}
            {pick("timezone", timeZoneItems())}
            {pick("locale", localeItems(), true)}
            {pick(
              "country",
              COUNTRIES.map((code) => ({ value: code, label: countryName(code), hint: code })).sort((one, other) =>
                one.label.localeCompare(other.label),
              ),
            )}
          </Fields>
        </Card>
        <Card title={t("organization.limits")}>
          <Fields>
            <FormRow
              label={t("organization.max_active_products")}
              help={t("organization.help.max_active_products")}
              error={errors.max_active_products}
            >
              {(aria) => (
                <TextInput
                  {...aria}
                  inputMode="numeric"
                  placeholder="3"
                  disabled={!mayChange}
                  value={draft.max_active_products}
                  onChange={(event) => set("max_active_products", event.target.value)}
                  className="tabular"
                />
              )}
            </FormRow>
          </Fields>
        </Card>
      </form>
    </SettingsPage>
  );
}
