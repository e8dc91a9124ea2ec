import { describe, expect, it } from "vitest";
import { bodyOf } from "./ConvertDialog";
import { choiceFor } from "./conversion";

describe("what a conversion begins with", () => {
  it("uses what was found for sure, and makes a new one otherwise", () => {
    expect(choiceFor({ suggested: "c1", matches: [] }, { action: "create" })).toEqual({ action: "use", id: "c1" });
    const hint = { suggested: null, matches: [{ id: "c2", name: "Acme", reason: "name" as const }] };
    expect(choiceFor(hint, { action: "create", name: "Acme" })).toEqual({ action: "create", name: "Acme" });
  });
});
describe("what is sent", () => {
  const deal = {
    ...{ action: "create" as const, name: "Pilot", pipeline_id: "p", stage_id: "s", amount: null, currency: "USD" },
  };
  it("of each part only what belongs to its choice", () => {
    expect(bodyOf({ action: "use", id: "c1", name: "left over" }, { action: "create", id: "old" }, deal)).toEqual({
      company: { action: "use", id: "c1" },
      contact: { action: "create" },
      deal: { action: "create", name: "Pilot", pipeline_id: "p", stage_id: "s", currency: "USD" },
    });
    expect(bodyOf({ action: "create", name: " Acme " }, { action: "none" }, { ...deal, action: "none" })).toEqual({
      company: { action: "create", name: "Acme" },
      contact: { action: "none" },
      deal: { action: "none" },
    });
  });
});
