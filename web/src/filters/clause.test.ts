import { expect, it } from "vitest";
import { clauseOf } from "./clause";

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
