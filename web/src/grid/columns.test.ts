import { expect, it } from "vitest";
import { entityOf, fieldOf } from "@/fields/testing";
import { readColumns, resolveColumns, writeColumns } from "./columns";

const entity = entityOf([fieldOf({ name: "name" }), fieldOf({ name: "status" }), fieldOf({ name: "custom.tier" })]);

it("an address says the order and the widths", () => {
  const choice = { shown: ["name", "custom.tier", "status"], widths: { name: 300, status: 96 } };
  expect(writeColumns(choice)).toBe("name:300,custom.tier,status:96");
  expect(readColumns("name:300,custom.tier,status:96")).toEqual(choice);
});
it("the title stands first whatever is said, and what is unknown is left out", () => {
  const columns = resolveColumns(entity, readColumns("status:20,gone,name"));
  expect(columns.map((column) => column.field.name)).toEqual(["name", "status"]);
  expect(columns[1]?.width).toBe(72);
});
