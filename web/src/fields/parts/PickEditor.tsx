import clsx from "clsx";
import { ChevronsUpDown } from "lucide-react";
import { type ComponentType, type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Field } from "@/api/types";
import { Picker, type PickItem } from "@/ui";
import type { EditorProps, InputProps, ViewProps } from "../types";
import { isBlank } from "../values";

type PickKind = {
  View: ComponentType<ViewProps>;
  /** What there is to choose from, for this record; a hook, so that it may come from the server. */
  useItems: (field: Field, record: ViewProps["record"]) => PickItem[];
  multiple?: boolean;
  creatable?: boolean;
};
/** Stands for "no value" in the list of a field that may be empty. */
export const NONE = "";
export const noneItem = (label: string): PickItem => ({ value: NONE, label, node: <span className="text-fg-3">{label}</span> });

/** What is chosen, in the frame of the cell while its list is open. */
export function EditFrame({ hostRef, children }: { hostRef: React.RefObject<HTMLDivElement | null>; children: ReactNode }) {
  return (
    <div ref={hostRef} className="cell-editor flex items-center overflow-hidden">
      {children}
    </div>
  );
}

/** Inline editor that chooses from a list known beforehand. */
export function pickEditor({ View, useItems, multiple = false, creatable = false }: PickKind): ComponentType<EditorProps> {
  return function PickEditor({ field, value, record, initial, onCommit, onCancel }: EditorProps) {
    const { t } = useTranslation();
    const host = useRef<HTMLDivElement>(null);
    const done = useRef(false);
    const [many, setMany] = useState<string[]>(() => (Array.isArray(value) ? value.map(String) : []));
    const list = useItems(field, record);
    const offered = multiple || field.required || isBlank(value) ? list : [noneItem(t("picker.none")), ...list];
    return (
      <>
        <EditFrame hostRef={host}>
          <View field={field} value={multiple ? many : value} record={record} />
        </EditFrame>
        <Picker
          open
          anchor={host}
          label={field.label}
          items={multiple ? withChosen(offered, many) : offered}
          multiple={multiple}
          creatable={creatable}
          initialSearch={initial}
          value={multiple ? many : isBlank(value) ? [] : [String(value)]}
          onChange={(chosen) => {
            if (multiple) setMany(chosen);
            else {
              done.current = true;
              onCommit(chosen[0] && chosen[0] !== NONE ? chosen[0] : null, "stay");
            }
          }}
          onOpenChange={(open) => {
            if (open || done.current) return;
            done.current = true;
            if (multiple) onCommit(many, "stay");
            else onCancel();
          }}
        />
      </>
    );
  };
}

/** Chosen values that the list does not offer, such as fresh tags, stay visible in it. */
const withChosen = (items: PickItem[], chosen: string[]): PickItem[] => [
  ...items,
  ...chosen.filter((value) => !items.some((item) => item.value === value)).map((value) => ({ value, label: value })),
];

/** Form input for the same kinds. */
export function pickInput({ View, useItems, multiple = false, creatable = false }: PickKind): ComponentType<InputProps> {
  return function PickInput({ field, value, values, aria, inputRef, onChange, onBlur }: InputProps) {
    const { t } = useTranslation();
    const chosen = Array.isArray(value) ? value.map(String) : isBlank(value) ? [] : [String(value)];
    const list = useItems(field, values);
    const offered = multiple || field.required || chosen.length === 0 ? list : [noneItem(t("picker.none")), ...list];
    return (
      <Picker
        label={field.label}
        multiple={multiple}
        creatable={creatable}
        items={multiple ? withChosen(offered, chosen) : offered}
        value={chosen}
        onChange={(next) => onChange(multiple ? next : next[0] && next[0] !== NONE ? next[0] : null)}
        trigger={
          <PickTrigger aria={aria} inputRef={inputRef} onBlur={onBlur}>
            {chosen.length === 0 ? null : <View field={field} value={value} record={values} />}
          </PickTrigger>
        }
      />
    );
  };
}

export function PickTrigger({
  aria,
  inputRef,
  onBlur,
  children,
  ...rest
}: { aria: object; inputRef: (element: HTMLElement | null) => void; onBlur: () => void; children: ReactNode } & object) {
  const { t } = useTranslation();
  return (
    <button
      type="button"
      {...rest}
      {...aria}
      ref={(element) => {
        inputRef(element);
        const handed = (rest as { ref?: unknown }).ref;
        if (typeof handed === "function") handed(element);
      }}
      onBlur={onBlur}
      className={clsx("field-box flex h-9 items-center gap-2 text-start pointer-coarse:h-10")}
    >
      <span className="min-w-0 flex-1 truncate">{children ?? <span className="text-fg-3">{t("picker.choose")}</span>}</span>
      <ChevronsUpDown size={14} className="shrink-0 text-fg-3" aria-hidden />
    </button>
  );
}
