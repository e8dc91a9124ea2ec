import { useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import type { Rec } from "@/api/types";
import { moment, number } from "@/lib/format";
import { fileSize } from "@/lib/size";
import { explain } from "@/records/errors";
import { buttonClass, Modal, Notice, Skeleton } from "@/ui";
import { contentOf, type FileVersion } from "./files";

/** Every file that a document ever had, the newest first. */
export function Versions({ document, name, onClose }: { document: Rec; name: string; onClose: () => void }) {
  const { t } = useTranslation();
  const { data, error } = useQuery({
    queryKey: ["document-versions", document.id, document.revision],
    queryFn: ({ signal }) => request<{ data: FileVersion[] }>(`/documents/${document.id}/versions`, { signal }),
  });
  return (
    <Modal title={t("documents.versionsOf", { name })} onClose={onClose} readable>
      {error ? (
        <Notice>{explain(error)}</Notice>
      ) : !data ? (
        <Skeleton className="h-20" />
      ) : (
        <ul className="m-0 list-none p-0">
          {data.data.map((one) => (
            <li key={one.revision} className="flex min-h-11 items-center gap-2.5 border-b border-line/80 last:border-b-0">
              <span className="tabular w-8 shrink-0 text-fg-2">{number(one.revision)}</span>
              <span className="min-w-0 flex-1 py-1.5">
                <span className="block truncate font-medium">{one.file_name}</span>
                <span className="block truncate text-xs text-fg-2">
                  {[fileSize(one.file_size), moment(one.created_at)].join(" · ")}
                </span>
              </span>
              <a
                href={contentOf(document.id, one.revision)}
                download={one.file_name}
                aria-label={t("documents.download", { version: number(one.revision) })}
                className={buttonClass("ghost", "icon")}
              >
                <Download size={14} aria-hidden />
              </a>
            </li>
          ))}
        </ul>
      )}
    </Modal>
  );
}
