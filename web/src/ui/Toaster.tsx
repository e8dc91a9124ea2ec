import { Toast } from "@base-ui/react/toast";
import { Tooltip } from "@base-ui/react/tooltip";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

export const toasts = Toast.createToastManager();

type Link = { label: string; href: string };
type Options = { description?: string; action?: { label: string; run: () => void }; links?: Link[]; error?: boolean };

let follow: (href: string) => void = (href) => location.assign(href);
/** How a link in a message is followed: told by whoever knows the pages. */
export function whenLinkIsFollowed(handler: (href: string) => void) {
  follow = handler;
}

/** A short message at the corner, with an optional way back and ways on. */
export function notify(title: string, options: Options = {}) {
  const id = toasts.add<{ links: Link[] }>({
    title,
    ...(options.links?.length ? { data: { links: options.links }, timeout: 10_000 } : {}),
    ...(options.description ? { description: options.description } : {}),
    ...(options.error ? { priority: "high" as const, timeout: 10_000 } : {}),
    ...(options.action
      ? {
          actionProps: {
            children: options.action.label,
            onClick: () => {
              toasts.close(id);
              options.action?.run();
            },
          },
        }
      : {}),
  });
  return id;
}

function Toaster() {
  const { t } = useTranslation();
  const { toasts: list } = Toast.useToastManager();
  return (
    <Toast.Portal>
      <Toast.Viewport className="fixed end-4 bottom-4 z-50 flex w-80 max-w-[calc(100vw-2rem)] flex-col gap-2 outline-none">
        {list.map((toast) => (
          <Toast.Root
            key={toast.id}
            toast={toast}
            className="rounded-md bg-fg text-canvas shadow-dialog transition-[opacity,transform] data-[ending-style]:opacity-0 data-[starting-style]:translate-y-3 data-[starting-style]:opacity-0"
          >
            <Toast.Content className="flex min-h-10 items-center gap-2 py-1 ps-3 pe-1">
              <div className="min-w-0 flex-1 py-1">
                <Toast.Title className="font-medium" />
                <Toast.Description className="text-xs opacity-85" />
                <Links toast={toast} />
              </div>
              <Toast.Action className="h-8 shrink-0 rounded-sm px-2 font-semibold underline-offset-2 hover:underline pointer-coarse:h-10" />
              <Toast.Close
                aria-label={t("common.dismiss")}
                className="flex size-8 shrink-0 items-center justify-center rounded-sm opacity-75 hover:opacity-100 pointer-coarse:size-10"
              >
                <X size={14} />
              </Toast.Close>
            </Toast.Content>
          </Toast.Root>
        ))}
      </Toast.Viewport>
    </Toast.Portal>
  );
}

function Links({ toast }: { toast: { id: string; data?: unknown } }) {
  const { links = [] } = (toast.data ?? {}) as { links?: Link[] };
  if (links.length === 0) return null;
  return (
    <p className="mt-1 flex flex-wrap gap-x-3 text-xs">
      {links.map((link) => (
        <a
          key={link.href}
          href={link.href}
          className="font-medium underline underline-offset-2 pointer-coarse:py-2.5"
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            toasts.close(toast.id);
            follow(link.href);
          }}
        >
          {link.label}
        </a>
      ))}
    </p>
  );
}

export const Providers = ({ children }: { children: ReactNode }) => (
  <Tooltip.Provider delay={350}>
    <Toast.Provider toastManager={toasts} limit={3} timeout={6000}>
      {children}
      <Toaster />
    </Toast.Provider>
  </Tooltip.Provider>
);
