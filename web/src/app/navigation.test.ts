import { expect, it } from "vitest";
import type { Entity, Meta, Permission } from "@/api/types";
import { navigationOf, searchable, searchedAlways } from "./navigation";

const entity = (name: string, permissions: Permission[] = ["read"]): Entity => ({
  name,
  plural: `${name}s`,
  label: name,
  label_plural: `${name}s`,
  icon: "box",
  resource: `${name}s`,
  title_field: "name",
  permissions,
  soft_delete: true,
  read_only: false,
  fields: [{ name: "name", searchable: true } as Entity["fields"][number]],
  children: [],
  layout: { table: ["name"], sections: [], board: null },
});
const meta = (...entities: Entity[]): Meta => ({ entities, currencies: [] });
const shape = (given: Meta) => navigationOf(given).parts.map(({ group, entities }) => [group, entities.map(({ name }) => name)]);

it("groups what may be read, in its own order and whatever order the server has", () => {
  expect(
    shape(meta(entity("invoice"), entity("deal"), entity("task"), entity("lead"), entity("project"), entity("ticket"))),
  ).toEqual([
    ["sales", ["lead", "deal"]],
    ["delivery", ["project", "task"]],
    ["support", ["ticket"]],
    ["finance", ["invoice"]],
  ]);
});
it("leaves out what may not be read, what belongs to other records and what has its place in the settings", () => {
  expect(
    shape(meta(entity("deal", ["create"]), entity("deal_item"), entity("ticket_comment"), entity("tag"), entity("note"))),
  ).toEqual([]);
});
it("has a place for kinds of records that it has never heard of", () => {
  expect(shape(meta(entity("spaceship")))).toEqual([["more", ["spaceship"]]]);
});
it("keeps the audit log apart, and searches what people look for by name", () => {
  const all = meta(entity("audit_entry"), entity("lead"), entity("payment"), entity("note"));
  expect(navigationOf(all).kept.map(({ name }) => name)).toEqual(["audit_entry"]);
  expect(searchable(all).map(({ name }) => name)).toEqual(["lead", "payment", "note"]);
  expect(
    searchable(all)
      .filter(searchedAlways)
      .map(({ name }) => name),
  ).toEqual(["lead", "note"]);
});
