import { expect, it } from "vitest";
import { currencyOf, drawnOf, keyInWords, shownColumns } from "./shape";
import type { Answer } from "./types";

const pipeline: Answer = {
  type: "pipeline",
  columns: [
    { name: "stage", label: "Key", kind: "text" },
    { name: "name", label: "Stage", kind: "text" },
    { name: "currency", label: "Currency", kind: "text" },
    { name: "count", label: "Deals", kind: "integer" },
    { name: "amount", label: "Amount", kind: "money" },
    { name: "weighted", label: "Weighted", kind: "money" },
  ],
  rows: [
    { stage: "new", name: "New", currency: "USD", count: 2, amount: "10.50", weighted: "1.00" },
    { stage: "new", name: "New", currency: "EUR", count: 1, amount: "7.00", weighted: "1.00" },
    { stage: "offer", name: "Offer", currency: "USD", count: 1, amount: "20.00", weighted: "10.00" },
    { stage: "none", name: "None", currency: null, count: 0, amount: "0.00", weighted: "0.00" },
  ],
};

it("leaves out keys, identities, and the currency that amounts carry", () => {
  expect(shownColumns(pipeline).map(({ name }) => name)).toEqual(["name", "count", "amount", "weighted"]);
  const owner = [
    { name: "owner_id", label: "Owner", kind: "user" },
    { name: "owner", label: "Owner", kind: "text" },
  ];
  expect(shownColumns({ type: "won_lost", columns: owner, rows: [] }).map(({ name }) => name)).toEqual(["owner"]);
});
it("draws amounts of one currency, never sums of two", () => {
  expect(currencyOf(pipeline.rows)).toBe("USD");
  expect(drawnOf(pipeline)).toEqual({
    categories: ["New", "Offer"],
    byTime: false,
    currency: "USD",
    series: [
      { label: "Amount", kind: "money", values: ["10.50", "20.00"] },
      { label: "Weighted", kind: "money", values: ["1.00", "10.00"] },
    ],
  });
});
it("adds up what is told in several rows, and draws nothing of too little", () => {
  const activity: Answer = {
    type: "activity",
    columns: [
      { name: "user", label: "User", kind: "text" },
      { name: "type", label: "Type", kind: "text" },
      { name: "count", label: "Activities", kind: "integer" },
    ],
    rows: [
      { user: "Ada", type: "call", count: 2 },
      { user: "Ada", type: "note", count: 3 },
      { user: "Ben", type: "note", count: 1 },
    ],
  };
  expect(drawnOf(activity)?.series[0]?.values).toEqual(["5", "1"]);
  expect(drawnOf({ ...activity, rows: activity.rows.slice(0, 2) })).toBeUndefined();
  expect(drawnOf({ type: "project_summary", columns: [], rows: [], summary: {} })).toBeUndefined();
});
it("says keys in words, and leaves what people wrote", () => {
  expect(["cold_call", "email", "Autumn mailing", "iPhone_x"].map(keyInWords)).toEqual([
    "Cold call",
    "Email",
    "Autumn mailing",
    "iPhone_x",
  ]);
});
