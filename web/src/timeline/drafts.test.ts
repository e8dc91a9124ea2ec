import { beforeEach, expect, it } from "vitest";
import { emptyDraft, forgetDrafts, isEmpty, keepDraft, readDraft } from "./drafts";

beforeEach(() => localStorage.clear());
const written = (text: string) => ({ ...emptyDraft("note"), note: { text, mentions: [] } });

it("keeps a draft per record, and forgets it once it is empty", () => {
  keepDraft("companies/1", written("one"));
  keepDraft("companies/2", written("two"));
  expect(readDraft("companies/1", "note").note.text).toBe("one");
  expect(readDraft("companies/3", "task")).toEqual(emptyDraft("task"));
  keepDraft("companies/1", written("  "));
  expect(localStorage.getItem("kith.draft.companies/1")).toBeNull();
  expect(isEmpty(readDraft("companies/1", "note"))).toBe(true);
});
it("keeps the latest forty only, and none after signing out", () => {
  for (let index = 0; index < 45; index++) keepDraft(`leads/${index}`, written(String(index)));
  expect(readDraft("leads/4", "note").note.text).toBe("");
  expect(readDraft("leads/5", "note").note.text).toBe("5");
  forgetDrafts();
  expect(Object.keys(localStorage)).toEqual([]);
});
it("a draft of an older page gets the parts it lacks", () => {
  localStorage.setItem("kith.draft.x", JSON.stringify({ tab: "task", note: { text: "a" }, interaction: {}, task: {} }));
  expect(readDraft("x", "note")).toMatchObject({ tab: "task", note: { text: "a", mentions: [] }, task: { priority: "medium" } });
});
