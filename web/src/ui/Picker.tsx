import { Combobox } from "@base-ui/react/combobox";
import clsx from "clsx";
import { Check, Search } from "lucide-react";
import { type ReactElement, type ReactNode, type RefObject, useState } from "react";
import { useTranslation } from "react-i18next";

export type PickItem = {
  value: string;
  label: string;
  node?: ReactNode;
  hint?: string | undefined;
  color?: unknown;
  /** The kind of record it stands for, where a list mixes several. */
  kind?: string;
};

export type PickerProps = {
  items: PickItem[];
  value: string[];
  onChange: (values: string[], items: PickItem[]) => void;
  /** The name of the list and of its search box. */
  label: string;
  multiple?: boolean;
  /** The button that opens it; without one it hangs on `anchor`. */
  trigger?: ReactElement;
  /** role=combobox takes no name from its content: give it one, or leave it out where a <label> names it. */
  triggerLabel?: string | undefined;
  anchor?: RefObject<Element | null>;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  /** Given when somebody else searches (the server): the list is then shown as it is. */
  onSearch?: (text: string) => void;
  loading?: boolean;
  /** Offers what was typed as a new item. */
  creatable?: boolean;
  initialSearch?: string | undefined;
  disabled?: boolean;
};

/** A searchable list, single or multiple: the one picker that filters, cells and forms use. */
export function Picker(props: PickerProps) {
  const { t } = useTranslation();
  const { items, value, label, multiple = false, trigger, triggerLabel, anchor, creatable, onSearch, loading } = props;
  const [text, setText] = useState(props.initialSearch ?? "");
  const wanted = text.trim();
  const offered =
    creatable && wanted && !items.some((item) => item.label.toLowerCase() === wanted.toLowerCase())
      ? [...items, { value: wanted, label: wanted, hint: t("picker.add") }]
      : items;
  // A chosen value that the list does not hold right now still counts as chosen.
  const selected = value.map((chosen) => items.find((item) => item.value === chosen) ?? { value: chosen, label: chosen });
  const common = {
    items: offered,
    isItemEqualToValue: (one: PickItem, other: PickItem) => one?.value === other?.value,
    inputValue: text,
    onInputValueChange: (next: string) => {
      setText(next);
      onSearch?.(next);
    },
    onOpenChange: (open: boolean) => {
      if (!open) {
        setText("");
        onSearch?.("");
      }
      props.onOpenChange?.(open);
    },
    autoHighlight: true,
    disabled: props.disabled ?? false,
    ...(props.open === undefined ? {} : { open: props.open }),
    ...(onSearch ? { filter: null } : {}),
  };
  const content = (
    <>
      {trigger && <Combobox.Trigger render={trigger} {...(triggerLabel ? { "aria-label": triggerLabel } : {})} />}
      <Combobox.Portal>
        <Combobox.Positioner sideOffset={4} align="start" className="z-50" {...(anchor ? { anchor } : {})}>
          <Combobox.Popup className="popup w-64 max-w-[calc(100vw-16px)] overflow-hidden" aria-label={label}>
            <div className="flex items-center gap-2 border-b px-2.5">
              <Search size={14} className="shrink-0 text-fg-3" aria-hidden />
              <Combobox.Input
                aria-label={label}
                placeholder={label}
                className="h-9 w-full bg-transparent outline-none pointer-coarse:h-11"
              />
            </div>
            <Combobox.Empty className="px-3 py-2.5 text-fg-3 empty:hidden">
              {loading ? t("common.loading") : t("picker.nothing")}
            </Combobox.Empty>
            <Combobox.List aria-label={label} className={clsx("scroll max-h-72 p-1 empty:p-0", loading && "opacity-60")}>
              {(item: PickItem) => (
                <Combobox.Item key={item.value} value={item} className="menu-item">
                  <span className="flex min-w-0 flex-1 items-center gap-2 truncate">
                    {item.node ?? <span className="truncate">{item.label}</span>}
                    {item.hint && <span className="truncate text-xs text-fg-3">{item.hint}</span>}
                  </span>
                  <Combobox.ItemIndicator>
                    <Check size={14} className="text-accent-text" aria-hidden />
                  </Combobox.ItemIndicator>
                </Combobox.Item>
              )}
            </Combobox.List>
          </Combobox.Popup>
        </Combobox.Positioner>
      </Combobox.Portal>
    </>
  );
  return multiple ? (
    <Combobox.Root
      multiple
      {...common}
      value={selected}
      onValueChange={(next: PickItem[]) => {
        setText("");
        props.onChange(
          next.map((item) => item.value),
          next,
        );
      }}
    >
      {content}
    </Combobox.Root>
  ) : (
    <Combobox.Root
      {...common}
      value={selected[0] ?? null}
      onValueChange={(next: PickItem | null) => props.onChange(next ? [next.value] : [], next ? [next] : [])}
    >
      {content}
    </Combobox.Root>
  );
}
