import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { Plus, TextCursorInput, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { everyQuery } from "@/api/people";
import { can, findEntity, useEntity, useMeta } from "@/api/queries";
import type { Rec } from "@/api/types";
import { EntityIcon } from "@/app/EntityIcon";
import { NotFound } from "@/app/pages";
import { number } from "@/lib/format";
import { within } from "@/lib/words";
import { explain } from "@/records/errors";
import { Button, cx, Empty, Notice, Skeleton } from "@/ui";
import { moved, SortableList } from "@/ui/Sortable";
import { SettingsPage } from "../frame";
import { inOrder, reorder } from "../order";
import { refreshMeta, removeField } from "./actions";
import { FieldDialog } from "./FieldDialog";
import { FieldLine } from "./FieldLine";

const fieldsQuery = everyQuery("custom-fields", { sort: "position" });
const LINE = 53;

/** The organization's own fields, kind of record by kind of record. */
export default function CustomFieldsPage() {
  const { t } = useTranslation();
  const meta = useMeta();
  const entity = useEntity("custom_field");
  const { entity: chosen } = useSearch({ strict: false });
  const { data, error } = useQuery(fieldsQuery);
  const [dialog, setDialog] = useState<Rec | "new" | null>(null);
  if (!entity) return <NotFound />;
  const targets = (entity.fields.find((field) => field.name === "entity")?.choices ?? []).flatMap((choice) => {
    const target = findEntity(meta, choice.value);
    return target ? [target] : [];
  });
  const current = targets.find((target) => target.name === chosen) ?? targets[0];
  const all = data?.data ?? [];
  const own = inOrder(all.filter((field) => field.entity === current?.name));
  const mayChange = can(entity, "update");
  return (
    <SettingsPage
      page="fields"
      wide
      actions={
        current &&
        can(entity, "create") && (
          <Button variant="primary" onClick={() => setDialog("new")}>
            <Plus size={15} aria-hidden />
            {t("customFields.new")}
          </Button>
        )
      }
    >
      {!mayChange && <Notice tone="info">{t("settings.onlyRead")}</Notice>}
      <nav aria-label={t("customFields.of")} className="flex flex-wrap gap-1">
        {targets.map((target) => {
          const count = all.filter((field) => field.entity === target.name).length;
          return (
            <Link
              key={target.name}
              to="/settings/fields"
              search={{ entity: target.name }}
              aria-current={target === current ? "page" : undefined}
              className={cx(
                "flex h-8 items-center gap-2 rounded-sm px-2.5 font-medium pointer-coarse:h-10",
                target === current ? "bg-active text-fg" : "text-fg-2 hover:bg-hover hover:text-fg",
              )}
            >
              <EntityIcon name={target.icon} className="text-fg-3" />
              {target.label_plural}
              {count > 0 && <span className="tabular text-xs text-fg-3">{number(count)}</span>}
            </Link>
          );
        })}
      </nav>
      {error ? (
        <Empty icon={<TriangleAlert size={20} />} title={t("errors.title")} hint={explain(error)} />
      ) : !data || !current ? (
        <Skeleton className="h-64 rounded-md!" />
      ) : (
        <section aria-label={current.label_plural} className="rounded-md bg-raised shadow-card">
          {own.length === 0 ? (
            <Empty
              icon={<TextCursorInput size={20} />}
              title={t("customFields.none", { label: within(current.label_plural) })}
              hint={t("customFields.noneHint")}
            >
              {can(entity, "create") && (
                <Button variant="primary" onClick={() => setDialog("new")}>
                  {t("customFields.new")}
                </Button>
              )}
            </Empty>
          ) : (
            <SortableList
              names={own.map((field) => String(field.label))}
              lineHeight={LINE}
              onMove={(from, to) => void reorder(entity, moved(own, from, to)).then(refreshMeta)}
            >
              {own.map((field, index) => (
                <FieldLine
                  key={field.id}
                  entity={entity}
                  field={field}
                  index={index}
                  disabled={!mayChange}
                  onEdit={() => setDialog(field)}
                  onRemove={() => void removeField(entity, field, current)}
                />
              ))}
            </SortableList>
          )}
        </section>
      )}
      {dialog && current && (
        <FieldDialog
          key={dialog === "new" ? "new" : dialog.id}
          entity={entity}
          target={current}
          record={dialog === "new" ? null : dialog}
          position={own.length + 1}
          onClose={() => setDialog(null)}
        />
      )}
    </SettingsPage>
  );
}
