import { adoptRecord, patchCached } from "@/api/cache";
import { request } from "@/api/client";
import { refreshPeople } from "@/api/people";
import { queryClient } from "@/api/queries";
import type { Rec } from "@/api/types";
import i18n from "@/i18n";
import { complain } from "@/records/errors";
import { notify } from "@/ui";

const nameOf = (user: Rec) => String(user.full_name || user.email || "");

export async function resendInvitation(user: Rec): Promise<void> {
  try {
    await request(`/users/${user.id}/invite`, { method: "POST", body: {} });
    notify(i18n.t("people.resent", { email: String(user.email) }));
  } catch (error) {
    complain(i18n.t("people.notResent"), error);
  }
}

export async function withdrawInvitation(user: Rec): Promise<void> {
  try {
    await request(`/users/${user.id}/invite`, { method: "DELETE" });
    notify(i18n.t("people.withdrawn", { email: String(user.email) }));
  } catch (error) {
    complain(i18n.t("people.notWithdrawn"), error);
  }
  refreshPeople();
}

/** Ends somebody's access and gives what is theirs to another, or to nobody. Throws what the server refuses. */
export async function deactivate(user: Rec, heir: string | null): Promise<void> {
  const fresh = await request<Rec>(`/users/${user.id}/deactivate`, { method: "POST", body: { hand_over_to: heir } });
  adoptRecord("users", fresh);
  // Everything that names an owner may have changed.
  void queryClient.invalidateQueries({ queryKey: ["list"] });
  void queryClient.invalidateQueries({ queryKey: ["pipeline"] });
  notify(i18n.t("people.deactivated", { name: nameOf(user) }), {
    action: { label: i18n.t("people.reactivate"), run: () => void reactivate({ ...user, ...fresh }) },
  });
}

export async function reactivate(user: Rec): Promise<void> {
  const before = user.status;
  patchCached("users", user.id, (held) => ({ ...held, status: "active" }));
  try {
    adoptRecord("users", await request<Rec>(`/users/${user.id}/reactivate`, { method: "POST", body: {} }));
    notify(i18n.t("people.reactivated", { name: nameOf(user) }));
  } catch (error) {
    patchCached("users", user.id, (held) => ({ ...held, status: before }));
    complain(i18n.t("people.notReactivated"), error);
  }
}
