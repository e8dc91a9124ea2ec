import "@/i18n/connect";
import { Plus, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { findEntity, useMeta } from "@/api/queries";
import { StructureGroup } from "@/fields/parts/StructureGroup";
import { type InputProps, Unfinished, type ViewProps } from "@/fields/types";
import { Button, Checkbox } from "@/ui";
import { type FormLine, fillableFields, linesOf, linesToValue } from "./formLines";
import { formFields } from "./snippet";

const MOST = 50;

/** What a form on another site asks for: how it is called there, and which field of the lead it fills in. */
export default function FormFieldsInput({ value, onChange, ...held }: InputProps) {
  const { t } = useTranslation();
  const lead = findEntity(useMeta(), "lead");
  const [lines, setLines] = useState(() => linesOf(value));
  const put = (next: FormLine[]) => {
    setLines(next);
    const result = linesToValue(next);
    onChange(typeof result === "string" ? new Unfinished(next, result) : result);
  };
  const set = (key: number, part: Partial<FormLine>) =>
    put(lines.map((line) => (line.key === key ? { ...line, ...part } : line)));
  const offered = lead ? fillableFields(lead) : [];
  return (
    <StructureGroup {...held} className="flex flex-col gap-2">
      {lines.map((line, at) => {
        const place = at + 1;
        const known = offered.some((field) => field.name === line.field);
        return (
          // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring its own box and legend
          <div
            key={line.key}
            role="group"
            aria-label={t("connect.formField", { place })}
            className="grid grid-cols-[minmax(0,1fr)_auto] gap-2 rounded-sm p-2.5 shadow-[inset_0_0_0_1px_var(--line-strong)] sm:grid-cols-[minmax(0,1.2fr)_minmax(0,1fr)_auto]"
          >
            <input
              aria-label={t("connect.formLabel", { place })}
              placeholder={t("connect.formLabelHint")}
              autoComplete="off"
              value={line.label}
              onChange={(event) => set(line.key, { label: event.target.value })}
              className="field-box h-9 max-sm:order-1"
            />
            <select
              aria-label={t("connect.formTarget", { place })}
              className="field-box h-9 max-sm:order-3 max-sm:col-span-2 pointer-coarse:h-10"
              value={line.field ?? ""}
              onChange={(event) => set(line.key, { field: event.target.value || undefined })}
            >
              <option value="">{t("connect.intoNotes")}</option>
              {line.field && !known && <option value={line.field}>{line.field}</option>}
              {offered.map((field) => (
                <option key={field.name} value={field.name}>
                  {field.label}
                </option>
              ))}
            </select>
            <Button
              variant="ghost"
              size="icon"
              className="self-center max-sm:order-2"
              aria-label={t("connect.removeFormField", { place })}
              onClick={() => put(lines.filter((one) => one.key !== line.key))}
            >
              <X size={14} />
            </Button>
            <div className="col-span-full flex items-center gap-2 max-sm:order-4">
              <Checkbox
                label={t("connect.formRequired", { place })}
                checked={line.required}
                onCheckedChange={(required) => set(line.key, { required })}
              />
              <span aria-hidden>{t("connect.required")}</span>
            </div>
          </div>
        );
      })}
      {lines.length < MOST && (
        <Button
          variant="ghost"
          size="sm"
          className="-ms-2 self-start"
          onClick={() =>
            put([...lines, { key: Math.max(-1, ...lines.map(({ key }) => key)) + 1, label: "", required: false, was: {} }])
          }
        >
          <Plus size={14} aria-hidden /> {t("connect.addFormField")}
        </Button>
      )}
    </StructureGroup>
  );
}

/** The fields of a form by what they are called there. */
export function FormFieldsView({ value }: ViewProps) {
  return (
    <span className="min-w-0 py-1.5 break-words">
      {formFields(value)
        .map(({ label }) => label)
        .join(", ")}
    </span>
  );
}
