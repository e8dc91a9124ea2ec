import { queryOptions } from "@tanstack/react-query";
import { request } from "./client";
import { fetchList, queryClient } from "./queries";
import type { Rec } from "./types";

/** People and what is theirs: invitations, second factors, sessions, keys, roles. */

export type Invitation = {
  email: string;
  organization_name: string;
  role_name: string;
  full_name: string | null;
  has_account: boolean;
};
export type TotpState = { enabled: boolean; recovery_codes_left: number };
export type TotpSetup = { secret: string; uri: string };
export type AuthSession = {
  id: string;
  current: boolean;
  created_at: string;
  last_used_at: string | null;
  ip_address: string | null;
  user_agent: string | null;
  expires_at: string | null;
};
export type ApiKey = {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
};
/** From nothing to everything; `none` stands for a permission that is not granted. */
export const SCOPES = ["assigned", "assigned_or_unowned", "team", "active", "all"] as const;
export type Scope = (typeof SCOPES)[number];
export type Grant = { resource: string; action: string; scope: Scope };
export type GrantableResource = { resource: string; label: string; actions: { action: string; scopes: Scope[] }[] };
export type RolePermissions = { data: Grant[]; shipped?: Grant[] | null; version: number };

export const invitationQuery = (token: string) =>
  queryOptions({
    queryKey: ["invitation", token],
    queryFn: () => request<Invitation>("/auth/invitation", { query: { token } }),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
export const totpQuery = queryOptions({ queryKey: ["totp"], queryFn: () => request<TotpState>("/auth/totp") });
export const sessionsQuery = queryOptions({
  queryKey: ["sessions"],
  queryFn: async () => (await request<{ data: AuthSession[] }>("/auth/sessions")).data,
});
export const apiKeysQuery = queryOptions({
  queryKey: ["api-keys"],
  queryFn: async () => (await request<{ data: ApiKey[] }>("/auth/api-keys")).data,
});
export const permissionsQuery = queryOptions({
  queryKey: ["permissions"],
  queryFn: async () => (await request<{ data: GrantableResource[] }>("/permissions")).data,
  staleTime: 5 * 60_000,
});
export const rolePermissionsQuery = (id: string) =>
  queryOptions({
    queryKey: ["role-permissions", id],
    queryFn: () => request<RolePermissions>(`/roles/${id}/permissions`),
  });

const PAGE = 200;
/** Read on until the end: people, roles and stages are few enough to be held whole. */
async function every(plural: string, query: Parameters<typeof fetchList>[1], signal: AbortSignal): Promise<Rec[]> {
  const rows: Rec[] = [];
  let cursor: string | undefined;
  do {
    const { data, page } = await fetchList(plural, query, { limit: PAGE, cursor }, signal);
    rows.push(...data);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return rows;
}
/** Every record of a kind of which there are few. Held as a list, so that a change shows in it at once. */
export const everyQuery = (plural: string, params: Parameters<typeof fetchList>[1] = {}) =>
  queryOptions({
    queryKey: ["list", plural, params, "every"],
    queryFn: async ({ signal }) => ({ data: await every(plural, params, signal), page: { limit: PAGE, next_cursor: null } }),
  });

export const peopleQuery = everyQuery("users", { sort: "full_name", include: ["role", "team"] });
export const rolesQuery = everyQuery("roles", { sort: "name" });
export const teamsQuery = everyQuery("teams", { sort: "name" });

export const refreshPeople = () => void queryClient.invalidateQueries({ queryKey: ["list", "users"] });
