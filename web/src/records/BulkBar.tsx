import { Download, PencilLine, RotateCcw, Trash2, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { can } from "@/api/queries";
import type { Entity, Field, Nested } from "@/api/types";
import { kindOf, shownFields } from "@/fields/registry";
import { checkValue } from "@/fields/validate";
import { isStamp } from "@/forms/sections";
import { number } from "@/lib/format";
import { Button, DropMenu, FormRow, Modal, Picker, Tip } from "@/ui";
import { EXPORT_FORMATS, type ExportFormat } from "./exports";

export type BulkActions = {
  onSet: (field: Field, value: unknown, nested?: Nested | null) => void;
  onExport: (format: ExportFormat) => void;
  onDelete: () => void;
  onRestore: (() => void) | undefined;
  onClear: () => void;
};

/** What can be done with the chosen records, floating over the list while there are any. */
export function BulkBar({
  entity,
  count,
  everything,
  total,
  onEverything,
  ...actions
}: {
  entity: Entity;
  count: number;
  /** The choice is "all that match", not the named ones. */
  everything: boolean;
  total: number;
  /** Absent where "all that match" cannot be said, as among deleted records. */
  onEverything: (() => void) | undefined;
} & BulkActions) {
  const { t } = useTranslation();
  const [field, setField] = useState<Field | null>(null);
  const fields = shownFields(entity).filter(
    (entry) => !entry.read_only && !isStamp(entry) && !entry.unique && kindOf(entry).Input !== null,
  );
  const editable = can(entity, "update") && can(entity, "bulk") && !entity.read_only;
  return (
    <>
      <div
        role="toolbar"
        aria-label={t("bulk.toolbar")}
        className="scroll absolute bottom-4 left-1/2 z-30 flex max-w-[calc(100%-24px)] -translate-x-1/2 items-center gap-1 rounded-md bg-raised p-1 shadow-dialog"
      >
        <span className="tabular px-2 font-medium whitespace-nowrap" aria-live="polite">
          {everything ? t("bulk.all", { total: number(total) }) : t("bulk.selected", { count })}
        </span>
        {!everything && onEverything && total > count && (
          <Button variant="ghost" className="text-accent-text!" onClick={onEverything}>
            {t("bulk.selectAll", { total: number(total) })}
          </Button>
        )}
        <span className="h-4 w-px shrink-0 bg-line" />
        {actions.onRestore ? (
          <Button variant="ghost" onClick={actions.onRestore}>
            <RotateCcw size={15} /> {t("bulk.restore")}
          </Button>
        ) : (
          <>
            {editable && (
              <Picker
                label={t("bulk.chooseField")}
                triggerLabel={t("bulk.edit")}
                items={fields.map((entry) => ({ value: entry.name, label: entry.label }))}
                value={[]}
                onChange={([name]) => setField(fields.find((entry) => entry.name === name) ?? null)}
                trigger={
                  <Button variant="ghost">
                    <PencilLine size={15} /> {t("bulk.edit")}
                  </Button>
                }
              />
            )}
            {can(entity, "export") && (
              <DropMenu
                trigger={
                  <Button variant="ghost">
                    <Download size={15} /> {t("exports.action")}
                  </Button>
                }
                items={EXPORT_FORMATS.map((format) => ({
                  label: t(`exports.format.${format}`),
                  onSelect: () => actions.onExport(format),
                }))}
              />
            )}
            {can(entity, "delete") && !entity.read_only && (
              <Button variant="danger" onClick={actions.onDelete}>
                <Trash2 size={15} /> {t("common.delete")}
              </Button>
            )}
          </>
        )}
        <Tip label={t("bulk.clear")} keys="Esc">
          <Button variant="ghost" size="icon" aria-label={t("bulk.clear")} onClick={actions.onClear}>
            <X size={15} />
          </Button>
        </Tip>
      </div>
      {field && (
        <SetField
          field={field}
          count={everything ? total : count}
          onClose={() => setField(null)}
          onSet={(value, nested) => {
            setField(null);
            actions.onSet(field, value, nested);
          }}
        />
      )}
    </>
  );
}

function SetField({
  field,
  count,
  onClose,
  onSet,
}: {
  field: Field;
  count: number;
  onClose: () => void;
  onSet: (value: unknown, nested?: Nested | null) => void;
}) {
  const { t } = useTranslation();
  const [value, setValue] = useState<unknown>(field.kind === "boolean" ? true : null);
  const [nested, setNested] = useState<Nested | null | undefined>();
  const [problem, setProblem] = useState<string | undefined>();
  const { Input } = kindOf(field);
  return (
    <Modal
      title={t("bulk.setTitle", { field: field.label, total: number(count) })}
      width="sm"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" type="submit" form="bulk-set">
            {t("bulk.apply")}
          </Button>
        </>
      }
    >
      <form
        id="bulk-set"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const wrong = checkValue(field, value);
          if (wrong) setProblem(t(`problems.${wrong.problem}`, { label: field.label, limit: wrong.limit }));
          else onSet(value, nested);
        }}
      >
        <FormRow label={field.label} required={field.required} help={field.help ?? t("bulk.setHint")} error={problem}>
          {(aria) =>
            Input && (
              <Input
                field={field}
                value={value}
                values={field.include && nested !== undefined ? { [field.include]: nested } : {}}
                aria={aria}
                inputRef={() => {}}
                onBlur={() => {}}
                onChange={(next, target) => {
                  setValue(next);
                  setNested(target);
                  setProblem(undefined);
                }}
              />
            )
          }
        </FormRow>
      </form>
    </Modal>
  );
}
