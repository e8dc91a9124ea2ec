import { Dialog } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { type ReactNode, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./Button";

const WIDTHS = { sm: "sm:max-w-[420px]", md: "sm:max-w-[640px]", lg: "sm:max-w-[820px]" };

/** A modal: a sheet from below on a phone, a centred dialog elsewhere. Focus goes to its first field. */
export function Modal({
  title,
  description,
  onClose,
  children,
  footer,
  width = "md",
  readable = false,
}: {
  title: string;
  description?: string | undefined;
  onClose: () => void;
  children: ReactNode;
  footer?: ReactNode;
  width?: keyof typeof WIDTHS;
  /** There is only something to read in it, which then scrolls by keyboard. */
  readable?: boolean;
}) {
  const { t } = useTranslation();
  const body = useRef<HTMLDivElement>(null);
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop z-40" />
        <Dialog.Popup
          data-layer="dialog"
          initialFocus={(type) =>
            type === "touch"
              ? true
              : (body.current?.querySelector<HTMLElement>(
                  "input:not([disabled]), textarea, button[role=combobox], [data-autofocus]",
                ) ??
                body.current ??
                true)
          }
          className={`fixed inset-x-0 bottom-0 z-40 mx-auto flex max-h-[92dvh] w-full flex-col rounded-t-lg bg-raised shadow-dialog outline-none transition-[opacity,transform] duration-150 data-[ending-style]:opacity-0 data-[starting-style]:translate-y-2 data-[starting-style]:opacity-0 sm:inset-y-0 sm:my-auto sm:h-fit sm:max-h-[86dvh] sm:rounded-lg ${WIDTHS[width]}`}
        >
          <header className="flex min-h-13 shrink-0 items-center justify-between gap-2 border-b ps-5 pe-3">
            <Dialog.Title className="text-base font-semibold">{title}</Dialog.Title>
            <Dialog.Close render={<Button variant="ghost" size="icon" aria-label={t("common.close")} />}>
              <X size={16} />
            </Dialog.Close>
          </header>
          {description && <Dialog.Description className="px-5 pt-3 text-fg-2">{description}</Dialog.Description>}
          <div
            ref={body}
            {...(readable ? { tabIndex: 0, role: "region", "aria-label": title } : { tabIndex: -1 })}
            className="scroll outline-none min-h-0 flex-1 px-5 py-4"
          >
            {children}
          </div>
          {footer && (
            <footer className="flex shrink-0 flex-wrap items-center justify-end gap-2 border-t px-5 py-3">{footer}</footer>
          )}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
