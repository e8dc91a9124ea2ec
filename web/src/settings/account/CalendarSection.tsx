import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import { queryClient, useMeta } from "@/api/queries";
import { hasDay } from "@/app/navigation";
import { moment } from "@/lib/format";
import { confirm } from "@/records/dialogs";
import { complain, explain } from "@/records/errors";
import { Button, Notice, notify, Skeleton } from "@/ui";
import { CopyButton } from "@/ui/CopyButton";
import { Card } from "../frame";

type CalendarState = { active: boolean; created_at: string | null; url?: string };
const calendarQuery = queryOptions({
  queryKey: ["calendar"],
  queryFn: ({ signal }) => request<CalendarState>("/calendar", { signal }),
});

/** One's own tasks in a calendar program: a secret address that is shown once. */
export function CalendarSection() {
  const { t } = useTranslation();
  const asked = hasDay(useMeta());
  const { data, error } = useQuery({ ...calendarQuery, enabled: asked });
  const [address, setAddress] = useState<string>();
  if (!asked) return null;
  const make = async () => {
    if (data?.active) {
      const sure = await confirm(t("calendar.renewTitle"), t("calendar.renewHint"), t("calendar.renew"));
      if (!sure) return;
    }
    try {
      const { url, ...state } = await request<CalendarState>("/calendar", { method: "POST", body: {} });
      setAddress(url && new URL(url, location.origin).href);
      queryClient.setQueryData(calendarQuery.queryKey, state);
    } catch (failure) {
      complain(t("calendar.notMade"), failure);
    }
  };
  const end = async () => {
    try {
      await request("/calendar", { method: "DELETE" });
      setAddress(undefined);
      queryClient.setQueryData(calendarQuery.queryKey, { active: false, created_at: null });
      notify(t("calendar.ended"));
    } catch (failure) {
      complain(t("calendar.notEnded"), failure);
    }
  };
  return (
    <Card title={t("calendar.title")} hint={t("calendar.hint")}>
      {error ? (
        <Notice>{explain(error)}</Notice>
      ) : !data ? (
        <Skeleton className="h-8" />
      ) : (
        <div className="flex flex-col gap-3">
          {address && (
            <>
              <p className="text-fg-2">{t("calendar.once")}</p>
              <div className="flex flex-wrap items-center gap-2">
                <code
                  className="min-w-0 flex-1 basis-60 overflow-x-auto rounded-sm bg-sunken px-2.5 py-2 text-xs whitespace-nowrap"
                  data-calendar
                >
                  {address}
                </code>
                <CopyButton text={address} label={t("calendar.copy")} />
              </div>
            </>
          )}
          <div className="flex flex-wrap items-center gap-2">
            {data.active && data.created_at && (
              <p className="me-auto text-fg-2">{t("calendar.since", { when: moment(data.created_at) })}</p>
            )}
            {data.active && (
              <Button variant="ghost" onClick={() => void end()}>
                {t("calendar.end")}
              </Button>
            )}
            <Button onClick={() => void make()}>{t(data.active ? "calendar.renew" : "calendar.make")}</Button>
          </div>
        </div>
      )}
    </Card>
  );
}
