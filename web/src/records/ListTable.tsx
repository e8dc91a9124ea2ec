import { useNavigate } from "@tanstack/react-router";
import { FilterX, Plus, SearchX, TriangleAlert, Upload } from "lucide-react";
import { useCallback, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { findCached } from "@/api/cache";
import { can, includesOf, type ListParams } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { EntityIcon } from "@/app/EntityIcon";
import { FilterBar } from "@/filters/FilterBar";
import { type ListSearch, nextSort, type SearchChange, treeOf } from "@/filters/search";
import { useColumns } from "@/grid/columns";
import { DataGrid } from "@/grid/DataGrid";
import { PhoneList } from "@/grid/PhoneList";
import { useWindowedRows } from "@/grid/useWindowedRows";
import { number } from "@/lib/format";
import { usePhone } from "@/lib/media";
import { within } from "@/lib/words";
import { Button, Empty } from "@/ui";
import { Beside } from "./Beside";
import { BulkBar } from "./BulkBar";
import { bulkDelete, bulkRestore, bulkUpdate, everyId, type Target, wholeFilter } from "./bulk";
import { confirm } from "./dialogs";
import { editRecord } from "./edit";
import { complain, explain, requestIdOf } from "./errors";
import { downloadExport, type ExportFormat } from "./exports";
import { ListToolbar } from "./ListToolbar";
import { rememberList } from "./listContext";

type Props = {
  entity: Entity;
  search: ListSearch;
  set: (change: SearchChange) => void;
  /** Takes a whole other address of the list, as a view has one. */
  onView: (search: ListSearch) => void;
  onCount: (count: { total: number; more: boolean } | null) => void;
};

/** The list of an entity as a table, and as two lines a record on a phone. */
export function ListTable({ entity, search, set, onView, onCount }: Props) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const phone = usePhone();
  const { columns, setShown, setWidth, reset } = useColumns(
    entity,
    search.cols,
    useCallback((cols) => set({ cols }), [set]),
  );
  const { q, sort, f, any, deleted, archived } = search;
  const params = useMemo<ListParams>(() => {
    const include = includesOf(columns.map((column) => column.field));
    const filter = treeOf({ ...(f ? { f } : {}), ...(any ? { any } : {}) });
    return {
      ...(q ? { q } : {}),
      ...(sort ? { sort } : {}),
      ...(filter ? { filter } : {}),
      ...(include.length > 0 ? { include } : {}),
      ...(deleted ? { deleted: true } : {}),
      ...(archived ? { archived } : {}),
    };
  }, [columns, q, sort, f, any, deleted, archived]);
  const rows = useWindowedRows(entity.plural, params);
  const { total, more } = rows;
  useEffect(() => {
    onCount(total === undefined ? null : { total, more });
  }, [total, more, onCount]);

  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [everything, setEverything] = useState(false);
  const selectionKey = JSON.stringify([params.q, params.filter, params.deleted, params.archived]);
  const [selectedUnder, setSelectedUnder] = useState(selectionKey);
  // Another filter is another list: what was chosen in the last one must not be changed by accident.
  if (selectedUnder !== selectionKey) {
    setSelectedUnder(selectionKey);
    setSelected(new Set());
    setEverything(false);
  }
  const select = useCallback((next: ReadonlySet<string>) => {
    setSelected(next);
    setEverything(false);
  }, []);
  const clear = () => select(new Set());

  const peeked = search.peek;
  const onPeek = useCallback((id: string) => set({ peek: id }), [set]);
  const onTogglePeek = useCallback((id: string) => set({ peek: id === peeked ? undefined : id }), [set, peeked]);
  const onOpen = useCallback(
    (id: string, index: number) => {
      rememberList({ plural: entity.plural, params, index });
      void navigate({ to: "/$entity/$id", params: { entity: entity.plural, id } });
    },
    [navigate, entity.plural, params],
  );

  const target = async (): Promise<Target> => {
    if (everything && params.q) return { ids: await everyId(entity, params), known: new Map() };
    if (everything) return { filter: wholeFilter(entity, params), expected: total ?? 0 };
    const ids = [...selected];
    return {
      ids,
      known: new Map(
        ids
          .flatMap((id) => [[id, findCached(entity.plural, id)] as const])
          .filter((pair): pair is [string, Rec] => pair[1] !== undefined),
      ),
    };
  };
  const removeSelected = async () => {
    const chosen = everything ? (total ?? 0) : selected.size;
    const sure =
      !everything && entity.soft_delete
        ? true
        : await confirm(
            t("bulk.deleteTitle", { total: number(chosen) }),
            t(entity.soft_delete ? "bulk.deleteHint" : "bulk.deleteForever"),
            t("common.delete"),
          );
    if (!sure) return;
    try {
      if (await bulkDelete(entity, await target())) clear();
    } catch (error) {
      complain(t("bulk.failed"), error);
    }
  };

  const save = (format: ExportFormat, chosen = false) =>
    void downloadExport(entity, columns, format, chosen && !everything ? { ids: [...selected] } : params);
  const filtered = f !== undefined || q !== undefined;
  return (
    <>
      <ListToolbar
        entity={entity}
        search={search}
        set={set}
        onView={onView}
        columns={columns}
        onShown={setShown}
        onReset={reset}
        onExport={save}
      />
      <FilterBar entity={entity} items={f ?? []} any={any === true} onChange={set} />
      <Beside entity={entity} peek={search.peek} set={set}>
        {rows.error && total === undefined ? (
          <Empty
            icon={<TriangleAlert size={20} />}
            title={t("errors.title")}
            hint={[explain(rows.error), requestIdOf(rows.error) && `(${requestIdOf(rows.error)})`].filter(Boolean).join(" ")}
          >
            <Button variant="primary" onClick={rows.retry}>
              {t("errors.retry")}
            </Button>
            {filtered && <Button onClick={() => set(NO_FILTER)}>{t("filters.clear")}</Button>}
          </Empty>
        ) : total === 0 ? (
          <NothingHere entity={entity} search={search} filtered={filtered} set={set} />
        ) : phone ? (
          <PhoneList
            entity={entity}
            columns={columns}
            total={total ?? 12}
            get={rows.get}
            onVisible={rows.setVisible}
            selected={selected}
            onSelect={select}
            onOpen={onOpen}
          />
        ) : (
          <DataGrid
            entity={entity}
            columns={columns}
            total={total ?? 30}
            get={rows.get}
            onVisible={rows.setVisible}
            sort={search.sort}
            onSort={(name) => set({ sort: nextSort(search.sort, name) })}
            onResize={setWidth}
            selected={selected}
            onSelect={select}
            onEdit={(record, column, value, nested) => void editRecord(entity, record, [{ field: column.field, value, nested }])}
            onPeek={onPeek}
            onTogglePeek={onTogglePeek}
            peeking={search.peek}
            onOpen={onOpen}
          />
        )}
        {selected.size > 0 && (
          <BulkBar
            entity={entity}
            count={selected.size}
            everything={everything}
            total={total ?? selected.size}
            onEverything={search.deleted || more ? undefined : () => setEverything(true)}
            onSet={(field, value, nested) => {
              void target()
                .then((chosen) => bulkUpdate(entity, chosen, field, value, nested))
                .then(
                  (done) => {
                    if (done) clear();
                  },
                  (error) => complain(t("bulk.failed"), error),
                );
            }}
            onExport={(format) => save(format, true)}
            onDelete={() => void removeSelected()}
            onRestore={
              search.deleted
                ? () => {
                    void bulkRestore(entity, [...selected]).then((done) => {
                      if (done) clear();
                    });
                  }
                : undefined
            }
            onClear={clear}
          />
        )}
      </Beside>
    </>
  );
}

const NO_FILTER: SearchChange = { f: undefined, any: undefined, q: undefined };

/** An empty list says what it is for, and how to fill it. */
function NothingHere({
  entity,
  search,
  filtered,
  set,
}: {
  entity: Entity;
  search: ListSearch;
  filtered: boolean;
  set: Props["set"];
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const plural = within(entity.label_plural);
  if (filtered)
    return (
      <Empty
        icon={search.q ? <SearchX size={20} /> : <FilterX size={20} />}
        title={t("list.noMatch", { label: plural })}
        hint={t("list.noMatchHint")}
      >
        <Button onClick={() => set(NO_FILTER)}>{t("filters.clear")}</Button>
      </Empty>
    );
  if (search.archived === "only")
    return (
      <Empty
        icon={<EntityIcon name={entity.icon} size={20} />}
        title={t("list.noArchived", { label: plural })}
        hint={t("list.noArchivedHint")}
      />
    );
  if (search.deleted)
    return <Empty icon={<EntityIcon name={entity.icon} size={20} />} title={t("list.noDeleted", { label: plural })} />;
  return (
    <Empty
      icon={<EntityIcon name={entity.icon} size={20} />}
      title={t("list.empty", { label: plural })}
      hint={
        entity.read_only || !can(entity, "create")
          ? undefined
          : t(can(entity, "import") ? "list.emptyHint" : "list.emptyCreateHint", { label: plural })
      }
    >
      {can(entity, "create") && !entity.read_only && (
        <Button variant="primary" onClick={() => set({ create: true })}>
          <Plus size={15} /> {t("list.new", { label: within(entity.label) })}
        </Button>
      )}
      {can(entity, "import") && !entity.read_only && (
        <Button onClick={() => void navigate({ to: "/$entity/import", params: { entity: entity.plural } })}>
          <Upload size={14} /> {t("imports.action")}
        </Button>
      )}
    </Empty>
  );
}
