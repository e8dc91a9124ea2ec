import { expect, it } from "vitest";
import { hueOfText, nearestHue } from "./hues";

it("takes the palette's own names as they are", () => expect(nearestHue("violet")).toBe("violet"));
it.each([
  ["#6366f1", "blue"],
  ["#8b5cf6", "violet"],
  ["#ec4899", "pink"],
  ["#f59e0b", "amber"],
  ["#10b981", "green"],
  ["#ef4444", "red"],
  ["#f00", "red"],
  ["#14b8a6", "teal"],
  ["#6b7280", "gray"],
  ["#000000", "gray"],
])("%s is nearest to %s", (color, hue) => expect(nearestHue(color)).toBe(hue));
it.each([null, "", "blau", "#12", 7])("%s is no colour", (color) => expect(nearestHue(color)).toBeNull());
it("a word keeps its hue", () => {
  expect(hueOfText("vip")).toBe(hueOfText("vip"));
  expect(hueOfText("vip")).not.toBe("gray");
});
