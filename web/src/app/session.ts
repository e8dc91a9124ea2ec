import { request } from "@/api/client";
import { meQuery, queryClient } from "@/api/queries";
import type { Session } from "@/api/types";
import i18n from "@/i18n";
import { setLocale } from "@/lib/format";
import { setZone } from "@/lib/zone";
import { complain } from "@/records/errors";
import { forgetUndo } from "@/records/undo";
import { forgetDrafts } from "@/timeline/drafts";
import { forgetVisits } from "./recent";

/** Forgets everything that belonged to the last session. */
function forget() {
  queryClient.clear();
  forgetUndo();
  try {
    sessionStorage.removeItem("kith.list");
  } catch {
    // Nothing was kept, then.
  }
}
export function adopt(session: Session) {
  setLocale(session.user.locale ?? session.organization.locale);
  setZone(session.user.timezone ?? session.organization.timezone);
}

/** `totp` is the code of the second factor, or a recovery code; without it an account that has one answers `totp_required`. */
export async function signIn(email: string, password: string, totp?: string): Promise<void> {
  forget();
  adopt(await request<Session>("/auth/login", { method: "POST", body: { email, password, ...(totp ? { totp } : {}) } }));
}
export async function acceptInvitation(values: {
  token: string;
  full_name?: string;
  password: string;
  totp?: string;
}): Promise<void> {
  forget();
  adopt(await request<Session>("/auth/accept-invitation", { method: "POST", body: values }));
}
export async function register(values: {
  email: string;
  password: string;
  full_name: string;
  organization_name: string;
}): Promise<void> {
  forget();
  adopt(await request<Session>("/auth/register", { method: "POST", body: values }));
}
export async function signOut(): Promise<void> {
  try {
    await request("/auth/logout", { method: "POST", body: {} });
  } finally {
    forget();
    // Whoever sits down here next finds neither what was being written nor what was looked at.
    forgetDrafts();
    forgetVisits();
    // A full load, so that nothing of the session stays in memory.
    location.assign("/sign-in");
  }
}
export async function switchOrganization(id: string): Promise<void> {
  try {
    await request("/auth/switch-organization", { method: "POST", body: { organization_id: id } });
    forget();
    location.assign("/");
  } catch (error) {
    complain(i18n.t("session.notSwitched"), error);
  }
}
/** Pages for which nobody has to be signed in. */
export const OPEN = ["/sign-in", "/register", "/forgot-password", "/reset-password", "/verify-email", "/accept-invitation"];

/** Where to go after signing in: an address of this application, never another site's. */
export function safeReturn(wanted: unknown): string {
  if (typeof wanted !== "string" || !wanted.startsWith("/") || wanted.startsWith("//") || wanted.includes("\\")) return "/";
  return OPEN.some((page) => wanted.startsWith(page)) ? "/" : wanted;
}
export const isSignedIn = () => queryClient.getQueryData(meQuery.queryKey) !== undefined;
