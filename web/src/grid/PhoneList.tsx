import { useVirtualizer } from "@tanstack/react-virtual";
import clsx from "clsx";
import { Check } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Entity, Rec } from "@/api/types";
import { kindOf } from "@/fields/registry";
import { isPerson, titleOf, valueIn } from "@/fields/values";
import { Avatar } from "@/ui/Marks";
import type { Column } from "./columns";

const HEIGHT = 64;

/** A list for narrow screens: the title, and below it the first columns as text. The avatar selects. */
export function PhoneList({
  entity,
  columns,
  total,
  get,
  onVisible,
  selected,
  onSelect,
  onOpen,
}: {
  entity: Entity;
  columns: Column[];
  total: number;
  get: (index: number) => Rec | undefined;
  onVisible: (first: number, last: number) => void;
  selected: ReadonlySet<string>;
  onSelect: (selected: Set<string>) => void;
  onOpen: (id: string, index: number) => void;
}) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => HEIGHT,
    overscan: 8,
    useFlushSync: false,
  });
  const first = virtual.range?.startIndex ?? 0;
  const last = virtual.range?.endIndex ?? 20;
  useEffect(() => {
    const timer = setTimeout(() => onVisible(first, Math.min(last + 10, total - 1)), 60);
    return () => clearTimeout(timer);
  }, [first, last, onVisible, total]);
  const [, ...rest] = columns;
  const mark = rest.find((column) => column.field.kind === "choice");
  const figure = rest.find((column) => column.field.kind === "money") ?? rest.find((column) => kindOf(column.field).figures);
  const second = rest.filter((column) => column !== mark && column !== figure && !SILENT.has(column.field.kind)).slice(0, 3);
  return (
    <section
      ref={scroller}
      aria-label={entity.label_plural}
      tabIndex={0}
      className="scroll min-h-0 flex-1 bg-canvas -outline-offset-2"
    >
      <ul className="relative m-0 list-none p-0" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const record = get(item.index);
          const name = titleOf(entity, record);
          const on = record ? selected.has(record.id) : false;
          return (
            <li
              key={item.key}
              aria-setsize={total}
              aria-posinset={item.index + 1}
              className={clsx("absolute inset-x-0 top-0 flex items-center border-b border-line/80", on && "bg-selected")}
              style={{ height: HEIGHT, transform: `translateY(${item.start}px)` }}
            >
              {record ? (
                <>
                  <button
                    type="button"
                    aria-pressed={on}
                    aria-label={t("list.selectRow", { name })}
                    onClick={() => {
                      const next = new Set(selected);
                      if (on) next.delete(record.id);
                      else next.add(record.id);
                      onSelect(next);
                    }}
                    className="flex h-full w-14 shrink-0 items-center justify-center"
                  >
                    {on ? (
                      <span className="flex size-8 items-center justify-center rounded-md bg-accent text-accent-fg">
                        <Check size={16} />
                      </span>
                    ) : (
                      <Avatar name={name || "?"} square={!isPerson(entity)} size={32} />
                    )}
                  </button>
                  <a
                    href={`/${entity.plural}/${record.id}`}
                    onClick={(event) => {
                      event.preventDefault();
                      onOpen(record.id, item.index);
                    }}
                    className="flex h-full min-w-0 flex-1 flex-col justify-center gap-0.5 pe-4"
                  >
                    <span className="flex items-center gap-2">
                      <span className="min-w-0 flex-1 truncate text-base font-medium">{name}</span>
                      {figure && (
                        <span className="tabular shrink-0">
                          {kindOf(figure.field).text(valueIn(record, figure.field), figure.field, record)}
                        </span>
                      )}
                    </span>
                    <span className="flex items-center gap-2 text-xs text-fg-2">
                      <span className="min-w-0 flex-1 truncate">
                        {second
                          .map((column) => wordOf(column, record))
                          .filter((word) => word && word !== name)
                          .join(" · ")}
                      </span>
                      {mark && <MarkView column={mark} record={record} />}
                    </span>
                  </a>
                </>
              ) : (
                <span className="flex flex-1 items-center gap-3 px-3" aria-hidden>
                  <span className="skeleton size-8" />
                  <span className="flex flex-1 flex-col gap-2">
                    <span className="skeleton h-3 w-1/2" />
                    <span className="skeleton h-2.5 w-3/4" />
                  </span>
                </span>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
/** What says nothing without its column: numbers of records, and colours. */
const SILENT = new Set(["uuid", "color"]);
/** A value where its column is not named: what holds is called by the name of its field, what does not is left out. */
function wordOf({ field }: Column, record: Rec): string {
  const value = valueIn(record, field);
  if (field.kind === "boolean") return value === true ? field.label : "";
  return kindOf(field).text(value, field, record);
}
function MarkView({ column, record }: { column: Column; record: Rec }) {
  const { View } = kindOf(column.field);
  return (
    <span className="shrink-0">
      <View field={column.field} value={valueIn(record, column.field)} record={record} />
    </span>
  );
}
