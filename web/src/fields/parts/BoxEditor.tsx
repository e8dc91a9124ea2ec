import { Popover } from "@base-ui/react/popover";
import { type ComponentType, type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui";
import type { EditorProps, ViewProps } from "../types";

type BoxKind<Draft> = {
  View: ComponentType<ViewProps>;
  start: (value: unknown, initial: string | undefined) => Draft;
  /** Returns the stored value, or undefined while the draft cannot be saved. */
  finish: (draft: Draft) => unknown;
  Form: ComponentType<{ label: string; draft: Draft; onDraft: (draft: Draft) => void; invalid: boolean }>;
};

/** Inline editor for kinds that need room: a small box below the cell, saved by Ctrl+Enter or its button. */
export function boxEditor<Draft>({ View, start, finish, Form }: BoxKind<Draft>): ComponentType<EditorProps> {
  return function BoxEditor({ field, value, record, initial, onCommit, onCancel }: EditorProps) {
    const { t } = useTranslation();
    const host = useRef<HTMLDivElement>(null);
    const popup = useRef<HTMLDivElement>(null);
    const [draft, setDraft] = useState(() => start(value, initial));
    const [invalid, setInvalid] = useState(false);
    const done = useRef(false);
    const save = () => {
      const result = finish(draft);
      if (result === undefined) {
        setInvalid(true);
        return;
      }
      done.current = true;
      onCommit(result, "stay");
    };
    return (
      <>
        <div ref={host} className="cell-editor flex items-center overflow-hidden">
          <View field={field} value={value} record={record} />
        </div>
        <Popover.Root
          open
          onOpenChange={(open, details) => {
            if (open || done.current) return;
            if (details.reason === "escape-key" || finish(draft) === undefined) {
              done.current = true;
              onCancel();
            } else save();
          }}
        >
          <Popover.Portal>
            <Popover.Positioner anchor={host} sideOffset={4} align="start" className="z-50">
              <Popover.Popup
                ref={popup}
                aria-label={field.label}
                data-layer="dialog"
                initialFocus={() => popup.current?.querySelector<HTMLElement>("textarea, input") ?? true}
                onKeyDown={(event) => {
                  event.stopPropagation();
                  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
                }}
                className="popup flex w-80 max-w-[calc(100vw-16px)] flex-col gap-2 p-3"
              >
                <Form
                  label={field.label}
                  draft={draft}
                  invalid={invalid}
                  onDraft={(next) => {
                    setDraft(next);
                    setInvalid(false);
                  }}
                />
                {invalid && (
                  <p role="alert" className="text-xs font-medium text-danger-text">
                    {t("problems.json", { label: field.label })}
                  </p>
                )}
                <Footer>
                  <Button size="sm" variant="ghost" onClick={onCancel}>
                    {t("common.cancel")}
                  </Button>
                  <Button size="sm" variant="primary" keys="mod+enter" onClick={save}>
                    {t("common.save")}
                  </Button>
                </Footer>
              </Popover.Popup>
            </Popover.Positioner>
          </Popover.Portal>
        </Popover.Root>
      </>
    );
  };
}
const Footer = ({ children }: { children: ReactNode }) => <div className="flex justify-end gap-1.5">{children}</div>;
