import { describe, expect, it } from "vitest";
import { addDecimal, compareDecimal, isZero, multiplyDecimal, percentOf, roundDecimal, sumDecimal } from "./decimal";

describe("exact decimals", () => {
  it("adds and takes away without losing a digit", () => {
    expect(addDecimal("0.1", "0.2")).toBe("0.3");
    expect(addDecimal("99999999999999.99", "0.01")).toBe("100000000000000.00");
    expect(addDecimal("1", "2.50", -1)).toBe("-1.50");
    expect(sumDecimal(["0.10", "0.20", "-0.30"])).toBe("0.00");
    expect(sumDecimal([])).toBe("0");
  });
  it("multiplies with every digit", () => {
    expect(multiplyDecimal("1.5", "1.25")).toBe("1.875");
    expect(multiplyDecimal("-3", "0.333")).toBe("-0.999");
    expect(percentOf("8.1")).toBe("0.081");
  });
  it("rounds halves away from zero", () => {
    expect(roundDecimal("2.345", 2)).toBe("2.35");
    expect(roundDecimal("-2.345", 2)).toBe("-2.35");
    expect(roundDecimal("2.3449999", 2)).toBe("2.34");
    expect(roundDecimal("7", 2)).toBe("7.00");
    expect(roundDecimal("0.005", 2)).toBe("0.01");
    expect(roundDecimal("1.5", 0)).toBe("2");
  });
  it("compares by value, whatever the number of digits", () => {
    expect(compareDecimal("1.50", "1.5")).toBe(0);
    expect(compareDecimal("-1", "0.01")).toBe(-1);
    expect(compareDecimal("10", "9.99")).toBe(1);
    expect(isZero("-0.00")).toBe(true);
  });
});
