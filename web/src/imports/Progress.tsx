import { useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useTranslation } from "react-i18next";
import { address, requestRaw } from "@/api/client";
import { isFinished } from "@/api/queries";
import type { ImportJob } from "@/api/types";
import { parseCsv } from "@/lib/csv";
import { number } from "@/lib/format";
import { buttonClass, cx } from "@/ui";

/** How far a job is, as a bar and in figures. */
export function ProgressBar({ job }: { job: ImportJob }) {
  const { t } = useTranslation();
  // How many rows there are is known once the file has been read.
  const total = job.total ?? job.processed;
  const share = total > 0 && job.total !== null ? Math.min(1, job.processed / total) : isFinished(job) ? 1 : 0;
  return (
    <div>
      <div className="mb-1.5 flex items-baseline justify-between gap-2">
        <span className="font-medium" role="status">
          {t(`imports.status.${job.status}`)}
        </span>
        <span className="tabular text-fg-2">
          {t("imports.processed", { processed: number(job.processed), total: number(total) })}
        </span>
      </div>
      <div
        role="progressbar"
        aria-label={t("imports.progress")}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        className="h-2 overflow-hidden rounded-full bg-active"
      >
        <div
          className={cx(
            "h-full rounded-full transition-[width] duration-500",
            job.status === "failed" ? "bg-danger" : "bg-accent",
          )}
          style={{ width: `${share * 100}%` }}
        />
      </div>
    </div>
  );
}

const COUNTS = ["created", "updated", "skipped", "failed"] as const;
export function Counts({ job }: { job: ImportJob }) {
  const { t } = useTranslation();
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-md bg-line shadow-card sm:grid-cols-4">
      {COUNTS.map((name) => (
        <div key={name} className="bg-raised px-4 py-3">
          <dt className="text-xs text-fg-2">{t(job.dry_run ? `imports.would.${name}` : `imports.did.${name}`)}</dt>
          <dd
            data-figure={name}
            className={cx("tabular mt-0.5 text-xl font-semibold", name === "failed" && job.failed > 0 && "text-danger-text")}
          >
            {number(job[name])}
          </dd>
        </div>
      ))}
    </dl>
  );
}

const SHOWN = 100;
/** The rows that could not be taken, each with its reason, and the file of all of them. */
export function RowErrors({ job }: { job: ImportJob }) {
  const { t } = useTranslation();
  const { data } = useQuery({
    queryKey: ["import-errors", job.id],
    queryFn: async () => parseCsv(await (await requestRaw(`/imports/${job.id}/errors`)).text(), SHOWN + 1),
    enabled: job.has_errors && isFinished(job),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!job.has_errors) return null;
  const [, ...rows] = data ?? [];
  return (
    <section aria-label={t("imports.errors")} className="scroll rounded-md bg-raised shadow-card">
      <div className="flex items-center gap-2 border-b px-4 py-2.5">
        <h2 className="font-semibold">{t("imports.errors")}</h2>
        <a
          href={address(`/imports/${job.id}/errors`)}
          download={`errors-${job.file_name}.csv`}
          className={cx(buttonClass("secondary", "sm"), "ms-auto")}
        >
          <Download size={14} /> {t("imports.download")}
        </a>
      </div>
      <table className="w-full border-collapse">
        <thead>
          <tr className="border-b text-xs text-fg-2">
            {(["row", "column", "value", "problem"] as const).map((name) => (
              <th key={name} scope="col" className="px-4 py-2 text-start font-medium">
                {t(`imports.errorColumn.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([row, column, value, message], index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a row may fail for several reasons, and the list never changes
            <tr key={index} className="border-b last:border-b-0">
              <td className="tabular px-4 py-2 text-fg-2">{row}</td>
              <td className="max-w-40 truncate px-4 py-2">{column}</td>
              <td className="max-w-52 truncate px-4 py-2 text-fg-2">{value}</td>
              <td className="px-4 py-2 text-danger-text">{message}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length >= SHOWN && <p className="border-t px-4 py-2 text-fg-2">{t("imports.firstErrors", { count: SHOWN })}</p>}
    </section>
  );
}
