import { describe, expect, it } from "vitest";
import { afterEdit, moveCell, startsText } from "./keys";

const extent = { rows: 100, columns: 5, page: 10 };
const at = { row: 50, column: 2 };

describe("moveCell", () => {
  it.each([
    ["ArrowUp", false, 49, 2],
    ["ArrowDown", false, 51, 2],
    ["ArrowLeft", false, 50, 1],
    ["ArrowRight", false, 50, 3],
    ["ArrowUp", true, 0, 2],
    ["ArrowDown", true, 99, 2],
    ["ArrowLeft", true, 50, 0],
    ["ArrowRight", true, 50, 4],
    ["PageUp", false, 40, 2],
    ["PageDown", false, 60, 2],
    ["Home", false, 50, 0],
    ["End", false, 50, 4],
    ["Home", true, 0, 0],
    ["End", true, 99, 4],
    ["j", false, 51, 2],
    ["k", false, 49, 2],
  ])("%s (control %s)", (key, control, row, column) => expect(moveCell(key, at, extent, control)).toEqual({ row, column }));
  it("stays inside", () => {
    expect(moveCell("ArrowUp", { row: 0, column: 0 }, extent)).toEqual({ row: 0, column: 0 });
    expect(moveCell("ArrowRight", { row: 99, column: 4 }, extent)).toEqual({ row: 99, column: 4 });
    expect(moveCell("PageDown", { row: 95, column: 4 }, extent)).toEqual({ row: 99, column: 4 });
  });
  it("leaves other keys, and Ctrl+K, alone", () => {
    expect(moveCell("a", at, extent)).toBeNull();
    expect(moveCell("k", at, extent, true)).toBeNull();
  });
});

it("goes on after an edit", () => {
  expect(afterEdit("down", at, extent)).toEqual({ row: 51, column: 2 });
  expect(afterEdit("left", at, extent)).toEqual({ row: 50, column: 1 });
  expect(afterEdit("stay", at, extent)).toEqual(at);
});

it("knows the beginning of text", () => {
  const key = (name: string, rest = {}) => ({ key: name, ctrlKey: false, metaKey: false, altKey: false, ...rest });
  expect(startsText(key("7"))).toBe(true);
  expect(startsText(key("é"))).toBe(true);
  expect(startsText(key(" "))).toBe(false);
  expect(startsText(key("Enter"))).toBe(false);
  expect(startsText(key("c", { ctrlKey: true }))).toBe(false);
});
