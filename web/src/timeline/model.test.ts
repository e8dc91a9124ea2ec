import { expect, it } from "vitest";
import type { Activity, HistoryEntry } from "@/api/types";
import { byDay, furtherChanges, mergeTimeline } from "./model";

const activity = (id: string, at: string, set: string | null, given: Partial<Activity> = {}): Activity => ({
  id,
  type: "updated",
  subject: null,
  description: null,
  entity_type: "company",
  entity_id: "c",
  user_id: "u",
  user: { id: "u", full_name: "Ana" },
  change_set_id: set,
  metadata: null,
  created_at: at,
  ...given,
});
const entry = (
  id: string,
  at: string,
  set: string,
  changes: HistoryEntry["changes"],
  action: HistoryEntry["action"] = "UPDATE",
): HistoryEntry => ({
  id,
  at,
  action,
  version: 2,
  user: { id: "u", full_name: "Ana" },
  change_set_id: set,
  changes,
});
const change = { field: "name", old: "a", new: "b" };

it("an activity takes the changes of its change set, and is told once", () => {
  const told = mergeTimeline([activity("a1", "2026-01-02", "s1")], [entry("h1", "2026-01-02", "s1", [change])]);
  expect(told).toHaveLength(1);
  expect(told[0]?.changes).toEqual([change]);
});
it("what only the history knows stands by itself, newest first", () => {
  const told = mergeTimeline([activity("a1", "2026-01-01", null, { type: "note" })], [entry("h1", "2026-01-03", "s2", [change])]);
  expect(told.map((one) => one.id)).toEqual(["h1", "a1"]);
});
it("changes of the machine's own fields are not worth a line", () => {
  const own = { field: "updated_at", old: 1, new: 2 };
  expect(mergeTimeline([], [entry("h1", "2026-01-03", "s2", [own])])).toEqual([]);
  expect(mergeTimeline([], [entry("h1", "2026-01-03", "s2", [own, change])])[0]?.changes).toEqual([change]);
});
it("a creation does not list every field", () => {
  expect(mergeTimeline([], [entry("h1", "2026-01-03", "s2", [change], "INSERT")])[0]).toMatchObject({
    type: "created",
    changes: [],
  });
});
it("a creation is told once, of records without versions too", () => {
  const made = { ...entry("h1", "2026-01-02", "s1", [change], "INSERT"), version: null };
  expect(mergeTimeline([activity("a1", "2026-01-02", "s1", { type: "created" })], [made])).toHaveLength(1);
});
it("a merge is told on both records, and its undoing as well", () => {
  const details = { winner_id: "c", loser_id: "d", undone: false };
  const trail = { ...entry("h1", "2026-01-02", "s1", [], "MERGE"), details };
  const kept = activity("a1", "2026-01-02", "s1", {
    ...{ type: "merged", metadata: { undone: false, other: "Acme Ltd", side: "stays" } },
  });
  const stays = mergeTimeline([kept], [trail], "c");
  expect(stays.map((one) => one.merge)).toEqual([{ side: "stays", other: "Acme Ltd", undone: false }]);
  expect(mergeTimeline([], [trail], "d")[0]?.merge).toEqual({ side: "goes", other: null, undone: false });
  const undone = { ...kept, metadata: { ...kept.metadata, undone: true } };
  expect(mergeTimeline([undone], [])[0]?.merge).toMatchObject({ other: "Acme Ltd", undone: true });
});
it("an erasure is told though its change set has other words", () => {
  const erased = entry("h2", "2026-01-02", "s1", [], "ERASE");
  expect(mergeTimeline([activity("a1", "2026-01-02", "s1")], [erased]).map((one) => one.type)).toContain("erased");
});
it("custom fields are told one by one", () => {
  const container = { field: "custom_fields", old: { tier: "gold", visits: 3 }, new: { tier: "silver", visits: 3 } };
  expect(mergeTimeline([], [entry("h1", "2026-01-03", "s2", [container])])[0]?.changes).toEqual([
    { field: "custom.tier", old: "gold", new: "silver" },
  ]);
});
it("two activities of one request tell their own fields; the machine's are not told", () => {
  const amount = { field: "amount", old: "1.00", new: "2.00" };
  const stage = { field: "stage_id", old: "a", new: "b" };
  const place = { field: "board_position", old: "a", new: "b" };
  const told = mergeTimeline(
    [
      activity("a1", "2026-01-02", "s1", { metadata: { fields: ["board_position"] } }),
      activity("a2", "2026-01-02", "s1", { type: "stage_changed", metadata: { from: "Lead", to: "Won", fields: ["stage_id"] } }),
      activity("a3", "2026-01-01", "s1", { metadata: { fields: ["amount"] } }),
    ],
    [entry("h1", "2026-01-02", "s1", [stage, amount]), entry("h2", "2026-01-02", "s1", [place])],
  );
  expect(told.map((one) => [one.id, one.changes])).toEqual([
    ["a2", [stage]],
    ["a3", [amount]],
  ]);
  expect(told.flatMap(furtherChanges)).toEqual([amount]);
});
it("totals that are worked out when a record is made are no change of their own", () => {
  const total = { field: "subtotal", old: "0.00", new: "4446.00" };
  const history = [entry("h1", "2026-01-02", "s1", [], "INSERT"), entry("h2", "2026-01-02", "s1", [total])];
  const made = activity("a1", "2026-01-02", "s1", { type: "created" });
  const worked = new Set(["subtotal"]);
  const told = mergeTimeline([made], history, "c", worked);
  expect(told.map(({ type, changes }) => [type, changes])).toEqual([["created", []]]);
  const apart = activity("a2", "2026-01-02", "s1", { metadata: { fields: ["subtotal"] } });
  expect(mergeTimeline([made, apart], history, "c", worked).map(({ id }) => id)).toEqual(["a1"]);
  // Later it is news.
  const later = activity("a3", "2026-01-03", "s2", { metadata: { fields: ["subtotal"] } });
  const after = [...history, entry("h3", "2026-01-03", "s2", [total])];
  expect(mergeTimeline([made, later], after, "c", worked)[0]?.changes).toEqual([total]);
});
it("an import and a sign-in are called so", () => {
  const made = { ...entry("h1", "2026-01-01", "s1", [change], "INSERT"), origin: "import" };
  const login = { ...entry("h2", "2026-01-02", "s2", [], "LOGIN"), version: null };
  expect(
    mergeTimeline([activity("a1", "2026-01-01", "s1", { type: "created", description: "Created" })], [made, login]),
  ).toMatchObject([{ type: "signed_in" }, { type: "imported", description: null }]);
});

it("what was written about a record says what it is and where", () => {
  const metadata = { entity: "note", id: "n1" };
  expect(mergeTimeline([activity("a1", "2026-01-02", "s1", { type: "note", metadata, description: "Hello" })], [])).toMatchObject(
    [{ type: "note", written: { ...metadata, action: "created" }, description: "Hello" }],
  );
});
it("days are those of the calendar, in order", () => {
  const told = [{ at: "2026-01-03T09:00:00Z" }, { at: "2026-01-02T23:00:00Z" }, { at: "2026-01-02T01:00:00Z" }];
  expect(byDay(told, (at) => at.toISOString().slice(0, 10)).map(({ day, entries }) => [day, entries.length])).toEqual([
    ["2026-01-03", 1],
    ["2026-01-02", 2],
  ]);
});
