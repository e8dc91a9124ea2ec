import { afterEach, describe, expect, it } from "vitest";
import { parseCsv } from "./csv";
import { addDays, addMonths } from "./days";
import {
  countryName,
  currentLocale,
  day,
  decimal,
  exactMoney,
  initials,
  isoDay,
  money,
  number,
  percent,
  relative,
  setLocale,
  shortDay,
  shortWeekday,
} from "./format";

afterEach(() => setLocale("en"));

describe("figures", () => {
  it("drops zero cents and keeps others", () => {
    setLocale("en");
    expect(money("4514.00", "USD")).toBe("$4,514");
    expect(money("4514.50", "USD")).toBe("$4,514.50");
    expect(money("-3", "EUR")).toBe("-€3");
  });
  it("follows the currency's own decimals and the locale", () => {
    expect(money("1200.5", "JPY")).toBe("¥1,201");
    setLocale("de");
    expect(money("1234.5", "EUR")).toMatch(/^1\.234,50.€$/);
    expect(number(1234567)).toBe("1.234.567");
  });
  it("loses no digit of a long amount", () => expect(money("12345678901234567.89", "USD")).toBe("$12,345,678,901,234,567.89"));
  it("shortens", () => expect(money("2500000.00", "USD", true)).toBe("$2.5M"));
  it("copes without a currency", () => expect(money("10.50", "")).toBe("10.5"));
  it("percent and decimals", () => {
    expect(percent(25)).toBe("25%");
    expect(decimal("0.1234567")).toBe("0.1234567");
  });
});

describe("days", () => {
  it("are calendar days in every zone", () => expect(day("2026-11-21")).toBe("Nov 21, 2026"));
  it("leave this year out when short", () => {
    expect(shortDay("2026-12-01", "2026-11-21")).toBe("Dec 1");
    expect(shortDay("2027-01-04", "2026-11-21")).toBe("Jan 4, 2027");
  });
  it("relative to now", () => {
    const now = Date.parse("2026-11-21T12:00:00Z");
    expect(relative("2026-11-19T11:00:00Z", now)).toBe("2 days ago");
    expect(relative("2026-11-21T12:00:10Z", now)).toBe("this minute");
    expect(relative("2026-11-22T13:00:00Z", now)).toBe("tomorrow");
  });
  it("pass nonsense through", () => expect(day("soon")).toBe("soon"));
  it("add days and months over their edges", () => {
    expect(addDays("2026-12-31", 1)).toBe("2027-01-01");
    expect(addMonths("2026-01-31", 1)).toBe("2026-02-28");
    expect(addMonths("2028-03-31", -1)).toBe("2028-02-29");
    expect(isoDay(new Date(2026, 0, 5))).toBe("2026-01-05");
  });
});

it("ignores a locale it does not know", () => {
  setLocale("xx-invalid-locale-name");
  expect(currentLocale()).toBe("en");
  setLocale("pt_BR");
  expect(currentLocale()).toBe("pt-BR");
});
it("names", () => {
  expect(countryName("DE")).toBe("Germany");
  expect(countryName("??")).toBe("??");
  expect(initials("Ana Maria Whitfield", 2)).toBe("AW");
  expect(initials("Élan", 1)).toBe("É");
  expect(initials("", 2)).toBe("?");
});

describe("csv", () => {
  it("reads quotes, commas and line ends inside cells", () =>
    expect(parseCsv('a,"b, ""c""","d\ne"\r\n1,,3\n')).toEqual([
      ["a", 'b, "c"', "d\ne"],
      ["1", "", "3"],
    ]));
  it("skips a byte order mark and stops at the limit", () => expect(parseCsv("\ufeffx\ny\nz", 2)).toEqual([["x"], ["y"]]));
});

it("writes money of an invoice with all its decimals, in the currency's own number of them", () => {
  setLocale("en");
  expect(exactMoney("2880", "USD")).toBe("$2,880.00");
  expect(exactMoney("12345678901234.5", "EUR")).toBe("€12,345,678,901,234.50");
  expect(exactMoney("101", "JPY")).toBe("¥101");
  expect(shortWeekday("2026-11-27")).toBe("Fri");
});
