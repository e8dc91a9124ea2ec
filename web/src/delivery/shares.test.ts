import { expect, it } from "vitest";
import { shareOf } from "./shares";

it("counts hundredths, rounded down, and none of nothing", () => {
  expect(shareOf("50", "200.00")).toBe(25);
  expect(shareOf("79.99", "100")).toBe(79);
  expect(shareOf("300", "100")).toBe(300);
  expect(shareOf("", "100")).toBe(0);
  expect(shareOf("5", "")).toBeNull();
  expect(shareOf("5", "0.000")).toBeNull();
});
