import { describe, expect, it } from "vitest";
import type { Rec } from "@/api/types";
import { byDay, goesOn, senderOf, unreadOf } from "./model";
import { readInboxSearch } from "./search";

const message = (at: string, more: Partial<Rec> = {}): Rec => ({
  ...{ id: at, version: 1, created_at: at, updated_at: at, direction: "inbound", message_type: "email", sender_id: "a" },
  ...more,
});

describe("the inbox", () => {
  it("reads its address and leaves out what it does not know", () => {
    expect(readInboxSearch({ box: "mine", c: "1", q: "" })).toEqual({ box: "mine", c: "1" });
    expect(readInboxSearch({ box: "attic", c: 3 })).toEqual({});
  });
  it("counts what I have not read, or else what nobody has", () => {
    expect(unreadOf(message("1", { my_unread: 0, unread_count: 3 }))).toBe(0);
    expect(unreadOf(message("1", { unread_count: 3 }))).toBe(3);
  });
  it("knows whose words they are", () => {
    expect(senderOf(message("1", { sender_user: null, sender_contact: { id: "c", full_name: "Mara" }, sender_name: "m" }))).toBe(
      "Mara",
    );
    expect(senderOf(message("1", { sender_name: "Reception" }))).toBe("Reception");
    expect(senderOf(message("1"))).toBeUndefined();
  });
  it("puts messages under their days, and joins what one voice says in one go", () => {
    const [one, two, three] = [
      message("2026-11-26T10:00:00Z"),
      message("2026-11-26T10:03:00Z"),
      message("2026-11-27T10:00:00Z", { direction: "outbound" }),
    ] as [Rec, Rec, Rec];
    expect(byDay([one, two, three]).map(({ day, messages }) => [day, messages.length])).toEqual([
      ["2026-11-26", 2],
      ["2026-11-27", 1],
    ]);
    expect([goesOn(undefined, one), goesOn(one, two), goesOn(two, three)]).toEqual([false, true, false]);
    expect(goesOn(one, message("2026-11-26T10:06:00Z"))).toBe(false);
  });
});
