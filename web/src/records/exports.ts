import { address, request } from "@/api/client";
import { type ListParams, queryClient } from "@/api/queries";
import type { Entity, FilterTree } from "@/api/types";
import type { Column } from "@/grid/columns";
import i18n from "@/i18n";
import { notify } from "@/ui";
import { complain } from "./errors";

export const EXPORT_FORMATS = ["csv", "xlsx", "ndjson"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Where the file of a list is: the same records in the same order, and of each the columns that are shown. */
export function exportAddress(
  entity: Entity,
  columns: Column[],
  format: ExportFormat,
  what: ListParams | { ids: string[] },
): string {
  const filter: FilterTree | undefined = "ids" in what ? { field: "id", op: "in", value: what.ids } : what.filter;
  const params: ListParams = "ids" in what ? {} : what;
  return address(`/${entity.plural}/export`, {
    format,
    q: params.q,
    sort: params.sort,
    filter: filter ? JSON.stringify(filter) : undefined,
    deleted: params.deleted ? "only" : undefined,
    archived: "ids" in what && entity.archive ? "with" : params.archived,
    fields: columns.map((column) => column.field.name).join(","),
  });
}

/** Hands the download to the browser, which writes it to disk as it comes: a file may be larger than memory. */
export async function downloadExport(
  entity: Entity,
  columns: Column[],
  format: ExportFormat,
  what: ListParams | { ids: string[] },
): Promise<void> {
  try {
    // A download cannot renew a session that has run out meanwhile; this request does.
    await queryClient.fetchQuery({ queryKey: ["session-alive"], queryFn: () => request<object>("/auth/me"), staleTime: 0 });
  } catch (error) {
    complain(i18n.t("exports.failed"), error);
    return;
  }
  const link = document.createElement("a");
  link.href = exportAddress(entity, columns, format, what);
  link.download = `${entity.plural}.${format}`;
  document.body.append(link);
  link.click();
  link.remove();
  notify(i18n.t("exports.started", { label: entity.label_plural }));
}
