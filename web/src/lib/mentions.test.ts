import { describe, expect, it } from "vitest";
import { decodeMentions, encodeMentions, mentionAt, withoutMarks } from "./mentions";

const ANA = { id: "u-1", name: "Ana" };
const ANA_W = { id: "u-2", name: "Ana Whitfield" };

describe("mentions", () => {
  it("are stored with who is meant, the longer name first", () => {
    expect(encodeMentions("Ask @Ana Whitfield, not @Ana.", [ANA, ANA_W])).toBe(
      "Ask @[Ana Whitfield](user:u-2), not @[Ana](user:u-1).",
    );
    expect(encodeMentions("@Anabel is somebody else", [ANA])).toBe("@Anabel is somebody else");
    expect(encodeMentions("a@Ana", [])).toBe("a@Ana");
  });
  it("come back as they were typed", () => {
    const stored = "Ask @[Ana Whitfield](user:u-2) today";
    const { text, mentions } = decodeMentions(stored);
    expect(text).toBe("Ask @Ana Whitfield today");
    expect(encodeMentions(text, mentions)).toBe(stored);
  });
  it("a name with brackets cannot break out", () => expect(encodeMentions("@x y", [{ id: "u", name: "x] [y" }])).toBe("@x y"));
  it("are noticed while they are typed", () => {
    expect(mentionAt("Ask @an", 7)).toEqual({ start: 4, query: "an" });
    expect(mentionAt("@Ana Wh", 7)).toEqual({ start: 0, query: "Ana Wh" });
    expect(mentionAt("mail a@b", 8)).toBeNull();
    expect(mentionAt("@Ana Whitfield said", 19)).toBeNull();
    expect(mentionAt("plain", 5)).toBeNull();
    expect(mentionAt("@", 1)).toEqual({ start: 0, query: "" });
  });
});

it("words that are bold lose their marks, and nothing else does", () => {
  expect(withoutMarks("**Key facts** before: 2 ** 3 ** 4")).toBe("Key facts before: 2 ** 3 ** 4");
});
