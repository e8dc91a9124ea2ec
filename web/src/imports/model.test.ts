import { expect, it } from "vitest";
import type { ImportPreview } from "@/api/types";
import { entityOf, fieldOf } from "@/fields/testing";
import {
  doubledFields,
  freshChoices,
  importable,
  importForm,
  matchable,
  missingFields,
  suggestedMapping,
  targetsOf,
} from "./model";

const column = (header: string, suggestion: string | null, confidence = 1) => ({ header, samples: [], suggestion, confidence });
const preview = (columns: ImportPreview["columns"]): ImportPreview => ({
  columns,
  rows: [],
  total_rows: 0,
  encoding: null,
  delimiter: null,
  date_order: "day_first",
  required: ["name"],
  match_on: ["email", "name"],
});
const fields = [fieldOf({ name: "name" }), fieldOf({ name: "email" })];

it("gives each field to the surest column only", () => {
  const mapping = suggestedMapping(
    preview([column("Company", "name", 0.6), column("Name", "name", 1), column("X", "items.sku"), column("Y", null)]),
  );
  expect(mapping).toEqual({ Company: null, Name: "name", X: "items.sku", Y: null });
});
it("offers what the server offers, parts with what they are a part of", () => {
  const entity = entityOf([...fields, fieldOf({ name: "home", kind: "address", label: "Home" })]);
  const offered = [
    { name: "name", label: "Name" },
    { name: "home.city", label: "City" },
    { name: "id", label: "ID in this system" },
  ];
  expect(targetsOf(entity, { ...preview([]), targets: offered }).map((target) => [target.name, target.owner])).toEqual([
    ["name", undefined],
    ["home.city", "Home"],
    ["id", undefined],
  ]);
  expect(targetsOf(entity, preview([])).map((target) => target.name)).toEqual(["name", "email", "home"]);
});
it("recognizes records only by what a column goes to", () => {
  expect(matchable(preview([]), { A: "name", B: null })).toEqual(["name"]);
  const choices = freshChoices(preview([]), { A: "name" });
  const options = (mapping: Record<string, string>) =>
    JSON.parse(String(importForm(new File([""], "a.csv"), mapping, choices, false).get("options")));
  expect(options({ A: "name" }).match_on).toBe("name");
  expect(options({ A: "email" }).match_on).toBeNull();
});
it("finds what is missing and what is doubled", () => {
  expect(missingFields(["name"], { A: "email" }, {})).toEqual(["name"]);
  expect(missingFields(["name"], { A: "email" }, { name: "x" })).toEqual([]);
  expect(doubledFields({ A: "name", B: "name", C: null, D: null })).toEqual(["name"]);
});
it("offers only fields that may be written", () => {
  const entity = entityOf([
    ...fields,
    fieldOf({ name: "score", read_only: true }),
    fieldOf({ name: "created_at", kind: "timestamp" }),
  ]);
  expect(importable(entity).map((field) => field.name)).toEqual(["name", "email"]);
});
it("sends the file with its options", () => {
  const choices = freshChoices(preview([]), { A: "email" });
  expect(choices).toMatchObject({ match_on: "email", date_order: "day_first", duplicates: "skip" });
  const form = importForm(new File(["a"], "a.csv"), { A: "name" }, choices, true);
  expect(JSON.parse(String(form.get("options")))).toMatchObject({ mapping: { A: "name" }, dry_run: true, mode: "best_effort" });
  expect((form.get("file") as File).name).toBe("a.csv");
});
