import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { importQuery, isFinished } from "@/api/queries";
import type { Entity } from "@/api/types";
import { within } from "@/lib/words";
import { explain } from "@/records/errors";
import { Notice, Skeleton } from "@/ui";
import { Counts, ProgressBar, RowErrors } from "./Progress";

/** The trial: the whole import without its writes. */
export function CheckStep({ id, entity }: { id: string; entity: Entity }) {
  const { t } = useTranslation();
  const { data: job, error } = useQuery(importQuery(id));
  if (error) return <Notice>{explain(error)}</Notice>;
  if (!job) return <Skeleton className="h-24 rounded-md!" />;
  if (!isFinished(job))
    return (
      <div className="rounded-md bg-raised p-4 shadow-card">
        <ProgressBar job={job} />
      </div>
    );
  return (
    <>
      {job.status === "failed" ? (
        <Notice>{job.message ?? t("imports.status.failed")}</Notice>
      ) : (
        <Notice tone={job.failed > 0 ? "warning" : "info"}>
          {job.failed > 0
            ? t("imports.checkedErrors", { count: job.failed })
            : t("imports.checkedFine", { label: within(entity.label_plural) })}
        </Notice>
      )}
      <Counts job={job} />
      <RowErrors job={job} />
    </>
  );
}
