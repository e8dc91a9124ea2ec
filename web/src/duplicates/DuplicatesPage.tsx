import "@/i18n/work";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Combine, CopyCheck, Split, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { can, useEntity } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { NotFound, PageHead, useTitle } from "@/app/pages";
import { kindOf, shownFields } from "@/fields/registry";
import { hasFace, isPerson, titleOf, valueIn } from "@/fields/values";
import { number, relative } from "@/lib/format";
import { within } from "@/lib/words";
import { explain } from "@/records/errors";
import { Avatar, Button, buttonClass, Empty, ScrollRegion, Skeleton, Tag } from "@/ui";
import { MergeDialog } from "./MergeDialog";
import { duplicatesQuery, fuller, type Group, tellApart } from "./model";

/** Records that may be the same, group by group: made one, or told apart for good. */
export default function DuplicatesPage() {
  const params = useParams({ strict: false });
  const entity = useEntity(params.entity ?? "");
  if (!entity?.mergeable) return <NotFound />;
  return <Groups key={entity.name} entity={entity} />;
}

function Groups({ entity }: { entity: Entity }) {
  const { t } = useTranslation();
  const title = t("duplicates.title", { label: within(entity.label_plural) });
  useTitle(title);
  const query = useInfiniteQuery(duplicatesQuery(entity.plural));
  const groups = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <PageHead icon={<CopyCheck size={16} />} title={title}>
        <Link to="/$entity" params={{ entity: entity.plural }} className={buttonClass("ghost", "sm")}>
          {t("record.backToList", { label: within(entity.label_plural) })}
        </Link>
      </PageHead>
      <ScrollRegion label={title} className="flex min-h-0 flex-1 flex-col bg-sunken">
        {query.error && groups.length === 0 ? (
          <Empty icon={<TriangleAlert size={20} />} title={t("errors.title")} hint={explain(query.error)}>
            <Button variant="primary" onClick={() => void query.refetch()}>
              {t("errors.retry")}
            </Button>
          </Empty>
        ) : query.isPending ? (
          <div
            role="status"
            aria-label={t("common.loading")}
            className="mx-auto flex w-full max-w-[860px] flex-col gap-4 p-4 lg:p-6"
          >
            {[1, 2, 3].map((group) => (
              <Skeleton key={group} className="h-36 rounded-md!" />
            ))}
          </div>
        ) : groups.length === 0 && !query.hasNextPage ? (
          <Empty icon={<CopyCheck size={20} />} title={t("duplicates.none")} hint={t("duplicates.noneHint")} />
        ) : (
          <div className="mx-auto flex w-full max-w-[860px] flex-col gap-4 p-4 lg:p-6">
            {groups.map((group) => (
              <GroupCard key={group.records.map((record) => record.id).join()} entity={entity} group={group} />
            ))}
            {query.hasNextPage && (
              <Button className="self-center" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {t("duplicates.more")}
              </Button>
            )}
          </div>
        )}
      </ScrollRegion>
    </>
  );
}

function GroupCard({ entity, group }: { entity: Entity; group: Group }) {
  const { t } = useTranslation();
  const [merging, setMerging] = useState(false);
  const [first, second] = group.records;
  if (!first || !second) return null;
  const [stays, goes] = fuller(entity, first, second);
  const labelOf = (name: string) => entity.fields.find((field) => field.name === name)?.label ?? name;
  const editable = can(entity, "update") && can(entity, "delete");
  return (
    <section aria-label={titleOf(entity, stays)} className="rounded-md bg-raised shadow-card" data-duplicates>
      <div className="flex flex-wrap items-center gap-2 border-b px-3 py-2">
        <Tag
          label={t("duplicates.sure", { score: number(group.score) })}
          hue={group.score >= 90 ? "green" : group.score >= 75 ? "amber" : "gray"}
        />
        <span className="min-w-0 flex-1 truncate text-xs text-fg-2">
          {t("duplicates.because", { fields: [...new Set(group.reasons.map(({ field }) => labelOf(field)))].join(", ") })}
        </span>
        {editable && (
          <>
            <Button size="sm" variant="ghost" onClick={() => void tellApart(entity, first, second)}>
              <Split size={14} /> {t("duplicates.different")}
            </Button>
            <Button size="sm" variant="primary" onClick={() => setMerging(true)}>
              <Combine size={14} /> {t("duplicates.merge")}
            </Button>
          </>
        )}
      </div>
      <ul className="m-0 list-none p-0">
        {group.records.map((record) => (
          <Candidate key={record.id} entity={entity} record={record} />
        ))}
      </ul>
      {merging && <MergeDialog entity={entity} stays={stays} goes={goes} onClose={() => setMerging(false)} />}
    </section>
  );
}

const SAID = ["email", "phone", "url", "reference", "choice"];
function Candidate({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const name = titleOf(entity, record);
  const words = shownFields(entity)
    .filter((field) => SAID.includes(field.kind) && field.name !== entity.title_field)
    .map((field) => kindOf(field).text(valueIn(record, field), field, record))
    .filter(Boolean)
    .slice(0, 4)
    .join(" · ");
  return (
    <li className="border-b border-line/80 last:border-b-0">
      <Link
        to="/$entity/$id"
        params={{ entity: entity.plural, id: record.id }}
        className="flex min-h-12 items-center gap-3 px-3 py-2 hover:bg-hover"
      >
        {hasFace(entity) && <Avatar name={name || "?"} square={!isPerson(entity)} size={28} />}
        <span className="min-w-0 flex-1">
          <span className="block truncate font-medium">{name}</span>
          <span className="block truncate text-xs text-fg-2">{words}</span>
        </span>
        <span className="shrink-0 text-xs text-fg-3">{t("duplicates.made", { when: relative(record.created_at) })}</span>
      </Link>
    </li>
  );
}
