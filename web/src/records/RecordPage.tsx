import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import {
  Archive,
  ArchiveRestore,
  ChevronDown,
  ChevronRight,
  ChevronUp,
  Copy,
  FileQuestion,
  MoreHorizontal,
  PencilLine,
  RotateCcw,
  ShieldQuestion,
  Trash2,
} from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { findCached } from "@/api/cache";
import { ApiError } from "@/api/client";
import { can, recordQuery, useEntity, useMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { type Command, type CommandIcon, useCommands } from "@/app/commands";
import { EntityIcon } from "@/app/EntityIcon";
import { NotFound, useTitle } from "@/app/pages";
import { rememberVisit } from "@/app/recent";
import { isSettled } from "@/fields/settled";
import { titleOf } from "@/fields/values";
import { lazyNow, whenIdle } from "@/lib/lazyNow";
import { useMedia } from "@/lib/media";
import { KEYS, useShortcuts } from "@/lib/shortcuts";
import { within } from "@/lib/words";
import { Composer } from "@/timeline/Composer";
import type { Tab } from "@/timeline/drafts";
import { Timeline } from "@/timeline/Timeline";
import { writable } from "@/timeline/write";
import { Button, buttonClass, cx, DropMenu, Empty, Notice, notify, ScrollRegion, Skeleton, TabBar, Tip } from "@/ui";
import { deleteRecord, editRecord, restoreRecord } from "./edit";
import { explain, requestIdOf } from "./errors";
import { Facts } from "./Facts";
import { FieldList } from "./FieldList";
import { neighbour } from "./listContext";
import { RecordTitle } from "./RecordTitle";
import { RelatedColumn, relatedOf } from "./RelatedColumn";
import { specialOf } from "./special";

const EntityDialog = lazyNow(() => import("@/forms/EntityDialog"));
const AccessDialog = lazy(() => import("@/access/AccessDialog"));

export default function RecordPage() {
  const params = useParams({ strict: false });
  const entity = useEntity(params.entity ?? "");
  if (!entity || !params.id) return <NotFound />;
  return <RecordView key={`${entity.plural}/${params.id}`} entity={entity} id={params.id} />;
}

/** One record: what it is on the left, what is said and happens in the middle, what belongs to it on the right. */
function RecordView({ entity, id }: { entity: Entity; id: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const query = useQuery(recordQuery(entity, id));
  const record = query.data ?? findCached(entity.plural, id);
  const name = titleOf(entity, record);
  const [editing, setEditing] = useState(false);
  const [asking, setAsking] = useState(false);
  useTitle(name || entity.label);
  useEffect(() => whenIdle(EntityDialog.preload), []);
  useEffect(() => {
    if (name) rememberVisit({ plural: entity.plural, id, name });
  }, [entity.plural, id, name]);
  const step = useCallback(
    (by: 1 | -1) => {
      void neighbour(entity.plural, id, by)
        .then((next) => {
          if (next) void navigate({ to: "/$entity/$id", params: { entity: entity.plural, id: next } });
          else notify(t(by === 1 ? "record.last" : "record.first"));
        })
        .catch((error: unknown) => notify(explain(error), { error: true }));
    },
    [entity.plural, id, navigate, t],
  );
  const settled = isSettled(entity, record);
  const editable = record && can(entity, "update") && !entity.read_only && !record.deleted_at && !settled;
  useShortcuts({
    "record.next": () => step(1),
    "record.previous": () => step(-1),
    "record.list": () => void navigate({ to: "/$entity", params: { entity: entity.plural } }),
    ...(editable ? { "record.edit": () => setEditing(true) } : {}),
  });
  const remove = async () => {
    if (record && (await deleteRecord(entity, record))) void navigate({ to: "/$entity", params: { entity: entity.plural } });
  };
  const archive = entity.fields.find((field) => field.name === entity.archive);
  const archived = archive && record?.[archive.name] === true;
  const putAway = () => {
    if (record && archive) void editRecord(entity, record, [{ field: archive, value: !archived }]);
  };
  const copyLink = () => {
    void navigator.clipboard?.writeText(location.href);
    notify(t("record.linkCopied"));
  };
  const deletable = record && can(entity, "delete") && !entity.read_only && !record.deleted_at && !settled;
  const here = (id: string, label: string, icon: CommandIcon, run: () => void, keys?: string): Command => ({
    ...{ id: `here.${id}`, group: "here", label, icon: { name: icon }, run },
    ...(keys ? { keys } : {}),
  });
  useCommands([
    ...(editable ? [here("edit", t("record.edit"), "edit", () => setEditing(true), KEYS["record.edit"])] : []),
    ...(editable && archive ? [here("archive", t(archived ? "record.unarchive" : "record.archive"), "archive", putAway)] : []),
    here("access", t("record.access"), "help", () => setAsking(true)),
    here("link", t("record.copyLink"), "link", copyLink),
    ...(deletable ? [here("delete", t("common.delete"), "delete", () => void remove())] : []),
  ]);
  return (
    <>
      <div className="flex h-12 shrink-0 items-center gap-2 border-b px-4">
        <nav aria-label={t("record.breadcrumb")} className="flex min-w-0 items-center gap-1.5">
          <Link
            to="/$entity"
            params={{ entity: entity.plural }}
            className="flex items-center gap-1.5 text-fg-2 hover:text-fg pointer-coarse:min-h-10 pointer-coarse:min-w-10 max-sm:pointer-coarse:-ms-3 max-sm:pointer-coarse:justify-center"
          >
            <EntityIcon name={entity.icon} size={15} />
            <span className="max-sm:sr-only">{entity.label_plural}</span>
          </Link>
          <ChevronRight size={14} className="shrink-0 text-fg-3 rtl:rotate-180" aria-hidden />
          <span className="truncate font-medium" aria-current="page">
            {name}
          </span>
        </nav>
        <div className="ms-auto flex items-center gap-1">
          <Tip label={t("record.previous")} keys={KEYS["record.previous"]}>
            <Button variant="ghost" size="icon" aria-label={t("record.previous")} onClick={() => step(-1)}>
              <ChevronUp size={15} />
            </Button>
          </Tip>
          <Tip label={t("record.next")} keys={KEYS["record.next"]}>
            <Button variant="ghost" size="icon" aria-label={t("record.next")} onClick={() => step(1)}>
              <ChevronDown size={15} />
            </Button>
          </Tip>
          <DropMenu
            align="end"
            trigger={
              <Button variant="ghost" size="icon" aria-label={t("record.actions")}>
                <MoreHorizontal size={15} />
              </Button>
            }
            items={[
              ...(editable
                ? [
                    {
                      label: t("record.edit"),
                      icon: <PencilLine size={14} />,
                      keys: KEYS["record.edit"],
                      onSelect: () => setEditing(true),
                    },
                  ]
                : []),
              {
                label: t("record.access"),
                icon: <ShieldQuestion size={14} />,
                onSelect: () => setAsking(true),
              },
              {
                label: t("record.copyLink"),
                icon: <Copy size={14} />,
                onSelect: copyLink,
              },
              ...(editable && archive
                ? [
                    {
                      label: t(archived ? "record.unarchive" : "record.archive"),
                      icon: archived ? <ArchiveRestore size={14} /> : <Archive size={14} />,
                      onSelect: putAway,
                    },
                  ]
                : []),
              ...(deletable
                ? ([
                    "separator",
                    { label: t("common.delete"), icon: <Trash2 size={14} />, danger: true, onSelect: () => void remove() },
                  ] as const)
                : []),
            ]}
          />
        </div>
      </div>
      {record ? (
        <Body entity={entity} record={record} name={name} />
      ) : query.error ? (
        <Missing entity={entity} error={query.error} />
      ) : (
        <div role="status" aria-label={t("common.loading")} className="flex flex-col gap-3 p-4 lg:w-[360px]">
          <span className="flex items-center gap-3 pb-2">
            <Skeleton className="size-11" />
            <Skeleton className="h-6 w-40" />
          </span>
          {[1, 2, 3, 4, 5, 6, 7, 8].map((line) => (
            <Skeleton key={line} className="h-5" />
          ))}
        </div>
      )}
      <Suspense>
        {asking && record && <AccessDialog entity={entity} record={record} onClose={() => setAsking(false)} />}
        {editing && record && <EntityDialog entity={entity} record={record} onClose={() => setEditing(false)} />}
      </Suspense>
    </>
  );
}

const isTab = (value: unknown): value is Tab => value === "note" || value === "interaction" || value === "task";

function Body({ entity, record, name }: { entity: Entity; record: Rec; name: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const wide = useMedia("(min-width: 1280px)");
  const beside = useMedia("(min-width: 1024px)");
  const { compose } = useSearch({ strict: false }) as { compose?: string };
  const [start, setStart] = useState<{ tab: Tab } | null>(isTab(compose) ? { tab: compose } : null);
  const [part, setPart] = useState(
    // Where nothing can be written, what the record is comes before what happened to it.
    (entity.read_only || writable(entity).length === 0) && !specialOf(entity).Body ? "details" : "activity",
  );
  useEffect(() => {
    // What the address asked for has been done; a reload must not do it again.
    if (compose) void navigate({ to: ".", search: {}, replace: true });
  }, [compose, navigate]);
  const meta = useMeta();
  const { Head, Body: Own, sheet, broad } = specialOf(entity);
  const hasRelated = relatedOf(entity, meta).length > 0;
  // What only the machine writes is never changed: there is nothing to tell of it but itself.
  const lives = !entity.read_only;
  const plan =
    writable(entity).includes("task") && !record.deleted_at
      ? () => {
          setPart("activity");
          setStart({ tab: "task" });
        }
      : undefined;
  const title = (
    <>
      {record.deleted_at && (
        <Notice tone="warning">
          <span className="flex items-center gap-2">
            <span className="flex-1">{t("record.isDeleted")}</span>
            <Button size="sm" onClick={() => void restoreRecord(entity, record.id)}>
              <RotateCcw size={14} /> {t("bulk.restore")}
            </Button>
          </span>
        </Notice>
      )}
      <RecordTitle entity={entity} record={record} name={name} />
      {Head && !record.deleted_at && (
        <Suspense>
          <Head entity={entity} record={record} />
        </Suspense>
      )}
    </>
  );
  const activity = (
    <div className={cx("mx-auto flex flex-col gap-4", broad ? "max-w-[960px]" : "max-w-[760px]")}>
      <Facts entity={entity} record={record} />
      {Own && (
        <Suspense fallback={<Skeleton className="h-40 rounded-md!" />}>
          <Own entity={entity} record={record} />
        </Suspense>
      )}
      {lives && <Composer entity={entity} record={record} start={start} />}
      {lives && <Timeline entity={entity} id={record.id} />}
    </div>
  );
  const related = <RelatedColumn entity={entity} record={record} onPlan={plan} />;
  if (!beside)
    return (
      <div className="flex min-h-0 flex-1 flex-col">
        <div className="shrink-0 px-4 pt-3 pb-3">{title}</div>
        <TabBar
          label={t("record.parts")}
          value={part}
          onChange={setPart}
          items={[
            ...(lives || Own
              ? [
                  {
                    value: "activity",
                    label: t("record.activity"),
                    content: <Region label={t("record.timeline")}>{activity}</Region>,
                  },
                ]
              : []),
            {
              value: "details",
              label: t("record.details"),
              content: (
                <ScrollRegion label={t("record.details")} className="min-h-0 flex-1 p-4">
                  <FieldList entity={entity} record={record} />
                </ScrollRegion>
              ),
            },
            ...(hasRelated
              ? [
                  {
                    value: "related",
                    label: t("record.relatedShort"),
                    content: <Region label={t("record.related")}>{related}</Region>,
                  },
                ]
              : []),
          ]}
        />
      </div>
    );
  if (sheet || !(lives || Own || hasRelated))
    return (
      <ScrollRegion label={name || entity.label} className="min-h-0 flex-1 bg-sunken p-6">
        <div className={cx("mx-auto flex flex-col gap-5", sheet ? "max-w-[1200px]" : "max-w-[760px]")}>
          <div>{title}</div>
          {Own && (
            <Suspense fallback={<Skeleton className="h-60 rounded-md!" />}>
              <Own entity={entity} record={record} />
            </Suspense>
          )}
          <div className={cx("grid items-start gap-5", lives && "grid-cols-[340px_minmax(0,1fr)]")}>
            <section aria-label={t("record.details")} className="rounded-md bg-raised p-4 shadow-card">
              <FieldList entity={entity} record={record} />
              {hasRelated && <div className="mt-6 border-t pt-4">{related}</div>}
            </section>
            {lives && (
              <section aria-label={t("record.timeline")} className="flex min-w-0 flex-col gap-4">
                <Composer entity={entity} record={record} start={start} />
                <Timeline entity={entity} id={record.id} />
              </section>
            )}
          </div>
        </div>
      </ScrollRegion>
    );
  return (
    <div className="flex min-h-0 flex-1 overflow-hidden">
      <ScrollRegion label={t("record.details")} className="w-[360px] shrink-0 border-e p-4">
        {title}
        <div className="mt-4">
          <FieldList entity={entity} record={record} />
        </div>
        {hasRelated && (!wide || broad) && <div className="mt-6 border-t pt-4">{related}</div>}
      </ScrollRegion>
      <ScrollRegion label={t("record.timeline")} className="min-h-0 min-w-0 flex-1 bg-sunken p-4 lg:p-6">
        {activity}
      </ScrollRegion>
      {wide && !broad && hasRelated && (
        <ScrollRegion label={t("record.related")} className="w-[312px] shrink-0 border-s bg-sunken p-4">
          {related}
        </ScrollRegion>
      )}
    </div>
  );
}

const Region = ({ label, children }: { label: string; children: React.ReactNode }) => (
  <ScrollRegion label={label} className="min-h-0 flex-1 bg-sunken p-4">
    {children}
  </ScrollRegion>
);

function Missing({ entity, error }: { entity: Entity; error: Error }) {
  const { t } = useTranslation();
  const gone = error instanceof ApiError && error.status === 404;
  const requestId = requestIdOf(error);
  return (
    <Empty
      icon={<FileQuestion size={20} />}
      title={gone ? t("record.gone") : t("errors.title")}
      hint={gone ? t("record.goneHint") : `${explain(error)}${requestId ? ` (${requestId})` : ""}`}
    >
      <Link to="/$entity" params={{ entity: entity.plural }} className={buttonClass("secondary")}>
        {t("record.backToList", { label: within(entity.label_plural) })}
      </Link>
    </Empty>
  );
}
