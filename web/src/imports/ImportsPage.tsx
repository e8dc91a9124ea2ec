import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ChevronDown, TriangleAlert, Upload } from "lucide-react";
import { useTranslation } from "react-i18next";
import { can, findEntity, importsQuery, isFinished, useMeta } from "@/api/queries";
import type { Hue, ImportStatus } from "@/api/types";
import { EntityIcon } from "@/app/EntityIcon";
import { navigationOf } from "@/app/navigation";
import { PageHead, useTitle } from "@/app/pages";
import { moment, number, relative } from "@/lib/format";
import { within } from "@/lib/words";
import { explain } from "@/records/errors";
import { Button, buttonClass, DropMenu, Empty, ScrollRegion, Skeleton, Tag } from "@/ui";

/** Kinds of record that are offered at once; the others are in a menu. */
const FEW = 4;
const HUE: Record<ImportStatus, Hue> = { queued: "gray", running: "blue", completed: "green", failed: "red", cancelled: "amber" };

/** Every import so far, and the way to start one. */
export default function ImportsPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  useTitle(t("imports.title"));
  const meta = useMeta();
  const { data, error } = useQuery({
    ...importsQuery,
    refetchInterval: (query) => (query.state.data?.data.some((job) => !isFinished(job)) ? 1500 : false),
  });
  const entities = navigationOf(meta).records.filter((entity) => can(entity, "import") && !entity.read_only);
  const starts = entities.slice(0, FEW).map((entity) => (
    <Link key={entity.name} to="/$entity/import" params={{ entity: entity.plural }} className={buttonClass("secondary", "sm")}>
      <Upload size={14} /> {t("imports.into", { label: within(entity.label_plural) })}
    </Link>
  ));
  const others = entities.slice(FEW);
  const start = (
    <div className="flex flex-wrap justify-center gap-2 sm:justify-start">
      {starts}
      {others.length > 0 && (
        <DropMenu
          trigger={
            <Button size="sm">
              {t("imports.others")} <ChevronDown size={14} aria-hidden />
            </Button>
          }
          items={others.map((entity) => ({
            label: entity.label_plural,
            icon: <EntityIcon name={entity.icon} size={14} />,
            onSelect: () => void navigate({ to: "/$entity/import", params: { entity: entity.plural } }),
          }))}
        />
      )}
    </div>
  );
  return (
    <>
      <PageHead icon={<Upload size={16} />} title={t("imports.title")} />
      {error ? (
        <Empty icon={<TriangleAlert size={20} />} title={t("errors.title")} hint={explain(error)} />
      ) : data && data.data.length === 0 ? (
        <Empty icon={<Upload size={20} />} title={t("imports.none")} hint={t("imports.noneHint")}>
          {start}
        </Empty>
      ) : (
        <ScrollRegion label={t("imports.title")} className="min-h-0 flex-1 bg-sunken">
          <div className="mx-auto flex max-w-[960px] flex-col gap-3 p-4 lg:p-6">
            {start}
            {!data && <Skeleton className="h-32 rounded-md!" />}
            {data && (
              <div className="scroll rounded-md bg-raised shadow-card">
                <table className="w-full border-collapse">
                  <thead>
                    <tr className="border-b text-xs text-fg-2">
                      <th scope="col" className="px-4 py-2.5 text-start font-medium">
                        {t("imports.file")}
                      </th>
                      <th scope="col" className="px-4 py-2.5 text-start font-medium max-sm:hidden">
                        {t("imports.target")}
                      </th>
                      <th scope="col" className="px-4 py-2.5 text-start font-medium">
                        {t("imports.state")}
                      </th>
                      <th scope="col" className="px-4 py-2.5 text-end font-medium">
                        {t("imports.rowCount")}
                      </th>
                      <th scope="col" className="px-4 py-2.5 text-end font-medium max-sm:hidden">
                        {t("imports.when")}
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {data.data.map((job) => (
                      <tr key={job.id} className="border-b last:border-b-0 hover:bg-hover">
                        <td className="max-w-64 px-4 py-2">
                          <Link
                            to="/imports/$id"
                            params={{ id: job.id }}
                            className="block truncate font-medium underline-offset-3 hover:underline"
                          >
                            {job.file_name}
                          </Link>
                        </td>
                        <td className="px-4 py-2 text-fg-2 max-sm:hidden">
                          {findEntity(meta, job.entity)?.label_plural ?? job.entity}
                        </td>
                        <td className="px-4 py-2">
                          <span className="flex flex-wrap gap-1">
                            <Tag label={t(`imports.status.${job.status}`)} hue={HUE[job.status]} dot />
                            {job.dry_run && <Tag label={t("imports.trial")} hue="violet" />}
                          </span>
                        </td>
                        <td className="tabular px-4 py-2 text-end">{number(job.total ?? job.processed)}</td>
                        <td
                          className="px-4 py-2 text-end text-fg-2 max-sm:hidden"
                          title={job.started_at ? moment(job.started_at) : undefined}
                        >
                          {job.started_at ? relative(job.started_at) : "—"}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </div>
        </ScrollRegion>
      )}
    </>
  );
}
