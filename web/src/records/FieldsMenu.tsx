import { Popover } from "@base-ui/react/popover";
import { Columns3 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Entity, Field } from "@/api/types";
import { shownFields } from "@/fields/registry";
import type { Column } from "@/grid/columns";
import { Button, Checkbox } from "@/ui";
import { moved, SortableLine, SortableList } from "@/ui/Sortable";

/** Which columns are shown and in which order: tick, and drag by the handle (or Space and arrows on it). */
export function FieldsMenu({
  entity,
  columns,
  onShown,
  onReset,
}: {
  entity: Entity;
  columns: Column[];
  onShown: (names: string[]) => void;
  onReset: () => void;
}) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const shown = columns.slice(1).map((column) => column.field);
  const names = shown.map((field) => field.name);
  const title = columns[0]?.field.name;
  const matches = (field: Field) => field.label.toLowerCase().includes(text.trim().toLowerCase());
  const hidden = shownFields(entity).filter((field) => field.name !== title && !names.includes(field.name) && matches(field));
  return (
    <Popover.Root>
      <Popover.Trigger render={<Button variant="ghost" size="sm" />}>
        <Columns3 size={14} />
        <span className="max-sm:sr-only">{t("list.fields")}</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={4} align="end" className="z-50">
          <Popover.Popup
            className="popup flex max-h-[min(480px,var(--available-height))] w-64 flex-col"
            aria-label={t("list.fields")}
            data-layer="dialog"
          >
            <div className="border-b px-2.5">
              <input
                aria-label={t("list.searchFields")}
                placeholder={t("list.searchFields")}
                value={text}
                onChange={(event) => setText(event.target.value)}
                className="h-9 w-full bg-transparent outline-none"
              />
            </div>
            <div className="scroll min-h-0 flex-1 p-1">
              <h3 className="px-2 py-1 text-2xs font-medium text-fg-3">{t("list.shownFields")}</h3>
              <SortableList
                names={shown.map((field) => field.label)}
                lineHeight={30}
                onMove={(from, to) => onShown(moved(names, from, to))}
              >
                {shown.map((field, index) => (
                  <SortableLine
                    key={field.name}
                    id={field.name}
                    index={index}
                    handle={t("list.moveField", { field: field.label })}
                    className={`menu-item hover:bg-hover ${matches(field) ? "" : "opacity-50"}`}
                  >
                    <Checkbox
                      label={field.label}
                      checked
                      onCheckedChange={() => onShown(names.filter((name) => name !== field.name))}
                    />
                    <span className="truncate">{field.label}</span>
                  </SortableLine>
                ))}
              </SortableList>
              {hidden.length > 0 && <h3 className="px-2 pt-2 pb-1 text-2xs font-medium text-fg-3">{t("list.hiddenFields")}</h3>}
              {hidden.map((field) => (
                <div key={field.name} className="menu-item hover:bg-hover">
                  <span className="size-6 shrink-0 pointer-coarse:size-10" />
                  <Checkbox label={field.label} checked={false} onCheckedChange={() => onShown([...names, field.name])} />
                  <span className="truncate">{field.label}</span>
                </div>
              ))}
            </div>
            <div className="border-t p-1">
              <Button variant="ghost" size="sm" className="w-full" onClick={onReset}>
                {t("list.resetFields")}
              </Button>
            </div>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
