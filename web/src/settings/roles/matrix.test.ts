import { expect, it } from "vitest";
import { type GrantableResource, SCOPES, type Scope } from "@/api/people";
import {
  covers,
  differences,
  exceedsMine,
  grantsOf,
  keyOf,
  listOfGrants,
  matrixOf,
  moveBy,
  stepScope,
  withAll,
  withGrant,
} from "./matrix";

const resources: GrantableResource[] = [
  { resource: "odd_things", label: "Odd things", actions: [{ action: "polish", scopes: ["all"] }] },
  { resource: "tags", label: "Tags", actions: [{ action: "create", scopes: ["all"] }] },
  {
    resource: "deals",
    label: "Deals",
    actions: [
      { action: "update", scopes: ["all", "assigned", "team"] },
      { action: "read", scopes: ["assigned", "assigned_or_unowned", "team", "all"] },
    ],
  },
];

it("resources stand in groups, actions in their order, and what is unknown comes last", () => {
  const { groups, actions } = matrixOf(resources);
  expect(groups.map(({ name, rows }) => [name, rows.map((row) => row.resource)])).toEqual([
    ["records", ["deals"]],
    ["setup", ["tags"]],
    ["other", ["odd_things"]],
  ]);
  expect(actions).toEqual(["read", "create", "update", "polish"]);
  expect(groups[0]?.rows[0]?.scopes.get("update")).toEqual(["assigned", "team", "all"]);
});

it("who holds everything may give anything, and nobody gives more than they hold", () => {
  for (const scope of SCOPES) {
    expect(covers("all", scope)).toBe(true);
    expect(covers(scope, scope)).toBe(true);
    expect(covers(undefined, scope)).toBe(false);
  }
  expect(covers("team", "assigned")).toBe(true);
  expect(covers("assigned", "team")).toBe(false);
  expect(covers("team", "assigned_or_unowned")).toBe(false);
  expect(covers("active", "assigned")).toBe(false);
  expect(covers("team", "all")).toBe(false);
});

it("a role exceeds mine by one permission that I do not hold as widely", () => {
  const mine = grantsOf([{ resource: "deals", action: "read", scope: "team" }]);
  expect(exceedsMine(mine, mine)).toBe(false);
  expect(exceedsMine(new Map([["deals:read", "assigned" as Scope]]), mine)).toBe(false);
  expect(exceedsMine(new Map([["deals:read", "all" as Scope]]), mine)).toBe(true);
  expect(exceedsMine(new Map([["tags:read", "all" as Scope]]), mine)).toBe(true);
});

it("a list of grants survives being a map", () => {
  const list = [
    { resource: "deals", action: "read", scope: "team" as Scope },
    { resource: "tags", action: "create", scope: "all" as Scope },
  ];
  expect(listOfGrants(grantsOf(list))).toEqual(list);
});

it("differences are what was added, taken away and changed; a change taken back is none", () => {
  const held = grantsOf([
    { resource: "deals", action: "read", scope: "all" },
    { resource: "deals", action: "update", scope: "assigned" },
  ]);
  let draft = withGrant(held, "deals:read", "team");
  draft = withGrant(draft, "deals:update", null);
  draft = withGrant(draft, "tags:create", "all");
  expect(differences(draft, held).sort()).toEqual(["deals:read", "deals:update", "tags:create"]);
  expect(differences(withGrant(withGrant(held, "deals:read", null), "deals:read", "all"), held)).toEqual([]);
  expect(held.size).toBe(2);
});

it("a whole row gets the widest scope that each cell offers and that may be given", () => {
  const cells = [
    { key: keyOf("deals", "read"), scopes: ["assigned", "assigned_or_unowned", "team", "all"] as Scope[] },
    { key: keyOf("deals", "delete"), scopes: ["assigned", "all"] as Scope[] },
    { key: keyOf("deals", "export"), scopes: ["all"] as Scope[] },
  ];
  const mine = new Map<string, Scope>([
    ["deals:read", "all"],
    ["deals:delete", "team"],
  ]);
  expect(Object.fromEntries(withAll(new Map(), cells, "team", mine))).toEqual({
    "deals:read": "team",
    "deals:delete": "assigned",
  });
  expect(Object.fromEntries(withAll(new Map(), cells, "all", mine))).toEqual({ "deals:read": "all", "deals:delete": "assigned" });
  expect(withAll(new Map([["deals:export", "all" as Scope]]), cells, null, mine).size).toBe(0);
});

it("keys lead through the grid and never out of it", () => {
  const key = (name: string, ctrlKey = false) => moveBy({ key: name, ctrlKey, metaKey: false }, { row: 3, column: 2 }, 20, 9);
  expect(key("ArrowDown")).toEqual({ row: 4, column: 2 });
  expect(key("ArrowLeft")).toEqual({ row: 3, column: 1 });
  expect(key("Home")).toEqual({ row: 3, column: 0 });
  expect(key("End", true)).toEqual({ row: 19, column: 8 });
  expect(key("PageUp")).toEqual({ row: 0, column: 2 });
  expect(key("PageDown")).toEqual({ row: 13, column: 2 });
  expect(key("Enter")).toBeNull();
  expect(moveBy({ key: "ArrowUp", ctrlKey: false, metaKey: false }, { row: 0, column: 0 }, 20, 9)).toEqual({ row: 0, column: 0 });
});

it("plus and minus walk through what may be chosen", () => {
  const allowed: Scope[] = ["assigned", "team", "all"];
  expect(stepScope(null, allowed, 1)).toBe("assigned");
  expect(stepScope("team", allowed, 1)).toBe("all");
  expect(stepScope("all", allowed, 1)).toBe("all");
  expect(stepScope("assigned", allowed, -1)).toBeNull();
  expect(stepScope(null, allowed, -1)).toBeNull();
});
