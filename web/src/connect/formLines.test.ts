import { expect, it } from "vitest";
import "@/i18n/connect";
import { linesOf, linesToValue } from "./formLines";

it("the names that pages use already stay, new ones are made", () => {
  const kept = [{ name: "mail", field: "email", label: "Address", required: true }];
  expect(linesToValue(linesOf(kept))).toEqual(kept);
  const fresh = { key: 1, required: false, was: {} };
  expect(
    linesToValue([...linesOf(kept), { ...fresh, label: "Your question?" }, { ...fresh, key: 2, label: "Mail", field: "email" }]),
  ).toEqual([
    ...kept,
    { name: "your_question", label: "Your question?", required: false },
    { name: "email", field: "email", label: "Mail", required: false },
  ]);
});
it("a field without a name is told", () => {
  expect(linesToValue([{ key: 0, label: " ", required: false, was: {} }])).toBe("Field 1 of the form needs a name.");
});
