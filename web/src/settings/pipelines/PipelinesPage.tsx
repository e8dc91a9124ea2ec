import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { GitBranch, Plus, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { can, findEntity, useEntity, useMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { NotFound } from "@/app/pages";
import { RecordDialog } from "@/forms/RecordDialog";
import { explain } from "@/records/errors";
import { Button, cx, Empty, Notice, Skeleton, Tag } from "@/ui";
import { SettingsPage } from "../frame";
import { DEALS, pipelinesQuery, purposeOf, stagesQuery } from "./model";
import { PipelineCard } from "./PipelineCard";

/** The pipelines of deals and leads, and the stages of the one that is chosen. */
export default function PipelinesPage() {
  const { t } = useTranslation();
  const meta = useMeta();
  const navigate = useNavigate();
  const { pipeline: chosen } = useSearch({ strict: false });
  const pipeline = useEntity("pipeline");
  const stage = useEntity("stage");
  const pipelines = useQuery(pipelinesQuery);
  const stages = useQuery(stagesQuery);
  const [creating, setCreating] = useState(false);
  if (!pipeline || !stage) return <NotFound />;
  const held = pipelines.data?.data ?? [];
  const current = held.find((one) => one.id === chosen) ?? held.find((one) => one.is_default === true) ?? held[0];
  const purposes = [...new Set(held.map(purposeOf))].sort();
  const error = pipelines.error ?? stages.error;
  const mayCreate = can(pipeline, "create");
  return (
    <SettingsPage
      page="pipelines"
      wide
      actions={
        mayCreate && (
          <Button variant="primary" onClick={() => setCreating(true)}>
            <Plus size={15} aria-hidden />
            {t("pipelines.new")}
          </Button>
        )
      }
    >
      {!can(pipeline, "update") && <Notice tone="info">{t("settings.onlyRead")}</Notice>}
      {error ? (
        <Empty icon={<TriangleAlert size={20} />} title={t("errors.title")} hint={explain(error)} />
      ) : !pipelines.data || !stages.data ? (
        <Skeleton className="h-80 rounded-md!" />
      ) : !current ? (
        <Empty icon={<GitBranch size={20} />} title={t("pipelines.none")} hint={t("pipelines.noneHint")} />
      ) : (
        <>
          <nav aria-label={t("settings.pages.pipelines.title")} className="flex flex-wrap gap-x-6 gap-y-3">
            {purposes.map((purpose) => (
              <div key={purpose} className="min-w-0">
                <h2 className="pb-1 text-2xs font-medium text-fg-2">{findEntity(meta, purpose)?.label_plural ?? purpose}</h2>
                <div className="flex flex-wrap gap-1">
                  {held
                    .filter((one) => purposeOf(one) === purpose)
                    .map((one) => (
                      <PipelineLink key={one.id} pipeline={one} current={one.id === current.id} />
                    ))}
                </div>
              </div>
            ))}
          </nav>
          <PipelineCard
            key={current.id}
            entity={pipeline}
            stage={stage}
            pipeline={current}
            siblings={held.filter((one) => purposeOf(one) === purposeOf(current))}
            stages={stages.data.data.filter((one) => one.pipeline_id === current.id)}
          />
        </>
      )}
      {creating && (
        <NewPipeline
          entity={pipeline}
          purpose={current ? purposeOf(current) : DEALS}
          onClose={() => setCreating(false)}
          onDone={(made) => void navigate({ to: "/settings/pipelines", search: { pipeline: made.id } })}
        />
      )}
    </SettingsPage>
  );
}

function PipelineLink({ pipeline, current }: { pipeline: Rec; current: boolean }) {
  const { t } = useTranslation();
  return (
    <Link
      to="/settings/pipelines"
      search={{ pipeline: pipeline.id }}
      aria-current={current ? "page" : undefined}
      className={cx(
        "flex h-8 items-center gap-2 rounded-sm px-2.5 font-medium pointer-coarse:h-10",
        current ? "bg-active text-fg" : "text-fg-2 hover:bg-hover hover:text-fg",
      )}
    >
      <span className="truncate">{String(pipeline.name)}</span>
      {pipeline.is_default === true && <Tag label={t("pipelines.default")} />}
    </Link>
  );
}

function NewPipeline({
  entity,
  purpose,
  onClose,
  onDone,
}: {
  entity: Entity;
  purpose: string;
  onClose: () => void;
  onDone: (made: Rec) => void;
}) {
  const { t } = useTranslation();
  return (
    <RecordDialog
      entity={entity}
      names={["name", "entity", "is_default"]}
      preset={{ entity: purpose }}
      title={t("pipelines.new")}
      action={t("pipelines.create")}
      description={t("pipelines.newHint")}
      onClose={onClose}
      onDone={onDone}
    />
  );
}
