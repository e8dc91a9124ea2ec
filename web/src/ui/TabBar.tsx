import { Tabs } from "@base-ui/react/tabs";
import type { ReactNode } from "react";

export type TabItem = { value: string; label: string; count?: string | undefined; content: ReactNode };

export function TabBar({
  label,
  items,
  value,
  onChange,
}: {
  label: string;
  items: TabItem[];
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <Tabs.Root value={value} onValueChange={(next) => onChange(String(next))} className="flex min-h-0 flex-1 flex-col">
      <Tabs.List aria-label={label} className="scroll relative flex shrink-0 gap-1 overflow-y-hidden border-b bg-canvas px-3">
        {items.map((item) => (
          <Tabs.Tab
            key={item.value}
            value={item.value}
            className="flex h-10 items-center gap-1.5 px-2 font-medium whitespace-nowrap text-fg-2 outline-none hover:text-fg focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-ring data-[active]:text-fg"
          >
            {item.label}
            {item.count !== undefined && (
              <span className="tabular rounded-full bg-active px-1.5 text-2xs leading-[18px] text-fg-2">{item.count}</span>
            )}
          </Tabs.Tab>
        ))}
        <Tabs.Indicator className="absolute bottom-0 left-(--active-tab-left) h-0.5 w-(--active-tab-width) rounded bg-accent transition-all duration-150" />
      </Tabs.List>
      {items.map((item) => (
        <Tabs.Panel key={item.value} value={item.value} className="flex min-h-0 flex-1 flex-col outline-none" tabIndex={-1}>
          {item.content}
        </Tabs.Panel>
      ))}
    </Tabs.Root>
  );
}
