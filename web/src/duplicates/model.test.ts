import { describe, expect, it } from "vitest";
import type { Entity, Field, Rec } from "@/api/types";
import { differing, firstChoice, fuller } from "./model";

const field = (name: string, more: Partial<Field> = {}) =>
  ({ name, label: name, kind: "text", read_only: false, include: null, choices: null, ...more }) as Field;
const entity = {
  name: "company",
  plural: "companies",
  title_field: "name",
  fields: [field("name"), field("phone"), field("tags", { kind: "tags" }), field("score", { kind: "percent", read_only: true })],
} as unknown as Entity;
const record = (id: string, values: object): Rec => ({ id, version: 1, created_at: `2026-01-0${id}`, updated_at: "", ...values });

describe("two records that may be one", () => {
  const one = record("1", { name: "Acme", phone: null, tags: ["a"], score: 10 });
  const other = record("2", { name: "Acme Ltd", phone: "+4930", tags: ["b"], score: 20 });
  it("are asked about where they differ, but not about what follows by itself", () => {
    expect(differing(entity, one, other).map(({ name }) => name)).toEqual(["name", "phone"]);
    expect(differing(entity, one, { ...one, id: "3", phone: "" })).toEqual([]);
  });
  it("keep what the one that stays has, and take over what it lacks", () => {
    expect(firstChoice(differing(entity, one, other), one)).toEqual({ name: "mine", phone: "theirs" });
  });
  it("are merged into the one that says more, or else the older one", () => {
    expect(fuller(entity, one, other).map(({ id }) => id)).toEqual(["2", "1"]);
    expect(fuller(entity, { ...one, phone: "1" }, other).map(({ id }) => id)).toEqual(["1", "2"]);
  });
});
