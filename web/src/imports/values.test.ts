import { expect, it } from "vitest";
import type { ImportPreview } from "@/api/types";
import { entityOf, fieldOf } from "@/fields/testing";
import { distinctValues, listFieldOf, unknownValues, usedValues } from "./values";

const preview = (headers: string[], given: Partial<ImportPreview> = {}): ImportPreview => ({
  columns: headers.map((header) => ({ header, samples: [], suggestion: null, confidence: 0 })),
  rows: [],
  total_rows: 0,
  encoding: "UTF-8",
  delimiter: ";",
  date_order: null,
  required: [],
  match_on: [],
  ...given,
});
const stage = entityOf([fieldOf({ name: "name" })], { name: "stage", plural: "stages" });
const entity = entityOf([
  fieldOf({ name: "status", kind: "choice", choices: [{ value: "in_use", label: "In use" }] }),
  fieldOf({ name: "stage_id", kind: "reference", reference: "stage" }),
  fieldOf({ name: "home", kind: "address" }),
  fieldOf({ name: "name" }),
]);
const find = (name: string) => (name === "stage" ? stage : undefined);

it("finds the fields that choose from a list", () => {
  expect(listFieldOf(entity, "status", find)).toMatchObject({ meanings: [{ value: "in_use" }] });
  expect(listFieldOf(entity, "stage_id", find)).toMatchObject({ target: stage });
  expect(listFieldOf(entity, "home.country", find)).toMatchObject({ field: "home.country" });
  expect(listFieldOf(entity, "home.city", find)).toBeNull();
  expect(listFieldOf(entity, "name", find)).toBeNull();
  expect(listFieldOf(entity, "items.product_id", find)).toBeNull();
});
it("reads the values of a file by its delimiter, and leaves out columns that are no list", async () => {
  const rows = Array.from({ length: 60 }, (_, index) => `row ${index};${index % 2 ? "Won" : " Lost "}`).join("\n");
  const values = await distinctValues(new File([`Name;Stage\n${rows}`], "a.csv"), preview(["Name", "Stage"]));
  expect(Object.fromEntries(values)).toEqual({ Stage: ["Lost", "Won"] });
});
it("a workbook is judged by the rows of its preview", async () => {
  const values = await distinctValues(new File(["PK"], "a.xlsx"), preview(["Stage"], { delimiter: null, rows: [["Won"], [""]] }));
  expect(values.get("Stage")).toEqual(["Won"]);
});
it("values are known by label and by value, however they are written", () => {
  const meanings = [{ value: "in_use", label: "In use" }];
  expect(unknownValues(["IN USE", "in-use", "In_Use", "Gone"], meanings)).toEqual(["Gone"]);
});
it("keeps only what a column still goes to", () => {
  expect(usedValues({ stage_id: { A: "1" }, status: { B: "2" }, name: {} }, { Stage: "stage_id", N: "name" })).toEqual({
    stage_id: { A: "1" },
  });
});
