import { useNavigate } from "@tanstack/react-router";
import {
  Archive,
  ArrowDown,
  ArrowUp,
  ArrowUpDown,
  CopyCheck,
  Download,
  Kanban,
  ListChecks,
  MoreHorizontal,
  Search,
  Table2,
  Trash2,
  Upload,
} from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { can } from "@/api/queries";
import type { Entity } from "@/api/types";
import { AddFilter } from "@/filters/AddFilter";
import type { ListSearch, SearchChange } from "@/filters/search";
import type { Column } from "@/grid/columns";
import { within } from "@/lib/words";
import { Button, cx, DropMenu, type MenuEntry } from "@/ui";
import { EXPORT_FORMATS, type ExportFormat } from "./exports";
import { FieldsMenu } from "./FieldsMenu";
import { specialOf } from "./special";
import { ViewTabs } from "./ViewTabs";

type Set = (change: SearchChange) => void;
const TYPING_MS = 220;

/** The row of tools over a list or board: its layout, its search, and what shapes it. */
export function ListToolbar({
  entity,
  search,
  set,
  onView,
  columns,
  onShown,
  onReset,
  onExport,
  children,
}: {
  entity: Entity;
  search: ListSearch;
  set: Set;
  /** Takes a whole other address of the list, as a view has one. */
  onView: (search: ListSearch) => void;
  columns?: Column[];
  onShown?: (names: string[]) => void;
  onReset?: () => void;
  onExport?: (format: ExportFormat) => void;
  children?: React.ReactNode;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const menu: MenuEntry[] = [];
  if (can(entity, "import") && !entity.read_only)
    menu.push({
      label: t("imports.into", { label: within(entity.label_plural) }),
      icon: <Upload size={14} />,
      onSelect: () => void navigate({ to: "/$entity/import", params: { entity: entity.plural } }),
    });
  if (onExport && can(entity, "export"))
    menu.push(
      ...EXPORT_FORMATS.map((format) => ({
        label: t("exports.as", { format: t(`exports.format.${format}`) }),
        icon: <Download size={14} />,
        onSelect: () => onExport(format),
      })),
      "separator",
    );
  if (entity.mergeable)
    menu.push({
      label: t("list.duplicates"),
      icon: <CopyCheck size={14} />,
      onSelect: () => void navigate({ to: "/$entity/duplicates", params: { entity: entity.plural } }),
    });
  if (entity.archive)
    menu.push({
      label: t("list.withArchived"),
      icon: <Archive size={14} />,
      checked: search.archived === "with",
      onSelect: () => set({ archived: search.archived === "with" ? undefined : "with" }),
    });
  if (entity.soft_delete)
    menu.push({
      label: t("list.showDeleted"),
      icon: <Trash2 size={14} />,
      checked: search.deleted === true,
      onSelect: () => set({ deleted: search.deleted ? undefined : true, peek: undefined, layout: undefined, view: undefined }),
    });
  return (
    // Positioned, so that what is there for screen readers alone scrolls with the rest.
    <div className="scroll relative flex h-11 shrink-0 items-center gap-1 overflow-y-hidden border-b px-3 pointer-coarse:h-12">
      <LayoutSwitch entity={entity} layout={search.layout} set={set} />
      <ViewTabs entity={entity} search={search} onOpen={onView} />
      {children}
      <span className="min-w-2 flex-1" />
      {entity.searchable !== false && (
        <SearchBox
          label={t("list.search", { label: within(entity.label_plural) })}
          value={search.q ?? ""}
          onChange={(q) => set({ q: q || undefined })}
        />
      )}
      <div className="flex shrink-0 items-center gap-1">
        {!search.f && <AddFilter entity={entity} more={false} onAdd={(condition) => set({ f: [condition] })} />}
        {columns && <SortMenu columns={columns} sort={search.sort} set={set} />}
        {columns && onShown && onReset && <FieldsMenu entity={entity} columns={columns} onShown={onShown} onReset={onReset} />}
        {menu.length > 0 && (
          <DropMenu
            align="end"
            trigger={
              <Button variant="ghost" size="icon" aria-label={t("list.more")}>
                <MoreHorizontal size={15} />
              </Button>
            }
            items={menu}
          />
        )}
      </div>
    </div>
  );
}

const LAYOUTS = { table: Table2, list: ListChecks, board: Kanban } as const;

/** The ways to look at the same records. Not there where there is only one. */
function LayoutSwitch({ entity, layout, set }: { entity: Entity; layout: ListSearch["layout"]; set: Set }) {
  const { t } = useTranslation();
  const offered = (["table", "list", "board"] as const).filter(
    (name) => name === "table" || (name === "board" ? entity.layout.board !== null : specialOf(entity).List !== undefined),
  );
  if (offered.length < 2) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring its own box and legend
    <div role="group" aria-label={t("list.layout")} className="me-1 flex shrink-0 items-center gap-0.5 border-e pe-2">
      {offered.map((name) => {
        const Icon = LAYOUTS[name];
        const on = name === (layout ?? "table");
        return (
          <button
            key={name}
            type="button"
            aria-pressed={on}
            onClick={() =>
              set(
                name === "table"
                  ? { layout: undefined, pipeline: undefined }
                  : { layout: name, peek: undefined, deleted: undefined, ...(name === "list" ? { pipeline: undefined } : {}) },
              )
            }
            className={cx(
              "flex h-7 items-center gap-1.5 rounded-sm px-2 font-medium pointer-coarse:h-10 pointer-coarse:min-w-10",
              on ? "bg-active text-fg" : "text-fg-2 hover:bg-hover hover:text-fg",
            )}
          >
            <Icon size={14} aria-hidden />
            <span className="max-xl:sr-only">{t(`list.${name}`)}</span>
          </button>
        );
      })}
    </div>
  );
}

/** Searches while typing, once the fingers rest. */
function SearchBox({ label, value, onChange }: { label: string; value: string; onChange: (text: string) => void }) {
  const [text, setText] = useState(value);
  const sent = useRef(value);
  const latest = useRef(onChange);
  useEffect(() => {
    latest.current = onChange;
  });
  // A change from outside (Back, "clear filters") replaces the text; the echo of our own typing must not.
  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value;
      setText(value);
    }
  }, [value]);
  useEffect(() => {
    if (text === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = text;
      latest.current(text);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label className="flex h-7 min-w-28 shrink items-center gap-1.5 rounded-sm px-2 focus-within:bg-hover hover:bg-hover pointer-coarse:h-10">
      <Search size={14} className="shrink-0 text-fg-3" aria-hidden />
      <input
        data-list-search
        type="search"
        aria-label={label}
        placeholder={label}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            event.preventDefault();
            if (text) setText("");
            else event.currentTarget.blur();
          }
        }}
        className="w-40 min-w-16 bg-transparent outline-none [&::-webkit-search-cancel-button]:hidden"
      />
    </label>
  );
}

function SortMenu({ columns, sort, set }: { columns: Column[]; sort: string | undefined; set: Set }) {
  const { t } = useTranslation();
  const name = sort?.replace(/^-/, "");
  const current = columns.find((column) => column.field.name === name)?.field;
  const sortable = columns.filter((column) => column.field.sortable);
  return (
    <DropMenu
      align="end"
      trigger={
        <Button variant="ghost" size="sm" aria-label={current ? t("list.sortedBy", { field: current.label }) : t("list.sort")}>
          {!sort ? <ArrowUpDown size={14} /> : sort.startsWith("-") ? <ArrowDown size={14} /> : <ArrowUp size={14} />}
          <span className="max-sm:sr-only">{current?.label ?? t("list.sort")}</span>
        </Button>
      }
      items={[
        ...sortable.map((column) => ({
          label: column.field.label,
          checked: column.field.name === name,
          onSelect: () => set({ sort: sort === column.field.name ? `-${column.field.name}` : column.field.name }),
        })),
        ...(sort ? (["separator", { label: t("list.unsort"), onSelect: () => set({ sort: undefined }) }] as const) : []),
      ]}
    />
  );
}
