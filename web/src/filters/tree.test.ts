import { expect, it } from "vitest";
import "@/i18n";
import type { FilterTree } from "@/api/types";
import { entityOf, fieldOf } from "@/fields/testing";
import { draftOfTree, problemOfDraft, treeOfDraft } from "./tree";

const entity = entityOf([fieldOf({ name: "amount", label: "Amount", kind: "money" }), fieldOf({ name: "status" })]);
const amount = { field: "amount", op: "gte", value: "25000" } as const;
const status = { field: "status", op: "eq", value: "open" } as const;
const again = (tree: FilterTree) => treeOfDraft(draftOfTree(tree, entity));

it("a filter comes back as it was", () => {
  for (const tree of [{ and: [amount] }, { or: [amount, { and: [status, amount] }] }, { and: [{ or: [status, amount] }] }])
    expect(again(tree)).toEqual(tree);
  expect(again(amount)).toEqual({ and: [amount] });
  expect(treeOfDraft(draftOfTree(null, entity))).toBeNull();
});
it("what the editor has no controls for is kept", () => {
  const foreign = { field: "company.country", op: "eq", value: "DE" } as const;
  const deep = { or: [{ and: [status, { or: [amount] }] }] };
  const tree = { and: [amount, { not: status }, foreign, deep] } as FilterTree;
  const draft = draftOfTree(tree, entity);
  expect(draft.items).toEqual([amount]);
  expect(draft.kept).toHaveLength(3);
  expect(treeOfDraft(draft)).toEqual(tree);
  expect(again({ not: amount })).toEqual({ and: [{ not: amount }] });
});
it("a condition without its value is named", () => {
  expect(problemOfDraft(draftOfTree({ and: [{ or: [{ ...amount, value: null }] }] }, entity), entity)).toContain("Amount");
  expect(problemOfDraft(draftOfTree({ and: [amount] }, entity), entity)).toBeNull();
});
