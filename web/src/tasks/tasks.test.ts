import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Rec } from "@/api/types";
import { setZone } from "@/lib/zone";
import { bucketOf, byDue, grouped } from "./buckets";
import { readTask } from "./quickAdd";

// A Tuesday, ten in the morning.
const NOW = new Date("2026-11-24T10:00:00Z");
beforeEach(() => setZone("UTC"));
afterEach(() => setZone("UTC"));

describe("a task jotted down", () => {
  it.each([
    ["call Ada tomorrow 9:00", "Call Ada", "2026-11-25T09:00:00.000Z", "call", null],
    ["e-mail the offer to Ben by friday !high", "E-mail the offer to Ben", "2026-11-27T23:59:00.000Z", "email", "high"],
    ["Meeting with Grace next monday 14:30 !!", "Meeting with Grace", "2026-11-30T14:30:00.000Z", "meeting", "urgent"],
    ["follow up on the contract in 2 weeks", "Follow up on the contract", "2026-12-08T23:59:00.000Z", "follow_up", null],
    ["Read the guide", "Read the guide", null, null, null],
    ["Wow! a surprise !low", "Wow! a surprise", null, null, "low"],
    ["  ", "", null, null, null],
  ])("%s", (text, title, due_at, type, priority) => expect(readTask(text, NOW)).toEqual({ title, due_at, type, priority }));
});

describe("groups by day", () => {
  it.each([
    ["2026-11-24T09:59:00Z", "today"],
    ["2026-11-23T23:59:00Z", "overdue"],
    ["2026-11-24T23:59:00Z", "today"],
    ["2026-11-25T00:00:00Z", "tomorrow"],
    ["2026-11-29T12:00:00Z", "this_week"],
    ["2026-11-30T00:00:00Z", "later"],
    [null, "no_date"],
  ])("%s is %s", (due, bucket) => expect(bucketOf(due, NOW)).toBe(bucket));
  it("a day ends where the person is", () => {
    setZone("America/Los_Angeles");
    expect(bucketOf("2026-11-25T07:30:00Z", NOW)).toBe("today");
    setZone("Asia/Tokyo");
    expect(bucketOf("2026-11-24T15:30:00Z", NOW)).toBe("tomorrow");
  });
  const task = (id: string, due_at: string | null, priority: string, bucket: string): Rec => ({
    ...{ id, due_at, priority, bucket, version: 1, created_at: "", updated_at: "" },
  });
  it("come in order, sooner and more urgent first", () => {
    const tasks = [
      task("a", "2026-11-25T12:00:00Z", "low", "tomorrow"),
      task("b", "2026-11-24T12:00:00Z", "low", "today"),
      task("c", "2026-11-24T12:00:00Z", "urgent", "today"),
      task("d", null, "high", "no_date"),
      task("e", null, "low", "done"),
    ];
    expect(
      grouped(tasks, (one) => String(one.bucket)).map((group) => [group.bucket, ...group.tasks.map((one) => one.id)]),
    ).toEqual([
      ["today", "c", "b"],
      ["tomorrow", "a"],
      ["no_date", "d"],
      ["done", "e"],
    ]);
    expect(byDue(tasks[3] as Rec, tasks[0] as Rec)).toBe(1);
  });
});
