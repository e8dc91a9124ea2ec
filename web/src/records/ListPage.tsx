import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Plus, Upload } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { can, useEntity } from "@/api/queries";
import type { Entity } from "@/api/types";
import { EntityIcon } from "@/app/EntityIcon";
import { NotFound, PageHead, PageSkeleton, useTitle } from "@/app/pages";
import { changed, type ListSearch, type SearchChange } from "@/filters/search";
import type { Draft } from "@/forms/EntityDialog";
import { number } from "@/lib/format";
import { lazyNow, whenIdle } from "@/lib/lazyNow";
import { KEYS, useShortcuts } from "@/lib/shortcuts";
import { within } from "@/lib/words";
import { Button } from "@/ui";
import { ListTable } from "./ListTable";
import { specialOf } from "./special";

const EntityDialog = lazyNow(() => import("@/forms/EntityDialog"));
const Board = lazy(() => import("@/board/Board"));

export default function ListPage() {
  const params = useParams({ strict: false });
  const entity = useEntity(params.entity ?? "");
  if (!entity) return <NotFound />;
  return <List key={entity.name} entity={entity} />;
}

/** Every list of the application: all that it shows is in its address, so that a link shows the same to somebody else. */
function List({ entity }: { entity: Entity }) {
  const { t } = useTranslation();
  useTitle(entity.label_plural);
  const search = useSearch({ strict: false }) as ListSearch;
  const navigate = useNavigate();
  const go = useCallback(
    (next: (held: ListSearch) => ListSearch) => {
      // A search that was typed just before the person went on must not bring them back.
      if (location.pathname !== `/${entity.plural}`) return;
      void navigate({
        to: "/$entity",
        params: { entity: entity.plural },
        search: (held: Record<string, unknown>) => next(held as ListSearch),
        replace: true,
      });
    },
    [navigate, entity.plural],
  );
  const set = useCallback((change: SearchChange) => go((held) => changed(held, change)), [go]);
  const onView = useCallback((next: ListSearch) => go(() => next), [go]);
  const create = can(entity, "create") && !entity.read_only;
  const { List: Own } = specialOf(entity);
  const layout =
    search.layout === "board" && entity.layout.board !== null ? "board" : search.layout === "list" && Own ? "list" : "table";
  const [preset, setPreset] = useState<Draft | undefined>();
  const start = useCallback(
    (draft?: Draft) => {
      setPreset(draft);
      set({ create: true });
    },
    [set],
  );
  useShortcuts({
    ...(create ? { "list.new": () => start() } : {}),
    "list.filter": () => document.querySelector<HTMLButtonElement>("[data-add-filter]")?.click(),
    "list.search": () => document.querySelector<HTMLInputElement>("[data-list-search]")?.focus(),
  });
  useEffect(() => whenIdle(EntityDialog.preload), []);
  const [count, setCount] = useState<{ total: number; more: boolean } | null>(null);
  const title = search.deleted
    ? t("list.deletedTitle", { label: entity.label_plural })
    : search.archived === "only"
      ? t("list.archivedTitle", { label: within(entity.label_plural) })
      : entity.label_plural;
  return (
    <>
      <PageHead
        icon={<EntityIcon name={entity.icon} size={16} />}
        title={title}
        aside={
          count && layout === "table" ? (
            <span className="tabular text-fg-3" data-total>
              {number(count.total)}
              {count.more && "+"}
            </span>
          ) : null
        }
      >
        {can(entity, "import") && !entity.read_only && (
          <Button
            aria-label={t("imports.action")}
            onClick={() => void navigate({ to: "/$entity/import", params: { entity: entity.plural } })}
            className="max-sm:hidden"
          >
            <Upload size={14} /> {t("imports.action")}
          </Button>
        )}
        {create && (
          <Button variant="primary" keys={KEYS["list.new"]} onClick={() => start()}>
            <Plus size={15} />
            <span className="max-sm:sr-only">{t("list.new", { label: within(entity.label) })}</span>
          </Button>
        )}
      </PageHead>
      {layout === "table" ? (
        <ListTable entity={entity} search={search} set={set} onView={onView} onCount={setCount} />
      ) : (
        <Suspense fallback={<PageSkeleton />}>
          {layout === "board" ? (
            <Board entity={entity} search={search} set={set} onView={onView} onCreate={create ? start : undefined} />
          ) : (
            Own && <Own entity={entity} search={search} set={set} onView={onView} />
          )}
        </Suspense>
      )}
      <Suspense>
        {search.create && create && (
          <EntityDialog
            entity={entity}
            preset={preset}
            onClose={() => set({ create: undefined })}
            onSaved={(record) => {
              if (layout === "table") set({ create: undefined, peek: record.id });
            }}
          />
        )}
      </Suspense>
    </>
  );
}
