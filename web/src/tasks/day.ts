import { queryOptions } from "@tanstack/react-query";
import { allOf, fetchList, findEntity, includesOf, loadedMeta } from "@/api/queries";
import type { Activity, Entity, FilterTree, List, Rec } from "@/api/types";
import { isoDay } from "@/lib/format";

/** Why a deal of mine wants to be looked at. */
export type Concern = "late" | "no_date" | "no_step";
export type Worry = { entity: Entity; record: Rec; concern: Concern };

const MOST = 100;
const mine = (entity: Entity): FilterTree | undefined => {
  const owner = entity.fields.find((field) => field.kind === "user" && !field.read_only && field.filterable && !field.custom);
  return owner ? { field: owner.name, op: "in", value: ["me"] } : undefined;
};

/** What is wrong with a deal: its day has passed, it has none, or nobody has planned what comes next. */
export function concernOf(record: Rec, planned: ReadonlySet<string>, today: string): Concern | null {
  const close = record.expected_close_date;
  if (typeof close === "string" && close && close < today) return "late";
  if (!planned.has(record.id)) return "no_step";
  return close ? null : "no_date";
}
const RANK: Concern[] = ["late", "no_step", "no_date"];

/** My open deals that need attention, the latest first. */
export const worriesQuery = queryOptions({
  queryKey: ["derived", "worries"],
  queryFn: async ({ signal }): Promise<Worry[]> => {
    const meta = loadedMeta();
    const entity = meta ? findEntity(meta, "deal") : undefined;
    const own = entity ? mine(entity) : undefined;
    if (!meta || !entity || !own) return [];
    const { data } = await fetchList(
      entity.plural,
      {
        filter: allOf(own, { field: "status", op: "eq", value: "open" }),
        sort: "expected_close_date",
        include: includesOf(entity.fields.filter((field) => field.name === "company_id")),
      },
      { limit: MOST },
      signal,
    );
    if (data.length === 0) return [];
    const steps = await fetchList(
      "tasks",
      {
        filter: allOf(
          { field: "subject_id", op: "in", value: data.map((record) => record.id) },
          { field: "status", op: "in", value: ["todo", "in_progress", "review"] },
        ),
      },
      { limit: 200 },
      signal,
    );
    const planned = new Set(steps.data.map((task) => String(task.subject_id)));
    const today = isoDay(new Date());
    return data
      .flatMap((record): Worry[] => {
        const concern = concernOf(record, planned, today);
        return concern ? [{ entity, record, concern }] : [];
      })
      .sort((one, other) => RANK.indexOf(one.concern) - RANK.indexOf(other.concern));
  },
  staleTime: 60_000,
});

export type News = { activity: Activity; entity: Entity; record: Rec };
const LATELY = 8;

/** What others did to my records lately: those of mine that changed last, and what happened to them. */
export const newsQuery = (me: string) =>
  queryOptions({
    queryKey: ["derived", "news", me],
    queryFn: async ({ signal }): Promise<News[]> => {
      const meta = loadedMeta();
      if (!meta) return [];
      const kinds = ["lead", "company", "contact", "deal"].flatMap((name) => findEntity(meta, name) ?? []);
      const lists = await Promise.all(
        kinds.map(async (entity) => {
          const own = mine(entity);
          if (!own) return [];
          const { data } = await fetchList(entity.plural, { filter: own, sort: "-updated_at" }, { limit: 15 }, signal);
          return data.map((record) => ({ entity, record }));
        }),
      );
      const records = new Map(lists.flat().map((entry) => [entry.record.id, entry]));
      if (records.size === 0) return [];
      const { data } = (await fetchList(
        "activities",
        {
          filter: allOf({ field: "entity_id", op: "in", value: [...records.keys()] }, { field: "user_id", op: "ne", value: me }),
          include: ["user"],
          sort: "-created_at",
        },
        { limit: LATELY * 3 },
        signal,
      )) as unknown as List<Activity>;
      return data.flatMap((activity): News[] => {
        const about = records.get(activity.entity_id);
        return about ? [{ activity, ...about }] : [];
      });
    },
    staleTime: 60_000,
  });
