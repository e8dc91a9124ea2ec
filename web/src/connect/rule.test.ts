import { expect, it } from "vitest";
import "@/i18n/connect";
import type { Meta } from "@/api/types";
import { entityOf, fieldOf } from "@/fields/testing";
import { Unparsed } from "@/fields/types";
import { type Action, actionsOf, freshAction, neededIn, problemOfActions, settableFields, withPart } from "./rule";

const deal = entityOf(
  [
    fieldOf({ name: "name", label: "Name", required: true }),
    fieldOf({ name: "amount", label: "Amount", kind: "money" }),
    fieldOf({ name: "source", label: "Source", create_only: true }),
    fieldOf({ name: "status", label: "Status", read_only: true }),
    fieldOf({ name: "stage_id", label: "Stage", kind: "reference", reference: "stage", required: true }),
    fieldOf({ name: "custom.tier", label: "Tier", custom: true }),
  ],
  { name: "deal" },
);
const meta: Meta = { entities: [deal], currencies: [] };
const said = (...actions: Action[]) => problemOfActions(actions, meta, deal);

it("what is no action is left out", () => {
  expect(actionsOf([{ do: "notify", users: ["owner_id"], title: "Look" }, "do", { set: {} }])).toHaveLength(1);
  expect(actionsOf({ do: "notify" })).toEqual([]);
});
it("fields are offered that the action may write", () => {
  expect(settableFields(deal, "update").map(({ name }) => name)).toEqual(["name", "amount", "stage_id"]);
  expect(settableFields(deal, "create").map(({ name }) => name)).toContain("source");
  expect(neededIn(deal)).toEqual({ name: null });
});
it("what is missing is said of the action that it is missing of", () => {
  expect(said()).toBe("Add at least one action.");
  expect(said(freshAction("update"))).toBe("Action 1: choose at least one field.");
  expect(said(freshAction("create"))).toBe("Action 1: choose what is created.");
  expect(said({ do: "create", entity: "deal", set: { name: "x", amount: null } })).toBe(
    "Action 1: Amount has no value. Give it one, or remove it.",
  );
  expect(said({ do: "update", set: { name: null } })).toBe("Action 1: Name is required.");
  expect(said({ do: "update", set: { amount: new Unparsed("lots", "number") } })).toBe("Action 1: Amount must be a number.");
  expect(said({ do: "webhook", endpoint_id: "x" }, freshAction("notify"))).toBe("Action 2: choose who is told.");
  expect(said({ do: "notify", users: ["owner_id"], title: " " })).toBe("Action 1: write a title.");
  expect(said({ do: "update", set: { amount: null } }, { do: "dance", how: "well" })).toBeNull();
});
it("a part that becomes blank is left out, others stay", () => {
  const action = { do: "notify", users: ["owner_id"], title: "Look", extra: 1 };
  expect(withPart({ ...action, message: "x" }, "message", "")).toEqual(action);
});
