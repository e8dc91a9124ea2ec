import { expect, it } from "vitest";
import { entityOf, fieldOf } from "@/fields/testing";
import { exportAddress } from "./exports";

const entity = entityOf([fieldOf({ name: "name" }), fieldOf({ name: "custom.tier" })], { archive: "is_archived" });
const columns = entity.fields.map((field) => ({ field, width: 100 }));
const parts = (address: string) => {
  const url = new URL(address, "http://here");
  return { path: url.pathname, ...Object.fromEntries(url.searchParams) };
};

it("asks for what the list shows: filter, search, order and columns", () => {
  const filter = {
    or: [
      { field: "name", op: "contains" as const, value: "ä&b" },
      { field: "name", op: "is_null" as const, value: true },
    ],
  };
  expect(
    parts(exportAddress(entity, columns, "csv", { q: "x", sort: "-name", filter, include: ["owner"], archived: "only" })),
  ).toEqual({
    path: "/api/v1/things/export",
    ...{ format: "csv", q: "x", sort: "-name", filter: JSON.stringify(filter), archived: "only", fields: "name,custom.tier" },
  });
});
it("or for the chosen ones by name, put away or not", () => {
  expect(parts(exportAddress(entity, columns, "ndjson", { ids: ["1", "2"] }))).toEqual({
    path: "/api/v1/things/export",
    ...{ format: "ndjson", archived: "with", fields: "name,custom.tier" },
    filter: JSON.stringify({ field: "id", op: "in", value: ["1", "2"] }),
  });
});
