import { useQuery } from "@tanstack/react-query";
import { Plus, Search, Trash2, TriangleAlert } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { everyQuery } from "@/api/people";
import { can, queryClient, tagsQuery, useEntity } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { EntityIcon } from "@/app/EntityIcon";
import { NotFound } from "@/app/pages";
import { useSubmission } from "@/forms/useSubmission";
import { number } from "@/lib/format";
import { hueOfText, nearestHue } from "@/lib/hues";
import { within } from "@/lib/words";
import { confirm } from "@/records/dialogs";
import { createRecord, deleteRecord, editRecord } from "@/records/edit";
import { explain } from "@/records/errors";
import { Button, Empty, FormRow, Notice, Skeleton, TextInput } from "@/ui";
import { HueButton } from "@/ui/HueButton";
import { InlineText } from "@/ui/InlineText";
import { SettingsPage } from "../frame";

/** So many are drawn at first; the rest on demand, or found by searching. */
const STEP = 100;

/** The words that records are sorted by: tags with their colours, industries. Changed where they stand. */
export function LabelsPage({ page, name }: { page: "tags" | "industries"; name: "tag" | "industry" }) {
  const entity = useEntity(name);
  return entity ? <Labels page={page} entity={entity} /> : <NotFound />;
}

function Labels({ page, entity }: { page: "tags" | "industries"; entity: Entity }) {
  const { t } = useTranslation();
  const { data, error } = useQuery(everyQuery(entity.plural, { sort: "name" }));
  const [search, setSearch] = useState("");
  const [shown, setShown] = useState(STEP);
  const mayChange = can(entity, "update");
  const held = data?.data ?? [];
  const wanted = search.trim().toLowerCase();
  const rows = wanted ? held.filter((one) => String(one.name).toLowerCase().includes(wanted)) : held;
  return (
    <SettingsPage page={page}>
      <p className="text-fg-2">{t(`labels.${page}.hint`)}</p>
      {!mayChange && <Notice tone="info">{t("settings.onlyRead")}</Notice>}
      {can(entity, "create") && <NewLabel entity={entity} page={page} />}
      {error ? (
        <Empty icon={<TriangleAlert size={20} />} title={t("errors.title")} hint={explain(error)} />
      ) : !data ? (
        <Skeleton className="h-64 rounded-md!" />
      ) : (
        <section aria-label={entity.label_plural} className="rounded-md bg-raised shadow-card">
          {held.length > 8 && (
            <div className="flex h-10 items-center gap-2 border-b px-4 focus-within:shadow-[inset_0_0_0_2px_var(--ring)]">
              <Search size={14} className="shrink-0 text-fg-3" aria-hidden />
              <input
                type="search"
                aria-label={t("list.search", { label: within(entity.label_plural) })}
                placeholder={t("list.search", { label: within(entity.label_plural) })}
                value={search}
                onChange={(event) => setSearch(event.target.value)}
                className="w-full min-w-0 bg-transparent outline-none"
              />
              <span className="tabular shrink-0 text-xs text-fg-2">{number(rows.length)}</span>
            </div>
          )}
          {rows.length === 0 ? (
            <Empty
              icon={<EntityIcon name={entity.icon} size={20} />}
              title={t(wanted ? "list.noMatch" : "list.empty", { label: within(entity.label_plural) })}
              hint={wanted ? undefined : t(`labels.${page}.none`)}
            />
          ) : (
            <ul className="m-0 list-none p-0">
              {rows.slice(0, shown).map((row) => (
                <LabelLine key={row.id} entity={entity} row={row} page={page} disabled={!mayChange} />
              ))}
            </ul>
          )}
          {rows.length > shown && (
            <div className="border-t p-2 text-center">
              <Button variant="ghost" onClick={() => setShown(shown + STEP)}>
                {t("people.more", { count: rows.length - shown })}
              </Button>
            </div>
          )}
        </section>
      )}
    </SettingsPage>
  );
}

const hasColor = (entity: Entity) => entity.fields.some((field) => field.name === "color");
/** Tables draw tags in the colours read here. */
const refreshColors = () => void queryClient.invalidateQueries({ queryKey: tagsQuery.queryKey });

function LabelLine({
  entity,
  row,
  page,
  disabled,
}: {
  entity: Entity;
  row: Rec;
  page: "tags" | "industries";
  disabled: boolean;
}): ReactNode {
  const { t } = useTranslation();
  const name = String(row.name);
  const set = (fieldName: string, value: string) => {
    const field = entity.fields.find((one) => one.name === fieldName);
    if (field) void editRecord(entity, row, [{ field, value }]).then(refreshColors);
  };
  const remove = async () => {
    const sure = await confirm(t("labels.removeTitle", { name }), t(`labels.${page}.removeHint`), t("common.delete"));
    if (sure && (await deleteRecord(entity, row))) refreshColors();
  };
  return (
    <li className="group flex min-h-10 items-center gap-1 border-b px-2 last:border-b-0 hover:bg-hover/60 lg:px-3">
      {hasColor(entity) && (
        <HueButton
          label={t("labels.colorOf", { name })}
          value={nearestHue(row.color) ?? hueOfText(name)}
          disabled={disabled}
          onChange={(hue) => set("color", hue)}
        />
      )}
      <InlineText
        label={t("labels.nameOf", { name })}
        value={name}
        maxLength={100}
        disabled={disabled}
        onCommit={(value) => set("name", value)}
        className="flex-1 font-medium"
      />
      {can(entity, "delete") && (
        <Button
          variant="ghost"
          size="icon"
          aria-label={t("labels.remove", { name })}
          onClick={() => void remove()}
          className="opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 pointer-coarse:opacity-100"
        >
          <Trash2 size={14} />
        </Button>
      )}
    </li>
  );
}

function NewLabel({ entity, page }: { entity: Entity; page: "tags" | "industries" }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const { form, busy, failure, errors, submit, clear } = useSubmission(["name"]);
  const add = async () => {
    const wanted = name.trim();
    const done = await submit(async () => {
      await createRecord(entity, { name: wanted, ...(hasColor(entity) ? { color: hueOfText(wanted) } : {}) });
    });
    if (!done) return;
    setName("");
    refreshColors();
  };
  return (
    <form
      ref={form}
      noValidate
      className="flex items-start gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) void add();
      }}
    >
      <FormRow label={t(`labels.${page}.new`)} error={errors.name ?? failure ?? undefined} className="flex-1">
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
      <Button type="submit" variant="primary" size="lg" className="mt-6" disabled={busy || !name.trim()}>
        <Plus size={15} aria-hidden />
        {t("common.add")}
      </Button>
    </form>
  );
}
