import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { CalendarCheck, Inbox, ListPlus, Sun, TriangleAlert } from "lucide-react";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { findEntity, useMe, useMeta } from "@/api/queries";
import { PageHead, useTitle } from "@/app/pages";
import { faceOf } from "@/board/face";
import { kindOf } from "@/fields/registry";
import { titleOf, valueIn } from "@/fields/values";
import { longDay, relative } from "@/lib/format";
import { useNow } from "@/lib/now";
import { useShortcuts } from "@/lib/shortcuts";
import { dayOf } from "@/lib/zone";
import { Beside } from "@/records/Beside";
import { explain } from "@/records/errors";
import { mergeTimeline } from "@/timeline/model";
import { wordsOf } from "@/timeline/words";
import { Avatar, Button, buttonClass, Empty, Notice, ScrollRegion, Skeleton, Tag } from "@/ui";
import { newsQuery, type Worry, worriesQuery } from "./day";
import { QuickAdd } from "./QuickAdd";
import { TaskGroups } from "./TaskGroups";
import { myTasksQuery } from "./tasks";

/** Where the day begins: what is due, what wants attention, what others did meanwhile. */
export default function MyDayPage() {
  const { t } = useTranslation();
  useTitle(t("day.title"));
  const navigate = useNavigate();
  const { peek } = useSearch({ strict: false }) as { peek?: string };
  const task = findEntity(useMeta(), "task");
  const now = useNow();
  const add = useRef<HTMLInputElement>(null);
  useShortcuts({ "day.add": () => add.current?.focus() });
  const open = (id: string | undefined) => void navigate({ to: "/my-day", search: id ? { peek: id } : {}, replace: true });
  const content = (
    <ScrollRegion label={t("day.title")} className="min-h-0 min-w-0 flex-1 bg-sunken">
      <div className="mx-auto grid max-w-[1180px] grid-cols-1 gap-x-6 gap-y-6 p-4 lg:grid-cols-[minmax(0,1fr)_340px] lg:p-6">
        <div className="flex min-w-0 flex-col gap-5">
          <QuickAdd inputRef={add} />
          <Tasks onOpen={(id) => open(id)} onAdd={() => add.current?.focus()} />
        </div>
        <div className="flex min-w-0 flex-col gap-6">
          <Worries />
          <News />
        </div>
      </div>
    </ScrollRegion>
  );
  return (
    <>
      <PageHead
        icon={<Sun size={16} />}
        title={t("day.title")}
        aside={<span className="truncate text-fg-3">{longDay(dayOf(now))}</span>}
      >
        {task && (
          <Link to="/$entity" params={{ entity: task.plural }} className={buttonClass("secondary")}>
            {t("day.allTasks")}
          </Link>
        )}
      </PageHead>
      {task ? (
        <Beside entity={task} peek={peek} set={(change) => open(change.peek)}>
          {content}
        </Beside>
      ) : (
        content
      )}
    </>
  );
}

function Tasks({ onOpen, onAdd }: { onOpen: (id: string) => void; onAdd: () => void }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(myTasksQuery);
  if (error && !data)
    return (
      <Empty icon={<TriangleAlert size={20} />} title={t("errors.title")} hint={explain(error)}>
        <Button variant="primary" onClick={() => void refetch()}>
          {t("errors.retry")}
        </Button>
      </Empty>
    );
  if (!data)
    return (
      <div role="status" aria-label={t("common.loading")} className="flex flex-col gap-5">
        {[3, 2].map((rows) => (
          <div key={rows}>
            <Skeleton className="mb-2 h-4 w-24" />
            <div className="rounded-md bg-raised shadow-card">
              {Array.from({ length: rows }, (_, row) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a fixed list
                <div key={row} className="flex h-11 items-center gap-3 border-b px-3 last:border-b-0">
                  <Skeleton className="size-4 rounded-full!" />
                  <Skeleton className="h-3.5 flex-1" />
                </div>
              ))}
            </div>
          </div>
        ))}
      </div>
    );
  const open = data.data.filter((task) => task.bucket !== "done");
  return (
    <>
      {open.length === 0 && (
        <div className="rounded-md bg-raised shadow-card">
          <Empty icon={<CalendarCheck size={20} />} title={t("day.free")} hint={t("day.freeHint")}>
            <Button variant="primary" onClick={onAdd}>
              <ListPlus size={15} /> {t("tasks.add")}
            </Button>
          </Empty>
        </div>
      )}
      <TaskGroups
        tasks={data.data}
        counts={data.page.counts}
        bucketOf={(task) => String(task.bucket)}
        onOpen={(task) => onOpen(task.id)}
      />
    </>
  );
}

const HUE = { late: "red", no_step: "amber", no_date: "gray" } as const;
const SHOWN = 6;

/** Open deals whose day has passed, or that nobody has planned the next step of. */
function Worries() {
  const { t } = useTranslation();
  const { data, error } = useQuery(worriesQuery);
  const shown = data?.slice(0, SHOWN) ?? [];
  const deal = findEntity(useMeta(), "deal");
  if (!deal) return null;
  return (
    <section aria-labelledby="day-worries">
      <h2 id="day-worries" className="mb-1.5 flex items-baseline gap-2 px-1 font-semibold">
        {t("day.attention")}
        {data && data.length > 0 && <span className="tabular text-xs font-medium text-fg-3">{data.length}</span>}
      </h2>
      <div className="overflow-hidden rounded-md bg-raised shadow-card">
        {error ? (
          <Notice>{explain(error)}</Notice>
        ) : !data ? (
          <Rows />
        ) : shown.length === 0 ? (
          <p className="flex items-center gap-2.5 px-3 py-3 text-fg-2">
            <CalendarCheck size={15} className="shrink-0 text-fg-3" aria-hidden /> {t("day.nothingToWorry")}
          </p>
        ) : (
          <ul className="m-0 list-none p-0">
            {shown.map((worry) => (
              <WorryRow key={worry.record.id} worry={worry} />
            ))}
          </ul>
        )}
      </div>
      {data && data.length > SHOWN && (
        <Link
          to="/$entity"
          params={{ entity: deal.plural }}
          search={{
            view: "mine",
            sort: "expected_close_date",
            f: [{ field: "owner_id", op: "in", value: ["me"] }],
          }}
          className={`${buttonClass("ghost", "sm")} mt-1.5`}
        >
          {t("day.showAllDeals")}
        </Link>
      )}
    </section>
  );
}

function WorryRow({ worry: { entity, record, concern } }: { worry: Worry }) {
  const { t } = useTranslation();
  const face = faceOf(entity);
  const textOf = (field: typeof face.second) => (field ? kindOf(field).text(valueIn(record, field), field, record) : "");
  const close = String(record.expected_close_date ?? "");
  const label =
    concern === "late"
      ? t("day.late", { when: relative(`${close}T00:00:00Z`) })
      : t(concern === "no_step" ? "day.noStep" : "day.noDate");
  return (
    <li className="border-b border-line/80 last:border-b-0">
      <Link
        to="/$entity/$id"
        params={{ entity: entity.plural, id: record.id }}
        search={concern === "late" ? {} : { compose: "task" }}
        className="block px-3 py-2.5 hover:bg-hover"
      >
        <span className="flex items-baseline gap-2">
          <span className="min-w-0 flex-1 truncate font-medium">{titleOf(entity, record)}</span>
          <span className="tabular shrink-0 text-fg-2">{textOf(face.amount)}</span>
        </span>
        <span className="mt-1 flex items-center gap-2">
          <span className="min-w-0 flex-1 truncate text-xs text-fg-2">{textOf(face.second)}</span>
          <Tag label={label} hue={HUE[concern]} />
        </span>
      </Link>
    </li>
  );
}

/** What others did to my records. */
function News() {
  const { t } = useTranslation();
  const me = useMe();
  const { data, error } = useQuery(newsQuery(me.user.id));
  const told = (data ?? [])
    .flatMap((entry) => mergeTimeline([entry.activity], []).map((happening) => ({ ...entry, happening })))
    .slice(0, SHOWN);
  return (
    <section aria-labelledby="day-news">
      <h2 id="day-news" className="mb-1.5 px-1 font-semibold">
        {t("day.lately")}
      </h2>
      <div className="overflow-hidden rounded-md bg-raised shadow-card">
        {error ? (
          <Notice>{explain(error)}</Notice>
        ) : !data ? (
          <Rows />
        ) : told.length === 0 ? (
          <p className="flex items-center gap-2.5 px-3 py-3 text-fg-2">
            <Inbox size={15} className="shrink-0 text-fg-3" aria-hidden /> {t("day.noNews")}
          </p>
        ) : (
          <ul className="m-0 list-none p-0">
            {told.map(({ happening, entity, record }) => (
              <li key={happening.id} className="flex gap-2.5 border-b border-line/80 px-3 py-2.5 last:border-b-0 hover:bg-hover">
                <Avatar name={happening.actor ?? t("timeline.system")} size={20} />
                <p className="min-w-0 flex-1 text-fg-2">
                  <span className="font-medium text-fg">{happening.actor ?? t("timeline.system")}</span>{" "}
                  {wordsOf(t, entity, happening)}
                  {": "}
                  <Link
                    to="/$entity/$id"
                    params={{ entity: entity.plural, id: record.id }}
                    className="font-medium text-fg underline-offset-3 hover:underline"
                  >
                    {titleOf(entity, record)}
                  </Link>
                  <span className="block text-xs text-fg-3">{relative(happening.at)}</span>
                </p>
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

const Rows = () => (
  <div className="flex flex-col gap-4 p-3">
    {[1, 2, 3].map((row) => (
      <Skeleton key={row} className="h-8" />
    ))}
  </div>
);
