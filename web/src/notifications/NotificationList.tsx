import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { AlertTriangle, BellOff, CheckCheck, CheckCircle2, Circle, CircleDot, Info, Settings, XCircle } from "lucide-react";
import { type ComponentType, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Hue } from "@/api/types";
import { moment, relative } from "@/lib/format";
import { useNow } from "@/lib/now";
import { explain } from "@/records/errors";
import { Button, buttonClass, cx, Empty, Notice, ScrollRegion, Skeleton, Tip } from "@/ui";
import { leadsTo, notificationsQuery, readAll, setRead, type Told } from "./model";

const LOOK: Record<string, { icon: ComponentType<{ size?: number }>; hue: Hue }> = {
  info: { icon: Info, hue: "blue" },
  success: { icon: CheckCircle2, hue: "green" },
  warning: { icon: AlertTriangle, hue: "amber" },
  error: { icon: XCircle, hue: "red" },
};
const PLAIN = { icon: Info, hue: "blue" as Hue };

/** What one was told: each leads to what it is about, and is read by that or by its mark. */
export default function NotificationList({ onGo }: { onGo: () => void }) {
  const { t } = useTranslation();
  const [unread, setUnread] = useState(false);
  const query = useInfiniteQuery(notificationsQuery(unread));
  const list = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <div className="flex min-h-12 shrink-0 items-center gap-1 border-b ps-4 pe-2">
        <h2 className="flex-1 text-base font-semibold">{t("notifications.title")}</h2>
        <Button
          size="sm"
          variant="ghost"
          aria-pressed={unread}
          className={cx(unread && "bg-active! text-fg!")}
          onClick={() => setUnread(!unread)}
        >
          {t("notifications.unread")}
        </Button>
        <Tip label={t("notifications.readAll")}>
          <Button size="icon" variant="ghost" aria-label={t("notifications.readAll")} onClick={() => void readAll()}>
            <CheckCheck size={15} />
          </Button>
        </Tip>
        <Tip label={t("notifications.settings")}>
          <Link
            to="/settings/notifications"
            onClick={onGo}
            aria-label={t("notifications.settings")}
            className={buttonClass("ghost", "icon")}
          >
            <Settings size={15} aria-hidden />
          </Link>
        </Tip>
      </div>
      <ScrollRegion label={t("notifications.title")} className="min-h-0 flex-1">
        {query.error && list.length === 0 ? (
          <div className="p-3">
            <Notice>{explain(query.error)}</Notice>
          </div>
        ) : query.isPending ? (
          <div role="status" aria-label={t("common.loading")} className="flex flex-col gap-3 p-4">
            {[1, 2, 3, 4].map((line) => (
              <Skeleton key={line} className="h-10" />
            ))}
          </div>
        ) : list.length === 0 ? (
          <Empty
            icon={<BellOff size={20} />}
            title={t(unread ? "notifications.allRead" : "notifications.none")}
            hint={t("notifications.noneHint")}
          />
        ) : (
          <ul className="m-0 list-none p-0">
            {list.map((notification) => (
              <Line key={notification.id} notification={notification} onGo={onGo} />
            ))}
          </ul>
        )}
        {query.hasNextPage && (
          <div className="p-2">
            <Button className="w-full" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              {t("notifications.more")}
            </Button>
          </div>
        )}
      </ScrollRegion>
    </>
  );
}

function Line({ notification, onGo }: { notification: Told; onGo: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const now = useNow();
  const read = notification.is_read;
  const href = leadsTo(notification);
  const { icon: Icon, hue } = LOOK[notification.type] ?? PLAIN;
  const words = (
    <>
      <span className={cx("block", read ? "text-fg-2" : "font-medium")}>{notification.title}</span>
      {notification.message && <span className="mt-0.5 line-clamp-2 block text-xs text-fg-2">{notification.message}</span>}
      <time
        dateTime={notification.created_at}
        title={moment(notification.created_at)}
        className="mt-0.5 block text-2xs text-fg-3"
      >
        {relative(notification.created_at, now.getTime())}
      </time>
    </>
  );
  const mark = t(read ? "notifications.markUnread" : "notifications.markRead", { title: notification.title });
  return (
    <li className="flex items-start gap-2 border-b border-line/80 ps-4 pe-2 last:border-b-0 hover:bg-hover" data-notification>
      <span className="tag mt-3 size-6 shrink-0 justify-center rounded-full! p-0!" data-hue={hue}>
        <Icon size={13} aria-hidden />
      </span>
      {href ? (
        <a
          href={href}
          className="min-w-0 flex-1 py-2.5 -outline-offset-2"
          onClick={(event) => {
            if (!read) void setRead(notification, true);
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            onGo();
            void navigate({ href });
          }}
        >
          {words}
        </a>
      ) : (
        <div className="min-w-0 flex-1 py-2.5">{words}</div>
      )}
      <Button
        variant="ghost"
        size="icon"
        className="mt-2"
        aria-label={mark}
        title={mark}
        onClick={() => void setRead(notification, !read)}
      >
        {read ? <Circle size={13} /> : <CircleDot size={13} className="text-accent-text" />}
      </Button>
    </li>
  );
}
