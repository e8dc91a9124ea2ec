import { describe, expect, it } from "vitest";
import { fieldOf } from "@/fields/testing";
import { freshCondition, withOperator } from "./model";
import { changed, isComplete, nextSort, readListSearch, treeOf } from "./search";

describe("the address of a list", () => {
  it("keeps what it understands", () => {
    const search = {
      q: "acme",
      sort: "-amount,name",
      f: [{ field: "custom.tier", op: "in", value: ["gold"] }],
      peek: "c1",
      layout: "board",
      pipeline: "p1",
      deleted: true,
      cols: "name:240,custom.tier",
      view: "own.1",
      archived: "only",
    };
    expect(readListSearch(search)).toEqual(search);
  });
  it("drops the rest without complaint", () => {
    expect(
      readListSearch({
        q: "",
        sort: "name; drop",
        f: [{ field: "a b", op: "eq", value: 1 }, { field: "x", op: "like" }, null, "x", { field: "ok", op: "is_null" }],
        layout: "calendar",
        deleted: "yes",
        cols: "name;drop",
        archived: true,
        other: 1,
      }),
    ).toEqual({ f: [{ field: "ok", op: "is_null", value: null }] });
    expect(readListSearch({ f: "nonsense" })).toEqual({});
  });
  it("a number typed as a search stays a text", () => expect(readListSearch({ q: 42 })).toEqual({ q: "42" }));
  it("survives the way through an address", () => {
    const search = readListSearch({ f: [{ field: "amount", op: "between", value: ["10", "20"] }], q: "ä&=?" });
    expect(readListSearch(JSON.parse(JSON.stringify(search)))).toEqual(search);
  });
  it("changes remove what is undefined", () =>
    expect(changed({ q: "a", sort: "b" }, { q: undefined, peek: "1" })).toEqual({ sort: "b", peek: "1" }));
});

describe("conditions", () => {
  it("that are still being written are not asked", () => {
    const written = { field: "a", op: "eq" as const, value: 0 };
    expect(
      [
        written,
        { field: "a", op: "in", value: [] },
        { field: "a", op: "eq", value: null },
        { field: "a", op: "between", value: ["1", null] },
        { field: "a", op: "is_null" as const, value: false },
      ].filter((condition) => isComplete(condition as typeof written)),
    ).toEqual([written, { field: "a", op: "is_null", value: false }]);
  });
  it("become a tree", () => {
    const one = { field: "a", op: "eq" as const, value: 1 };
    const open = { field: "b", op: "eq" as const, value: null };
    expect(treeOf({})).toBeUndefined();
    expect(treeOf({ f: [one, open] })).toBe(one);
    expect(treeOf({ f: [one, one] })).toEqual({ and: [one, one] });
    expect(treeOf({ f: [one, one], any: true })).toEqual({ or: [one, one] });
    expect(treeOf({ f: [one, { or: [one, open, one] }] })).toEqual({ and: [one, { or: [one, one] }] });
    expect(treeOf({ f: [{ and: [open] }, { or: [one] }], any: true })).toBe(one);
  });
  it("groups survive the way through an address, empty ones do not", () => {
    const one = { field: "a", op: "eq", value: 1 };
    expect(readListSearch({ f: [{ or: [one, one] }, { and: [] }, { or: "x" }, one], any: true })).toEqual({
      f: [{ or: [one, one] }, one],
      any: true,
    });
  });
  it("start in the way of their kind", () => {
    expect(freshCondition(fieldOf({ name: "s", kind: "choice" }))).toEqual({ field: "s", op: "in", value: [] });
    expect(freshCondition(fieldOf({ name: "n", kind: "text" }))).toEqual({ field: "n", op: "contains", value: null });
    expect(freshCondition(fieldOf({ name: "b", kind: "boolean" }))).toEqual({ field: "b", op: "eq", value: true });
  });
  it("keep their value under another operator as far as it fits", () => {
    const held = { field: "s", op: "in" as const, value: ["a", "b"] };
    expect(withOperator(held, "nin").value).toEqual(["a", "b"]);
    expect(withOperator(held, "eq").value).toBe("a");
    expect(withOperator({ ...held, op: "eq", value: "a" }, "in").value).toEqual(["a"]);
    expect(withOperator({ ...held, op: "gt", value: "5" }, "between").value).toEqual(["5", null]);
    expect(withOperator({ ...held, op: "between", value: ["1", "2"] }, "gt").value).toBe("1");
    expect(withOperator(held, "is_null").value).toBe(true);
    expect(withOperator({ ...held, op: "is_null", value: true }, "eq").value).toBeNull();
  });
});

it("sorting cycles", () => {
  expect(nextSort(undefined, "a")).toBe("a");
  expect(nextSort("a", "a")).toBe("-a");
  expect(nextSort("-a", "a")).toBeUndefined();
  expect(nextSort("-a", "b")).toBe("b");
});
