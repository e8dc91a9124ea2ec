import type { Entity, Rec } from "@/api/types";
import { changed, type ListSearch } from "@/filters/search";
import i18n from "@/i18n";
import { within } from "@/lib/words";

/** What a view keeps of a list's address: what is shown, not what is open beside it. */
const KEPT = ["q", "sort", "f", "any", "cols", "layout", "pipeline", "archived"] as const;
export type ViewSearch = Pick<ListSearch, (typeof KEPT)[number]>;
export type View = {
  id: string;
  name: string;
  search: ViewSearch;
  /** Of one that somebody saved: its record, whether it is this person's, whether others see it. */
  saved?: { record: Rec; mine: boolean; shared: boolean };
};

export const viewOf = (search: ListSearch): ViewSearch =>
  Object.fromEntries(KEPT.flatMap((name) => (search[name] === undefined ? [] : [[name, search[name]]])));

/** The key order of an address says nothing. */
const canonical = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(canonical)
    : typeof value === "object" && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([one], [other]) => one.localeCompare(other))
            .map(([key, entry]) => [key, canonical(entry)]),
        )
      : value;
export const sameView = (one: ViewSearch, other: ViewSearch): boolean =>
  JSON.stringify(canonical(one)) === JSON.stringify(canonical(other));

/** The views every list has without anybody saving one: everything, what is mine, what is put away. */
export function builtInViews(entity: Entity): View[] {
  const owner = entity.fields.find((field) => field.kind === "user" && !field.read_only && field.filterable && !field.custom);
  return [
    { id: "all", name: i18n.t("views.all", { label: within(entity.label_plural) }), search: {} },
    ...(owner
      ? [{ id: "mine", name: i18n.t("views.mine"), search: { f: [{ field: owner.name, op: "in" as const, value: ["me"] }] } }]
      : []),
    ...(entity.archive ? [{ id: "archived", name: i18n.t("views.archived"), search: { archived: "only" as const } }] : []),
  ];
}

/** The view an address shows: the one it names, or else the one that looks like it. */
export function currentView(views: View[], search: ListSearch): View | undefined {
  const named = views.find((view) => view.id === search.view);
  if (named) return named;
  // A layout is no view of its own: the board of everything is still everything.
  const { layout: _layout, pipeline: _pipeline, cols: _cols, ...shown } = viewOf(search);
  return views.find((view) => sameView(view.search, viewOf(search)) || sameView(view.search, shown));
}

/** Whether the address has moved on from what its view holds. */
export function isChanged(view: View | undefined, search: ListSearch): boolean {
  if (!view) return true;
  const now = viewOf(search);
  const { layout, pipeline, cols, ...rest } = now;
  const held = view.search;
  return !sameView(held, {
    ...rest,
    // What a view leaves open may be as it is.
    ...(held.layout || (view.saved && layout !== "list") ? { layout } : {}),
    ...(held.pipeline ? { pipeline } : {}),
    ...(held.cols || view.saved ? { cols } : {}),
  } as ViewSearch);
}

/** The address of a view: all that it holds, and of the rest only the layout where it says none. */
export function openView(view: View, search: ListSearch): ListSearch {
  return changed(
    {},
    {
      ...(view.saved
        ? { layout: search.layout === "list" ? search.layout : undefined }
        : { layout: search.layout, pipeline: search.pipeline, cols: search.cols }),
      ...view.search,
      view: view.id === "all" ? undefined : view.id,
    },
  );
}
