import { expect, it } from "vitest";
import en from "@/i18n/en";
import { BOARD_JUMPS, JUMPS, KEYS, PLACES, type ShortcutId, shortcutsOf } from "./shortcuts";

const ids = Object.keys(KEYS) as ShortcutId[];

it("no key means two things in one place", () => {
  const everywhere = shortcutsOf("everywhere").map((id) => KEYS[id]);
  for (const place of PLACES) {
    const keys = [...shortcutsOf(place).map((id) => KEYS[id]), ...(place === "everywhere" ? [] : everywhere)];
    expect(keys).toHaveLength(new Set(keys).size);
  }
});
it("what a list and its table answer to does not collide", () => {
  const keys = [...shortcutsOf("list"), ...shortcutsOf("table")].map((id) => KEYS[id]);
  expect(keys).toHaveLength(new Set(keys).size);
});
it("no letter stands in the way of a jump", () => {
  expect(ids.map((id) => KEYS[id] as string)).not.toContain("g");
  const jumps = [...Object.values(JUMPS), ...Object.values(BOARD_JUMPS), "m"];
  expect(jumps).toHaveLength(new Set(jumps).size);
});
it("every key is explained in the sheet", () => {
  for (const id of ids) {
    const [place = "", name = ""] = id.split(".");
    const texts: Record<string, Record<string, string>> = en.shortcuts.keys;
    expect(texts[place]?.[name], id).toBeTruthy();
  }
  expect(PLACES.flatMap(shortcutsOf)).toHaveLength(ids.length);
});
