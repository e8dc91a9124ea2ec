import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { TriangleAlert, Upload } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { refreshLists } from "@/api/cache";
import { request } from "@/api/client";
import { findEntity, importQuery, isFinished, queryClient, useMeta } from "@/api/queries";
import { PageHead, useTitle } from "@/app/pages";
import { moment } from "@/lib/format";
import { within } from "@/lib/words";
import { complain, explain } from "@/records/errors";
import { Button, buttonClass, Empty, Notice, ScrollRegion, Skeleton } from "@/ui";
import { Counts, ProgressBar, RowErrors } from "./Progress";
import { UndoButton, Undone } from "./Undone";

/** One import: its progress while it runs, and what became of it. */
export default function ImportJobPage() {
  const { t } = useTranslation();
  const { id = "" } = useParams({ strict: false });
  const { data: job, error } = useQuery(importQuery(id));
  const meta = useMeta();
  const entity = job ? findEntity(meta, job.entity) : undefined;
  useTitle(job?.file_name ?? t("imports.title"));
  const finished = job !== undefined && isFinished(job);
  const plural = entity?.plural;
  useEffect(() => {
    if (finished && plural) refreshLists(plural);
  }, [finished, plural]);
  const cancel = async () => {
    try {
      await request(`/imports/${id}/cancel`, { method: "POST", body: {} });
      await queryClient.invalidateQueries({ queryKey: ["import", id] });
    } catch (failure) {
      complain(t("imports.notCancelled"), failure);
    }
  };
  if (error) return <Empty icon={<TriangleAlert size={20} />} title={t("errors.title")} hint={explain(error)} />;
  return (
    <>
      <PageHead icon={<Upload size={16} />} title={job?.file_name ?? t("imports.title")}>
        {job && !finished && <Button onClick={() => void cancel()}>{t("imports.cancel")}</Button>}
        {finished && <UndoButton job={job} />}
        {finished && entity && (
          <Link to="/$entity" params={{ entity: entity.plural }} className={buttonClass("primary")}>
            {t("imports.show", { label: within(entity.label_plural) })}
          </Link>
        )}
      </PageHead>
      <ScrollRegion label={t("imports.progress")} className="min-h-0 flex-1 bg-sunken">
        <div className="mx-auto flex max-w-[960px] flex-col gap-4 p-4 lg:p-6">
          {job ? (
            <>
              <div className="rounded-md bg-raised p-4 shadow-card">
                <ProgressBar job={job} />
                {job.started_at && (
                  <p className="mt-2 text-xs text-fg-2">
                    {job.finished_at
                      ? t("imports.ran", { from: moment(job.started_at), to: moment(job.finished_at) })
                      : t("imports.began", { from: moment(job.started_at) })}
                  </p>
                )}
              </div>
              {job.message && <Notice tone={job.status === "failed" ? "danger" : "info"}>{job.message}</Notice>}
              <Counts job={job} />
              <Undone job={job} />
              <RowErrors job={job} />
            </>
          ) : (
            <Skeleton className="h-24 rounded-md!" />
          )}
        </div>
      </ScrollRegion>
    </>
  );
}
