import { expect, it } from "vitest";
import { actionsOf, clauseOf } from "./rule";

it("a filter is told as clauses", () => {
  const amount = { field: "amount", op: "gte", value: "25000" } as const;
  expect(clauseOf({ and: [amount, { not: { field: "status", op: "eq", value: "lost" } }] })).toEqual({
    join: "all",
    parts: [amount, { join: "none", parts: [{ field: "status", op: "eq", value: "lost" }] }],
  });
  expect(clauseOf(amount)).toEqual(amount);
});
it("what is no filter, or an empty one, is no clause", () => {
  for (const nothing of [null, undefined, { and: [] }, { or: [{ and: [] }] }]) expect(clauseOf(nothing)).toBeUndefined();
});
it("what is no action is left out", () => {
  expect(actionsOf([{ do: "notify", users: ["owner_id"], title: "Look" }, "do", { set: {} }])).toHaveLength(1);
  expect(actionsOf({ do: "notify" })).toEqual([]);
});
