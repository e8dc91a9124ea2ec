import { expect, it } from "vitest";
import { entityOf, fieldOf } from "@/fields/testing";
import { matchesWords, scopeOf } from "./scopes";

const lead = entityOf([fieldOf()], { name: "lead", plural: "leads", label: "Lead", label_plural: "Leads" });

it.each([
  ["acme", "all", "acme"],
  ["> new deal", "actions", "new deal"],
  ["#acme", "records", "acme"],
  ["@ben", "people", "ben"],
  ["/ pipe", "pages", "pipe"],
  ["leads: ada", "entity", "ada"],
  ["Lead:", "entity", ""],
  ["note: nothing of that kind", "all", "note: nothing of that kind"],
  ["", "all", ""],
])("%s", (text, kind, rest) => expect(scopeOf(text, [lead])).toMatchObject({ kind, text: rest }));

it("matches the beginnings of words in any order", () => {
  expect(matchesWords("Import companies", "comp imp")).toBe(true);
  expect(matchesWords("Import companies", "deals")).toBe(false);
  expect(matchesWords("Anything", "")).toBe(true);
});
