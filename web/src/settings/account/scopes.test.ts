import { expect, it } from "vitest";
import { byResource, expiryOf, isExpired, reachOf, scopesOf } from "./scopes";

it("the reach of a key is told by its scopes, and the scopes by its reach", () => {
  const chosen = new Set(["deals:update", "deals:read"]);
  for (const reach of ["all", "read", "chosen"] as const) expect(reachOf(scopesOf(reach, chosen))).toBe(reach);
  expect(scopesOf("chosen", chosen)).toEqual(["deals:read", "deals:update"]);
  expect(scopesOf("read", chosen)).toEqual(["read"]);
});
it("permissions are grouped by resource, in their order", () =>
  expect(
    byResource([
      { resource: "deals", action: "read" },
      { resource: "tags", action: "read" },
      { resource: "deals", action: "update" },
    ]),
  ).toEqual([
    { resource: "deals", actions: ["read", "update"] },
    { resource: "tags", actions: ["read"] },
  ]));
it("a key without an end never expires", () => {
  const now = Date.parse("2026-11-24T12:00:00Z");
  expect(expiryOf(null, now)).toBeNull();
  expect(expiryOf(30, now)).toBe("2026-12-24T12:00:00.000Z");
  expect(isExpired(null, now)).toBe(false);
  expect(isExpired(expiryOf(30, now), now)).toBe(false);
  expect(isExpired("2026-11-24T11:59:59Z", now)).toBe(true);
});
