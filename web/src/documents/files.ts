import { address, request } from "@/api/client";
import type { Rec } from "@/api/types";
import i18n from "@/i18n";
import { moment } from "@/lib/format";
import { complain } from "@/records/errors";
import { notify } from "@/ui";

/** The address of a document's file: the newest, or the one of a revision. */
export const contentOf = (id: string, revision?: number): string =>
  address(`/documents/${id}/content${revision === undefined ? "" : `?revision=${revision}`}`);
/** The address of its small picture; another one with each version, so that no cache shows the last. */
export const pictureOf = (document: Rec): string => `${address(`/documents/${document.id}/thumbnail`)}?v=${document.revision}`;

/** One of the files that a document ever had. */
export type FileVersion = {
  revision: number;
  file_name: string;
  file_size: number;
  uploaded_by: string | null;
  created_at: string;
};

/** Copies an address that anybody may open for a week. The message can end it at once. */
export async function shareLink(document: Rec): Promise<void> {
  try {
    const link = await request<{ id: string; url: string; expires_at: string }>(`/documents/${document.id}/link`, {
      method: "POST",
      body: {},
    });
    await navigator.clipboard.writeText(new URL(link.url, location.origin).href);
    notify(i18n.t("documents.linked"), {
      description: i18n.t("documents.linkedUntil", { when: moment(link.expires_at) }),
      action: {
        label: i18n.t("documents.unlink"),
        run: () =>
          void request(`/documents/${document.id}/links/${link.id}`, { method: "DELETE" })
            .then(() => notify(i18n.t("documents.unlinked")))
            .catch((error: unknown) => complain(i18n.t("documents.notUnlinked"), error)),
      },
    });
  } catch (error) {
    complain(i18n.t("documents.notLinked"), error);
  }
}
