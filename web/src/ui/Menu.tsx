import { Menu } from "@base-ui/react/menu";
import clsx from "clsx";
import { Check } from "lucide-react";
import type { ReactElement, ReactNode } from "react";
import { Keys } from "./Button";

export type MenuEntry =
  | "separator"
  | { heading: string }
  | {
      label: string;
      /** A second line: what it means, or why it cannot be chosen. */
      hint?: string | undefined;
      icon?: ReactNode;
      keys?: string;
      danger?: boolean;
      checked?: boolean;
      disabled?: boolean;
      onSelect: () => void;
    };

export function DropMenu({
  trigger,
  items,
  align = "start",
  label,
}: {
  trigger: ReactElement;
  items: MenuEntry[];
  align?: "start" | "end";
  label?: string;
}) {
  return (
    <Menu.Root>
      <Menu.Trigger render={trigger} />
      <Menu.Portal>
        <Menu.Positioner sideOffset={4} align={align} className="z-50">
          <Menu.Popup className="popup scroll max-h-[min(420px,var(--available-height))] min-w-48 p-1" aria-label={label}>
            {items.map((entry, index) => {
              if (entry === "separator")
                // biome-ignore lint/suspicious/noArrayIndexKey: a fixed list
                return <Menu.Separator key={index} className="-mx-1 my-1 h-px bg-line" />;
              if ("heading" in entry)
                return (
                  <div key={entry.heading} className="px-2 pt-1.5 pb-1 text-2xs font-medium text-fg-3">
                    {entry.heading}
                  </div>
                );
              return (
                <Menu.Item
                  key={entry.label}
                  disabled={entry.disabled ?? false}
                  className={clsx(
                    "menu-item",
                    entry.hint && "py-1",
                    entry.danger && "text-danger-text",
                    entry.disabled && !entry.hint && "opacity-50",
                  )}
                  onClick={entry.onSelect}
                >
                  {entry.icon && (
                    <span className={clsx("flex", (!entry.danger || entry.disabled) && "text-fg-3")}>{entry.icon}</span>
                  )}
                  <span className="min-w-0 flex-1">
                    <span className={clsx("block truncate", entry.disabled && entry.hint && "text-fg-3")}>{entry.label}</span>
                    {entry.hint && <span className="block max-w-64 text-xs whitespace-normal text-fg-2">{entry.hint}</span>}
                  </span>
                  {entry.checked && <Check size={14} className="text-accent-text" aria-hidden />}
                  {entry.keys && <Keys keys={entry.keys} />}
                </Menu.Item>
              );
            })}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
