import { describe, expect, it } from "vitest";
import { createMatcher, keyCaps, nameOf } from "./hotkeys";

const press = (key: string, options: KeyboardEventInit = {}) =>
  new KeyboardEvent("keydown", { key, cancelable: true, ...options });

describe("hotkeys", () => {
  it("runs sequences, and forgets their beginning after a pause", () => {
    const match = createMatcher(500);
    const ran: string[] = [];
    const map = { "g d": () => ran.push("g d"), d: () => ran.push("d") };
    match(map, press("g"), 0);
    match(map, press("d"), 100);
    match(map, press("g"), 1000);
    match(map, press("d"), 2000);
    expect(ran).toEqual(["g d", "d"]);
  });
  it("names modifiers; shift is part of a character", () => {
    expect(nameOf(press("k", { ctrlKey: true }))).toBe("mod+k");
    expect(nameOf(press("?", { shiftKey: true }))).toBe("?");
    expect(nameOf(press("L", { ctrlKey: true, shiftKey: true }))).toBe("mod+shift+l");
    expect(nameOf(press("ArrowDown", { shiftKey: true }))).toBe("shift+down");
  });
  it("is silent while somebody types, unless a modifier is held", () => {
    const match = createMatcher();
    const input = document.body.appendChild(document.createElement("input"));
    const ran: string[] = [];
    const map = { c: () => ran.push("c"), "mod+k": () => ran.push("mod+k") };
    for (const event of [press("c", { bubbles: true }), press("k", { ctrlKey: true, bubbles: true })]) {
      input.addEventListener("keydown", (held) => match(map, held), { once: true });
      input.dispatchEvent(event);
    }
    input.remove();
    expect(ran).toEqual(["mod+k"]);
  });
  it("draws caps", () => expect(keyCaps("mod+shift+l")).toEqual(["Ctrl", "⇧", "L"]));
});
