import "@/i18n/work";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight, Clock, Table2, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { can, findEntity, isGranted, useMe, useMeta } from "@/api/queries";
import type { Entity } from "@/api/types";
import { NotFound, PageHead, useTitle } from "@/app/pages";
import { useRecordItems } from "@/fields/parts/RecordPick";
import { addDays } from "@/lib/days";
import { currentLocale, shortDay } from "@/lib/format";
import { useNow } from "@/lib/now";
import { dayOf } from "@/lib/zone";
import { explain } from "@/records/errors";
import { Avatar, Button, buttonClass, Empty, Picker, ScrollRegion, Skeleton } from "@/ui";
import { Sheet } from "./Sheet";
import type { TimesheetSearch } from "./search";
import { weekQuery } from "./time";
import { firstWeekday, weekOf } from "./week";

/** A week of one person's time: what it was spent on, day by day, and whether it is approved. */
export default function TimesheetPage() {
  const { t } = useTranslation();
  useTitle(t("time.title"));
  const meta = useMeta();
  const me = useMe();
  const entity = findEntity(meta, "time_entry");
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as TimesheetSearch;
  const first = firstWeekday(currentLocale());
  const today = dayOf(useNow());
  const week = weekOf(search.week ?? today, first);
  const user = search.user ?? me.user.id;
  const query = useQuery({ ...weekQuery(user, week), enabled: entity !== undefined });
  if (!entity) return <NotFound />;
  const go = (change: TimesheetSearch) => {
    const next = { ...search, ...change };
    void navigate({
      to: "/timesheet",
      search: {
        ...(next.week && next.week !== weekOf(today, first) ? { week: next.week } : {}),
        ...(next.user && next.user !== me.user.id ? { user: next.user } : {}),
      },
      replace: true,
    });
  };
  return (
    <>
      <PageHead icon={<Clock size={16} />} title={t("time.title")}>
        {isGranted(me, entity.resource, "approve") && (
          <Whose entity={entity} user={user} onChoose={(next) => go({ user: next })} />
        )}
        <Link to="/$entity" params={{ entity: entity.plural }} className={buttonClass("ghost", "sm")}>
          <Table2 size={14} aria-hidden /> <span className="max-sm:sr-only">{t("time.entries")}</span>
        </Link>
      </PageHead>
      <div className="flex h-11 shrink-0 items-center gap-1 border-b px-3">
        <Button variant="ghost" size="icon" aria-label={t("time.previous")} onClick={() => go({ week: addDays(week, -7) })}>
          <ChevronLeft size={15} className="rtl:rotate-180" />
        </Button>
        <h2 className="tabular min-w-36 text-center font-medium" aria-live="polite">
          {shortDay(week, today)} – {shortDay(addDays(week, 6), today)}
        </h2>
        <Button variant="ghost" size="icon" aria-label={t("time.next")} onClick={() => go({ week: addDays(week, 7) })}>
          <ChevronRight size={15} className="rtl:rotate-180" />
        </Button>
        {week !== weekOf(today, first) && (
          <Button variant="ghost" size="sm" onClick={() => go({ week: weekOf(today, first) })}>
            {t("time.thisWeek")}
          </Button>
        )}
      </div>
      <ScrollRegion label={t("time.title")} className="min-h-0 flex-1 bg-sunken">
        <div className="mx-auto flex max-w-[1120px] flex-col gap-4 p-4 lg:p-6">
          {query.error ? (
            <Empty icon={<TriangleAlert size={20} />} title={t("errors.title")} hint={explain(query.error)}>
              <Button variant="primary" onClick={() => void query.refetch()}>
                {t("errors.retry")}
              </Button>
            </Empty>
          ) : query.data ? (
            <Sheet
              key={`${user}/${week}`}
              entity={entity}
              user={user}
              week={week}
              entries={query.data.data}
              writable={can(entity, "create") && user === me.user.id}
            />
          ) : (
            <div role="status" aria-label={t("common.loading")} className="rounded-md bg-raised p-4 shadow-card">
              {[1, 2, 3, 4].map((row) => (
                <Skeleton key={row} className="my-3 h-6" />
              ))}
            </div>
          )}
        </div>
      </ScrollRegion>
    </>
  );
}

/** Whose week is looked at, for whoever approves it. */
function Whose({ user, onChoose }: { entity: Entity; user: string; onChoose: (user: string) => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const people = findEntity(useMeta(), "user");
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const { items, loading } = useRecordItems(people, text, open || user !== me.user.id);
  const name = user === me.user.id ? me.user.full_name : (items.find((item) => item.value === user)?.label ?? "…");
  return (
    <Picker
      label={t("time.whose")}
      items={items}
      value={[user]}
      open={open}
      onOpenChange={setOpen}
      onSearch={setText}
      loading={loading}
      onChange={([next]) => {
        setOpen(false);
        if (next) onChoose(next);
      }}
      triggerLabel={`${t("time.whose")}: ${name}`}
      trigger={
        <Button size="sm" variant="ghost">
          <Avatar name={name} size={16} /> <span className="max-w-40 truncate max-sm:sr-only">{name}</span>
        </Button>
      }
    />
  );
}
