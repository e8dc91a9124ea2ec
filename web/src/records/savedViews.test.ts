import { describe, expect, it } from "vitest";
import { bodyOf, viewFrom } from "./savedViews";
import type { ViewSearch } from "./views";

const condition = (field: string) => ({ field, op: "eq" as const, value: "x" });
const record = (search: ViewSearch, more = {}) => ({
  ...{ id: "1", version: 1, created_at: "", updated_at: "", deleted_at: null, owner_id: "me", name: "Big ones" },
  ...{ visibility: "private", ...bodyOf(search), ...more },
});

describe("saved views", () => {
  it.each<ViewSearch>([
    {},
    { q: "ada", sort: "-amount,name", cols: "name:240,amount", layout: "board", pipeline: "p", archived: "only" },
    { f: [condition("a")] },
    { f: [condition("a"), { or: [condition("b"), condition("c")] }] },
    { f: [condition("a"), { and: [condition("b"), condition("c")] }], any: true },
  ])("come back from the server as they went: %j", (search) => {
    expect(viewFrom(record(search) as never, "me")).toMatchObject({
      name: "Big ones",
      search,
      saved: { mine: true, shared: false },
    });
  });
  it("keep no condition that is still being written, and no layout that only this page knows", () => {
    expect(bodyOf({ f: [{ field: "a", op: "in", value: [] }], layout: "list" })).toMatchObject({ filter: null, layout: "table" });
  });
  it("are left out where the filter bar has no words for them", () => {
    for (const filter of [
      { not: condition("a") },
      { and: [{ or: [{ and: [condition("a")] }] }] },
      { and: [{ field: "a", op: "near", value: 1 }] },
    ])
      expect(viewFrom(record({}, { filter }) as never, "me")).toBeUndefined();
  });
  it("of others say so", () => {
    expect(viewFrom(record({}, { owner_id: "other", visibility: "shared" }) as never, "me")?.saved).toMatchObject({
      mine: false,
      shared: true,
    });
  });
});
