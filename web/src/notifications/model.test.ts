import { expect, it } from "vitest";
import { leadsTo } from "./model";

it("leads only to pages of the application", () => {
  expect(leadsTo({ action_url: "/tasks/1" })).toBe("/tasks/1");
  expect(leadsTo({ action_url: "/" })).toBe("/");
  for (const action_url of [null, "", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"])
    expect(leadsTo({ action_url })).toBeUndefined();
});
