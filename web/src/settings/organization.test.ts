import { expect, it } from "vitest";
import type { OrganizationSettings } from "@/api/types";
import { bodyOf, draftOf } from "./organization";

const held = {
  id: "o",
  name: "Northwind",
  slug: "northwind",
  base_currency: "USD",
  timezone: "UTC",
  locale: "en",
  country: null,
  branding: {},
  settings: { max_active_products: 5 },
  version: 3,
} as OrganizationSettings;

it("an untouched form changes nothing", () => expect(bodyOf(draftOf(held), held)).toBeNull());
it("only what changed is sent", () =>
  expect(bodyOf({ ...draftOf(held), name: " Harbor ", max_active_products: "100" }, held)).toEqual({
    name: "Harbor",
    settings: { max_active_products: 100 },
  }));
it("an empty limit goes back to the default, and nonsense goes to the server", () => {
  expect(bodyOf({ ...draftOf(held), max_active_products: "" }, held)).toEqual({ settings: { max_active_products: null } });
  expect(bodyOf({ ...draftOf(held), max_active_products: "many" }, held)).toEqual({ settings: { max_active_products: "many" } });
});
