import { useInfiniteQuery } from "@tanstack/react-query";
import { ListPlus, SquareCheck, TriangleAlert } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { allOf, can, columnQuery, type ListParams } from "@/api/queries";
import { FilterBar } from "@/filters/FilterBar";
import { treeOf } from "@/filters/search";
import { within } from "@/lib/words";
import { Beside } from "@/records/Beside";
import { explain } from "@/records/errors";
import { ListToolbar } from "@/records/ListToolbar";
import type { ListProps } from "@/records/special";
import { Button, Empty, ScrollRegion, Skeleton } from "@/ui";
import { bucketOf } from "./buckets";
import { TaskGroups } from "./TaskGroups";
import { isOpen } from "./tasks";

/** Tasks of everybody by when they are due. Unless a filter says otherwise, what is done stays out of sight. */
export default function TaskList({ entity, search, set, onView }: ListProps) {
  const { t } = useTranslation();
  const { f, any, q } = search;
  const params = useMemo<ListParams>(() => {
    const filter = treeOf({ ...(f ? { f } : {}), ...(any ? { any } : {}) });
    const named = JSON.stringify(filter ?? null).includes('"status"');
    return {
      ...(q ? { q } : {}),
      sort: "due_at",
      include: ["subject", "assigned_to"],
      filter: allOf(filter, named ? undefined : { field: "status", op: "in", value: ["todo", "in_progress", "review"] }),
    };
  }, [f, any, q]);
  const query = useInfiniteQuery(columnQuery(entity.plural, params));
  const tasks = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  return (
    <>
      <ListToolbar entity={entity} search={search} set={set} onView={onView} />
      <FilterBar entity={entity} items={f ?? []} any={any === true} onChange={set} />
      <Beside entity={entity} peek={search.peek} set={set}>
        <ScrollRegion label={entity.label_plural} className="min-h-0 min-w-0 flex-1 bg-sunken">
          <div className="mx-auto flex max-w-[960px] flex-col gap-4 p-4 lg:p-6">
            {query.error && tasks.length === 0 ? (
              <Empty icon={<TriangleAlert size={20} />} title={t("errors.title")} hint={explain(query.error)}>
                <Button variant="primary" onClick={() => void query.refetch()}>
                  {t("errors.retry")}
                </Button>
              </Empty>
            ) : query.isPending ? (
              <div className="rounded-md bg-raised shadow-card" role="status" aria-label={t("common.loading")}>
                {[1, 2, 3, 4, 5, 6].map((row) => (
                  <div key={row} className="flex h-11 items-center gap-3 border-b px-3 last:border-b-0">
                    <Skeleton className="size-4 rounded-full!" />
                    <Skeleton className="h-3.5 flex-1" />
                  </div>
                ))}
              </div>
            ) : tasks.length === 0 ? (
              <Empty icon={<SquareCheck size={20} />} title={t("tasks.none")} hint={t("tasks.noneHint")}>
                {can(entity, "create") && (
                  <Button variant="primary" onClick={() => set({ create: true })}>
                    <ListPlus size={15} /> {t("list.new", { label: within(entity.label) })}
                  </Button>
                )}
              </Empty>
            ) : (
              <TaskGroups
                tasks={tasks}
                showAssignee
                bucketOf={(task) => (isOpen(task) ? bucketOf(task.due_at) : "done")}
                onOpen={(task) => set({ peek: task.id })}
              />
            )}
            {query.hasNextPage && (
              <Button className="self-center" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {t("tasks.more")}
              </Button>
            )}
          </div>
        </ScrollRegion>
      </Beside>
    </>
  );
}
