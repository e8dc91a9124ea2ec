import { expect, it } from "vitest";
import { type Right, reach, wayOf, waysOf } from "./reasons";

const right = (allowed: boolean): Right => ({ allowed, scope: null, reasons: [] });
it("has words for every way, and a last word for those it has never heard of", () => {
  expect(wayOf({ by: "owner" })).toBe("owner");
  expect(wayOf({ by: "magic" })).toBe("rule");
});
it("tells each way once", () => {
  const twice = [
    { by: "owner", field: "owner_id" },
    { by: "owner", field: "owner_id" },
    { by: "team", field: "owner_id" },
  ];
  expect(waysOf(twice).map(({ by }) => by)).toEqual(["owner", "team"]);
});
it("says what somebody may do at most", () => {
  const rights = (read: boolean, update: boolean, remove: boolean) => ({
    ...{ read: right(read), update: right(update), delete: right(remove) },
  });
  expect(
    [rights(false, false, false), rights(true, false, false), rights(true, true, false), rights(true, true, true)].map(reach),
  ).toEqual(["none", "read", "update", "delete"]);
});
