import { infiniteQueryOptions, QueryClient, queryOptions, useSuspenseQuery } from "@tanstack/react-query";
import { ApiError, request } from "./client";
import type {
  Activity,
  AuthOptions,
  Entity,
  Field,
  FilterTree,
  HistoryEntry,
  ImportJob,
  List,
  Me,
  Meta,
  OrganizationSettings,
  Pipeline,
  Rec,
} from "./types";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: true,
      retry: (count, error) => !(error instanceof ApiError && error.status < 500) && count < 2,
    },
  },
});

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: () => request<Me>("/auth/me"),
  staleTime: 5 * 60_000,
});
export const authOptionsQuery = queryOptions({
  queryKey: ["auth-options"],
  queryFn: () => request<AuthOptions>("/auth/options"),
});
export const metaQuery = queryOptions({
  queryKey: ["meta"],
  queryFn: () => request<Meta>("/meta"),
  staleTime: 5 * 60_000,
});

/** The organization's tags with their colours. Who may not read them sees tags in colours of their names. */
export const tagsQuery = queryOptions({
  queryKey: ["list", "tags", { all: true }],
  queryFn: ({ signal }) => request<List>("/tags", { signal, query: { limit: 200, sort: "name" } }),
  staleTime: 60_000,
});
/** Reads the tags once, so that every list knows their colours; never fails. */
export const loadTags = (meta: Meta): Promise<unknown> =>
  meta.entities.some((entity) => entity.name === "tag" && can(entity, "read"))
    ? queryClient.ensureQueryData(tagsQuery).catch(() => undefined)
    : Promise.resolve();

export const organizationQuery = queryOptions({
  queryKey: ["organization"],
  queryFn: () => request<OrganizationSettings>("/organization"),
});
/** Whether this person may do something that is not about a kind of record. */
export const isGranted = (me: Me, resource: string, action: string): boolean =>
  me.grants.some((grant) => grant.resource === resource && grant.action === action);

export const PAGE_SIZE = 100;
/** What a list shows. `parent` asks for the children of one record: /companies/{id}/contacts. */
export type ListParams = {
  q?: string | undefined;
  sort?: string | undefined;
  filter?: FilterTree | undefined;
  include?: string[] | undefined;
  deleted?: boolean | undefined;
  /** Archived records are left out unless they are asked for: alone or with the others. */
  archived?: "only" | "with" | undefined;
  parent?: { plural: string; id: string; child: string } | undefined;
};

/** One tree that holds where all of these hold; undefined where there is nothing to hold. */
export function allOf(...trees: (FilterTree | undefined)[]): FilterTree | undefined {
  const given = trees.filter((tree): tree is FilterTree => tree !== undefined);
  return given.length > 1 ? { and: given } : given[0];
}

/** Filters longer than this travel in the body of POST /query instead of the address. */
const LONGEST_FILTER = 1500;

type Window = { limit: number; offset?: number; cursor?: string | undefined; total?: boolean };
export function fetchList(plural: string, params: ListParams, window: Window, signal?: AbortSignal): Promise<List> {
  const { filter } = params;
  const text = filter ? JSON.stringify(filter) : "";
  const path = params.parent ? `/${params.parent.plural}/${params.parent.id}/${params.parent.child}` : `/${plural}`;
  if (text.length > LONGEST_FILTER)
    return request<List>(`${path}/query`, {
      method: "POST",
      signal,
      body: {
        filter,
        ...window,
        ...(params.q ? { q: params.q } : {}),
        ...(params.sort ? { sort: params.sort } : {}),
        ...(params.include?.length ? { include: params.include.join(",") } : {}),
        ...(params.deleted ? { deleted: "only" } : {}),
        ...(params.archived ? { archived: params.archived } : {}),
      },
    });
  return request<List>(path, {
    signal,
    query: {
      ...window,
      q: params.q,
      sort: params.sort,
      filter: text,
      include: params.include?.join(","),
      deleted: params.deleted ? "only" : undefined,
      archived: params.archived,
    },
  });
}

export const listPageQuery = (plural: string, params: ListParams, page: number, size = PAGE_SIZE) =>
  queryOptions({
    queryKey: ["list", plural, params, size, page],
    queryFn: ({ signal }) => fetchList(plural, params, { limit: size, offset: page * size, total: true }, signal),
  });

/** The cards of one board column, read on by cursor. */
export const BOARD_PAGE = 50;
export const columnQuery = (plural: string, params: ListParams) =>
  infiniteQueryOptions({
    queryKey: ["list", plural, params, "column"],
    queryFn: ({ signal, pageParam }) => fetchList(plural, params, { limit: BOARD_PAGE, cursor: pageParam || undefined }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.page.next_cursor ?? undefined,
  });

const POINTS = new Set(["reference", "user", "any_reference"]);
/** Every name under which this entity's references can be nested. */
export const includesOf = (fields: Field[]): string[] => [
  ...new Set(fields.flatMap((field) => (POINTS.has(field.kind) && field.include ? [field.include] : []))),
];

export const recordQuery = (entity: Entity, id: string) =>
  queryOptions({
    queryKey: ["record", entity.plural, id],
    queryFn: ({ signal }) =>
      request<Rec>(`/${entity.plural}/${id}`, {
        signal,
        query: { include: includesOf(entity.fields).join(","), deleted: entity.soft_delete ? "with" : undefined },
      }),
  });

/** What happened to a record, newest first; only these types of it where any are given. */
export const activitiesQuery = (plural: string, id: string, types: string[] = []) =>
  infiniteQueryOptions({
    queryKey: ["activities", plural, id, types],
    queryFn: ({ signal, pageParam }) =>
      request<List<Activity>>(`/${plural}/${id}/activities`, {
        signal,
        query: {
          include: "user",
          limit: 50,
          cursor: pageParam || undefined,
          filter: types.length > 0 ? JSON.stringify({ field: "type", op: "in", value: types }) : undefined,
        },
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.page.next_cursor ?? undefined,
  });
export const historyQuery = (plural: string, id: string) =>
  infiniteQueryOptions({
    queryKey: ["history", plural, id],
    queryFn: ({ signal, pageParam }) =>
      request<List<HistoryEntry>>(`/${plural}/${id}/history`, { signal, query: { limit: 50, cursor: pageParam || undefined } }),
    initialPageParam: "",
    getNextPageParam: (last) => last.page.next_cursor ?? undefined,
  });

/** The stages of a board with their counts and sums, for the records that the parameters select. */
export const pipelineQuery = (plural: string, pipeline: string | undefined, params: ListParams) =>
  queryOptions({
    queryKey: ["pipeline", plural, pipeline ?? "", params],
    queryFn: ({ signal }) =>
      request<Pipeline>(`/${plural}/pipeline`, {
        signal,
        query: {
          pipeline_id: pipeline,
          q: params.q,
          filter: params.filter ? JSON.stringify(params.filter) : undefined,
          archived: params.archived,
        },
      }),
  });

export const importsQuery = queryOptions({
  queryKey: ["imports"],
  queryFn: () => request<List<ImportJob>>("/imports", { query: { limit: 100 } }),
  staleTime: 2_000,
});
export const isFinished = (job: ImportJob) => !["queued", "running"].includes(job.status);
export const importQuery = (id: string) =>
  queryOptions({
    queryKey: ["import", id],
    queryFn: () => request<ImportJob>(`/imports/${id}`),
    staleTime: 0,
    refetchInterval: (query) => (query.state.data && isFinished(query.state.data) ? false : 700),
  });

export const useMe = (): Me => useSuspenseQuery(meQuery).data;
export const useMeta = (): Meta => useSuspenseQuery(metaQuery).data;
export const findEntity = (meta: Meta, key: string): Entity | undefined =>
  meta.entities.find((entity) => entity.plural === key || entity.name === key);
/** The entity of a path segment or name, or undefined for one that this person cannot see. */
export const useEntity = (key: string): Entity | undefined => findEntity(useMeta(), key);
/** For places outside React: the metadata that is already loaded. */
export const loadedMeta = (): Meta | undefined => queryClient.getQueryData(metaQuery.queryKey);
/** Of these nested records those that the entity has: asking for one that it has not is refused. */
export function nestable(plural: string, wanted: string[]): string[] {
  const meta = loadedMeta();
  const known = includesOf((meta && findEntity(meta, plural))?.fields ?? []);
  return wanted.filter((name) => known.includes(name));
}
export const can = (entity: Entity, permission: Entity["permissions"][number]): boolean =>
  entity.permissions.includes(permission);
