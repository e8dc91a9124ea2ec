import { expect, it } from "vitest";
import type { Rec } from "@/api/types";
import { asks, changesOf, creationOf, draftOf, emptyDraft, keyOf, lostChoices, newChoice, writtenChoices } from "./model";

it.each([
  ["Renewal date (EU)", "renewal_date_eu"],
  ["Größe & Höhe", "gro_e_hohe"],
  ["2nd contact", "nd_contact"],
  ["  ", ""],
  ["客户", ""],
])("%s is called %s in the interface", (label, key) => expect(keyOf(label)).toBe(key));

const tier: Rec = {
  id: "1",
  version: 2,
  created_at: "",
  updated_at: "",
  entity: "company",
  key: "tier",
  label: "Tier",
  kind: "choice",
  help: null,
  is_required: false,
  is_unique: false,
  is_filterable: true,
  default_value: { value: "gold" },
  choices: [
    { value: "gold", label: "Gold", hue: "amber" },
    { value: "silver", label: "Silver", hue: "gray" },
  ],
  reference: null,
  minimum: null,
  maximum: null,
  maximum_length: null,
};

it("an untouched field changes nothing", () => expect(changesOf(draftOf(tier), tier)).toBeNull());

it("only what changed is written, and the values of choices stay when their labels change", () => {
  const draft = draftOf(tier);
  const [gold, silver] = draft.choices;
  if (!gold || !silver) throw new Error("the draft lost its choices");
  draft.choices = [{ ...silver, label: "Silver plate" }, gold, { ...newChoice(draft.choices), label: "Gold", hue: "red" }];
  draft.default = null;
  expect(changesOf(draft, tier)).toEqual({
    default_value: null,
    choices: [
      { value: "silver", label: "Silver plate", hue: "gray" },
      { value: "gold", label: "Gold", hue: "amber" },
      { value: "gold_2", label: "Gold", hue: "red" },
    ],
  });
  expect(lostChoices({ ...draft, choices: [gold] }, tier).map((one) => one.value)).toEqual(["silver"]);
});

it("choices without a label are none", () =>
  expect(
    writtenChoices([
      { ...newChoice([]), label: "  " },
      { ...newChoice([]), label: "客户" },
    ]),
  ).toEqual([{ value: "choice", label: "客户", hue: "red" }]));

it("a new field says what its kind asks for, and no more", () => {
  const draft = { ...emptyDraft("deal", "integer"), label: "Seats", minimum: "1", maximum: "many", maximum_length: "9" };
  expect(creationOf(draft, 4)).toEqual({
    entity: "deal",
    kind: "integer",
    label: "Seats",
    key: "seats",
    is_required: false,
    is_unique: false,
    is_filterable: true,
    minimum: 1,
    maximum: "many",
    position: 4,
  });
  expect(asks.filterable("long_text")).toBe(false);
  expect(creationOf(emptyDraft("deal", "long_text"), 1).is_filterable).toBe(false);
});
