import { type ComponentType, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, FormRow, Modal } from "@/ui";
import type { EditorProps, InputProps, ViewProps } from "../types";
import { checkValue } from "../validate";

/** Edits a structure in place by the input that a form has for it, in a dialog of its own. */
export function modalEditor(
  View: ComponentType<ViewProps>,
  Input: ComponentType<InputProps>,
  hint?: () => string,
): ComponentType<EditorProps> {
  return function ModalEditor({ field, value, record, onCommit, onCancel }: EditorProps) {
    const { t } = useTranslation();
    const form = useId();
    const [draft, setDraft] = useState<unknown>(value ?? null);
    const [error, setError] = useState<string>();
    const save = () => {
      const wrong = checkValue(field, draft);
      if (wrong) setError(t(`problems.${wrong.problem}`, { label: field.label, limit: wrong.limit }));
      else onCommit(draft, "stay");
    };
    return (
      // biome-ignore lint/a11y/noStaticElementInteractions: what is typed in the dialog is none of the cell's business
      <div className="flex h-full min-h-8 items-center overflow-hidden px-2" onKeyDown={(event) => event.stopPropagation()}>
        <View field={field} value={value} record={record} />
        <Modal
          title={t("record.editField", { field: field.label })}
          onClose={onCancel}
          footer={
            <>
              <Button onClick={onCancel}>{t("common.cancel")}</Button>
              <Button variant="primary" type="submit" form={form} keys="mod+enter">
                {t("common.save")}
              </Button>
            </>
          }
        >
          <form
            id={form}
            noValidate
            className="[&>div>div>label]:sr-only"
            onSubmit={(event) => {
              event.preventDefault();
              save();
            }}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
                event.preventDefault();
                save();
              }
            }}
          >
            <FormRow label={field.label} help={hint?.()} error={error}>
              {(aria) => (
                <Input
                  field={field}
                  value={draft}
                  values={record ?? {}}
                  aria={aria}
                  inputRef={() => {}}
                  onBlur={() => {}}
                  onChange={(next) => {
                    setDraft(next);
                    setError(undefined);
                  }}
                />
              )}
            </FormRow>
          </form>
        </Modal>
      </div>
    );
  };
}
