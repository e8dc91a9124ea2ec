import { expect, it } from "vitest";
import type { Rec } from "@/api/types";
import { entityOf, fieldOf } from "@/fields/testing";
import { counted, found, isLastOwner, ownedKinds } from "./model";

const person = (id: string, given: object): Rec => ({ id, version: 1, created_at: "", updated_at: "", ...given });
const people = [
  person("1", { full_name: "Ana Whitfield", email: "ana@kith.test", status: "active", role_id: "owner" }),
  person("2", { full_name: "Ben Okafor", email: "ben@kith.test", status: "active", role_id: "sales" }),
  person("3", { full_name: "", email: "new@kith.test", status: "invited", role_id: "sales" }),
];
const ids = (list: Rec[]) => list.map((one) => one.id);

it("people are found by name, address, status and role", () => {
  expect(ids(found(people, {}))).toEqual(["1", "2", "3"]);
  expect(ids(found(people, { q: " whit" }))).toEqual(["1"]);
  expect(ids(found(people, { q: "new@" }))).toEqual(["3"]);
  expect(ids(found(people, { role: "sales", status: "active" }))).toEqual(["2"]);
  expect(counted(people)).toEqual({ active: 2, invited: 1 });
});
it("the last active owner is known, and is not the last any more when there are two", () => {
  const [ana, ben] = people as [Rec, Rec];
  expect(isLastOwner(ana, people, "owner")).toBe(true);
  expect(isLastOwner(ben, people, "owner")).toBe(false);
  expect(isLastOwner(ana, [ana, { ...ben, role_id: "owner" }], "owner")).toBe(false);
  expect(isLastOwner(ana, [ana, { ...ben, role_id: "owner", status: "suspended" }], "owner")).toBe(true);
});
it("what belongs to somebody is found in the metadata", () => {
  const owner = fieldOf({ name: "owner_id", kind: "user" });
  const entities = [
    entityOf([owner], { name: "company" }),
    entityOf([fieldOf({ name: "assigned_to_id", kind: "user" })], { name: "task" }),
    entityOf([fieldOf({ name: "user_id", kind: "user" })], { name: "activity" }),
    entityOf([owner], { name: "closed", read_only: true }),
  ];
  expect(ownedKinds({ entities, currencies: [] }).map(({ entity, field }) => `${entity.name}.${field.name}`)).toEqual([
    "company.owner_id",
    "task.assigned_to_id",
  ]);
});
