import { ListFilter, Plus } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Condition, Entity } from "@/api/types";
import { KEYS } from "@/lib/shortcuts";
import { Button, Picker } from "@/ui";
import { filterableFields, freshCondition } from "./model";

/** The button that adds a condition. `F` presses the first one on the page. */
export function AddFilter({
  entity,
  more,
  label,
  text,
  onAdd,
}: {
  entity: Entity;
  more: boolean;
  /** Its name for assistive technology where there are several. */
  label?: string;
  /** What stands on it, where it is a button of a form. */
  text?: string;
  onAdd: (condition: Condition) => void;
}) {
  const { t } = useTranslation();
  const fields = filterableFields(entity);
  if (fields.length === 0) return null;
  return (
    <Picker
      label={t("filters.choose")}
      triggerLabel={label ?? text ?? t("filters.add")}
      items={fields.map((field) => ({ value: field.name, label: field.label }))}
      value={[]}
      onChange={([name]) => {
        const field = fields.find((entry) => entry.name === name);
        if (field) onAdd(freshCondition(field));
      }}
      trigger={
        <Button
          variant="ghost"
          size="sm"
          {...(label || text ? {} : { "data-add-filter": true, "aria-keyshortcuts": KEYS["list.filter"] })}
        >
          {more ? <Plus size={14} /> : <ListFilter size={14} />}
          {text ?? (!label && <span className="max-sm:sr-only">{t("filters.add")}</span>)}
        </Button>
      }
    />
  );
}
