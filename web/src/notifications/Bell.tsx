import { Popover } from "@base-ui/react/popover";
import { useQuery } from "@tanstack/react-query";
import { Bell as BellIcon } from "lucide-react";
import { Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { number } from "@/lib/format";
import { lazyNow, whenIdle } from "@/lib/lazyNow";
import { Button, Skeleton } from "@/ui";
import { unreadQuery } from "./model";

const NotificationList = lazyNow(() => import("./NotificationList"));
const MOST = 99;

/** What one was told, and how much of it is new. */
export function Bell() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const { data: unread = 0 } = useQuery(unreadQuery);
  useEffect(() => whenIdle(NotificationList.preload), []);
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger
        render={
          <Button
            variant="ghost"
            size="icon"
            className="relative"
            aria-label={unread > 0 ? t("notifications.someNew", { count: unread }) : t("notifications.title")}
          />
        }
      >
        <BellIcon size={16} aria-hidden />
        {unread > 0 && (
          <span
            aria-hidden
            data-unread
            className="tabular absolute -end-0.5 -top-0.5 flex h-4 min-w-4 items-center justify-center rounded-full bg-danger px-1 text-[10px] leading-none font-semibold text-accent-fg"
          >
            {unread > MOST ? `${MOST}+` : number(unread)}
          </span>
        )}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={6} align="start" className="z-50">
          <Popover.Popup
            aria-label={t("notifications.title")}
            data-layer="dialog"
            className="popup flex max-h-[min(560px,var(--available-height))] w-[min(400px,calc(100vw-16px))] flex-col"
          >
            <Suspense fallback={<Skeleton className="m-3 h-24" />}>
              <NotificationList onGo={() => setOpen(false)} />
            </Suspense>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
