import { describe, expect, it } from "vitest";
import { entityOf, fieldOf } from "@/fields/testing";
import { builtInViews, currentView, isChanged, openView, type View } from "./views";

const entity = entityOf([fieldOf({ name: "name" }), fieldOf({ name: "owner_id", kind: "user" })], { archive: "is_archived" });
const [all, mine, archived] = builtInViews(entity) as [View, View, View];
const own: View = {
  id: "own.1",
  name: "Big ones",
  search: { sort: "-amount", cols: "name,amount", layout: "board" },
  saved: { record: {} as never, mine: true, shared: false },
};
const table: View = { ...own, id: "own.2", search: {} };
const views = [all, mine, archived, own];

describe("views", () => {
  it("are there without anybody saving one", () => {
    expect(views.map((view) => view.id)).toEqual(["all", "mine", "archived", "own.1"]);
    expect(mine.search.f).toEqual([{ field: "owner_id", op: "in", value: ["me"] }]);
    expect(builtInViews(entityOf([fieldOf({ name: "name" })])).map((view) => view.id)).toEqual(["all"]);
  });
  it("are known by their name in the address, or by what they show", () => {
    expect(currentView(views, {})).toBe(all);
    expect(currentView(views, { layout: "board", peek: "1" })).toBe(all);
    expect(currentView(views, { archived: "only" })).toBe(archived);
    expect(currentView(views, { view: "own.1", q: "x" })).toBe(own);
    expect(currentView(views, { q: "x" })).toBeUndefined();
  });
  it("say when the list has moved on", () => {
    expect(isChanged(all, { layout: "board", cols: "name" })).toBe(false);
    expect(isChanged(all, { sort: "name" })).toBe(true);
    expect(isChanged(own, { ...own.search, view: "own.1", peek: "3" })).toBe(false);
    expect(isChanged(own, { ...own.search, view: "own.1", layout: undefined } as never)).toBe(true);
    expect(isChanged(mine, { view: "mine", f: [{ op: "in", value: ["me"], field: "owner_id" }] })).toBe(false);
  });
  it("open whole, and keep the layout where they leave it open", () => {
    expect(openView(mine, { q: "x", layout: "board", peek: "2" })).toEqual({ ...mine.search, layout: "board", view: "mine" });
    expect(openView(own, { q: "x" })).toEqual({ ...own.search, view: "own.1" });
    expect(openView(all, { view: "mine" })).toEqual({});
  });
  it("leave a list of their own open that the server has no name for", () => {
    expect(openView(table, { layout: "list", q: "x" })).toEqual({ layout: "list", view: "own.2" });
    expect(isChanged(table, { layout: "list", view: "own.2" })).toBe(false);
    expect(isChanged(table, { layout: "board", view: "own.2" })).toBe(true);
  });
});
