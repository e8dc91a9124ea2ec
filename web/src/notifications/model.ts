import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { request } from "@/api/client";
import { queryClient } from "@/api/queries";
import i18n from "@/i18n";
import { complain } from "@/records/errors";

export type Told = {
  id: string;
  kind: string;
  title: string;
  message: string | null;
  type: "info" | "success" | "warning" | "error";
  is_read: boolean;
  action_url: string | null;
  created_at: string;
};
type Page = { data: Told[]; page: { limit: number; next_cursor: string | null }; unread_count: number };
/** What one is told about one kind of happening, and how. */
export type Preference = {
  kind: string;
  label: string;
  description: string;
  in_app: boolean;
  email: boolean;
  digest: "off" | "daily" | "weekly";
};

const PAGE = 25;
const EVERY_MS = 60_000;
const KEY = ["notifications"];

/** What I was told, newest first. */
export const notificationsQuery = (unread: boolean) =>
  infiniteQueryOptions({
    queryKey: [...KEY, "list", unread],
    queryFn: ({ signal, pageParam }) =>
      request<Page>("/notifications", {
        signal,
        query: { unread: unread || undefined, limit: PAGE, cursor: pageParam || undefined },
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.page.next_cursor ?? undefined,
  });
/** How much of it I have not read. */
export const unreadQuery = queryOptions({
  queryKey: [...KEY, "count"],
  queryFn: ({ signal }) =>
    request<Page>("/notifications", { signal, query: { unread: true, limit: 1 } }).then((page) => page.unread_count),
  staleTime: EVERY_MS,
  refetchInterval: EVERY_MS,
});
export const preferencesQuery = queryOptions({
  queryKey: [...KEY, "preferences"],
  queryFn: ({ signal }) => request<{ data: Preference[] }>("/notifications/preferences", { signal }).then(({ data }) => data),
});

const refresh = () => {
  void queryClient.invalidateQueries({ queryKey: [...KEY, "list"] });
  void queryClient.invalidateQueries({ queryKey: [...KEY, "count"] });
};
async function mark(path: string): Promise<void> {
  try {
    await request(path, { method: "PUT" });
  } catch (error) {
    complain(i18n.t("notifications.notRead"), error);
  } finally {
    refresh();
  }
}
export const setRead = (told: Told, read: boolean): Promise<void> =>
  mark(`/notifications/${told.id}/${read ? "read" : "unread"}`);
export const readAll = (): Promise<void> => mark("/notifications/read-all");

/** Changes what I am told of one kind: shown at once, taken back where the server refuses. */
export async function setPreference(kind: string, change: Partial<Omit<Preference, "kind">>): Promise<void> {
  const { queryKey } = preferencesQuery;
  const before = queryClient.getQueryData(queryKey);
  queryClient.setQueryData(queryKey, (held) => held?.map((one) => (one.kind === kind ? { ...one, ...change } : one)));
  try {
    const { data } = await request<{ data: Preference[] }>("/notifications/preferences", {
      method: "PUT",
      body: { data: [{ kind, ...change }] },
    });
    queryClient.setQueryData(queryKey, data);
  } catch (error) {
    queryClient.setQueryData(queryKey, before);
    complain(i18n.t("record.notSaved"), error);
  }
}

/** The page that a notification leads to, within the application. */
export const leadsTo = (told: Pick<Told, "action_url">): string | undefined =>
  told.action_url !== null && /^\/([^/\\]|$)/.test(told.action_url) ? told.action_url : undefined;
