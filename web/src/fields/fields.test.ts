import { afterEach, describe, expect, it } from "vitest";
import { type Field, KINDS } from "@/api/types";
import { setLocale } from "@/lib/format";
import { parseDay } from "./dates";
import { wordsIn } from "./kinds/structures";
import { parseDecimal, parseInteger } from "./numbers";
import { isEditable, kindOf, operatorsOf, shownFields } from "./registry";
import { entityOf, fieldOf } from "./testing";
import { Unparsed } from "./types";
import { checkValue } from "./validate";
import { bodyOf, titleOf, valueIn, withValues } from "./values";
import { parseMoment } from "./words";

afterEach(() => setLocale("en"));
const valueOfText = (parsed: ReturnType<typeof parseDecimal>) => (parsed.ok ? parsed.value : parsed.problem);

describe("figures as people write them", () => {
  it.each([
    ["", null],
    ["1250", "1250"],
    ["$1,250", "1250"],
    ["1,250,000.50", "1250000.5"],
    ["2.5m", "2500000"],
    ["40k", "40000"],
    ["1.2345k", "1234.5"],
    ["0.10", "0.1"],
    ["-3", "-3"],
    ["- 3 000", "-3000"],
    ["€ 12'000", "12000"],
    ["12 USD", "12"],
    ["-0", "0"],
    ["123456789012345.67", "123456789012345.67"],
    ["abc", "number"],
    ["1.2.3", "number"],
    ["1.005", "decimals"],
  ])("%s", (text, wanted) => expect(valueOfText(parseDecimal(text, 2))).toBe(wanted));
  it("reads the locale's decimal comma", () => {
    setLocale("de");
    expect(valueOfText(parseDecimal("1.250,5", 2))).toBe("1250.5");
    expect(valueOfText(parseDecimal("1.250", 2))).toBe("1250");
    expect(valueOfText(parseDecimal("12,50", 2))).toBe("12.5");
  });
  it("whole numbers stay whole", () => {
    expect(valueOfText(parseInteger("1,139"))).toBe(1139);
    expect(valueOfText(parseInteger("1.5"))).toBe("integer");
    expect(valueOfText(parseInteger("99999999999999999999"))).toBe("integer");
  });
});

describe("days as people write them", () => {
  const today = "2026-11-21";
  it.each([
    ["2026-12-24", "2026-12-24"],
    ["tomorrow", "2026-11-22"],
    ["+2w", "2026-12-05"],
    ["-30d", "2026-10-22"],
    ["3m", "2027-02-21"],
    ["24 dec", "2026-12-24"],
    ["Dec 24, 2027", "2027-12-24"],
    ["24 december 27", "2027-12-24"],
    ["12/24/2026", "2026-12-24"],
    ["24.12.2026", "2026-12-24"],
    ["", null],
    ["2026-02-30", "date"],
    ["24 dec 202", "date"],
    ["soon", "date"],
  ])("%s", (text, wanted) => expect(valueOfText(parseDay(text, today))).toBe(wanted));
  it("the day comes first where the locale says so", () => {
    setLocale("en-GB");
    expect(valueOfText(parseDay("03/04/2026", today))).toBe("2026-04-03");
  });
  it("moments are local and stored in UTC", () => {
    const parsed = parseMoment("2026-11-21 14:30");
    expect(parsed.ok && parsed.value).toBe(new Date(2026, 10, 21, 14, 30).toISOString());
    expect(parseMoment("2026-11-21 25:00").ok).toBe(false);
  });
});

describe("registry", () => {
  it.each(KINDS)("%s is complete", (kind) => {
    const module = kindOf(fieldOf({ kind }));
    expect(module.width).toBeGreaterThan(50);
    expect(typeof module.text(null, fieldOf({ kind }))).toBe("string");
    expect(module.parse("", fieldOf({ kind }))).toMatchObject({ ok: true });
    if (module.filter !== "none") expect(module.operators.length).toBeGreaterThan(0);
  });
  it("offers only operators that the server allows, in the kind's order", () => {
    expect(operatorsOf(fieldOf({ kind: "money", operators: ["is_null", "gt", "eq"] }))).toEqual(["eq", "gt", "is_null"]);
  });
  it("shows a kind it does not know as text", () => {
    expect(kindOf(fieldOf({ kind: "novel" as never })).text("x", fieldOf())).toBe("x");
  });
  it("hides the container of custom fields and the machine's own", () => {
    const entity = entityOf([
      fieldOf({ name: "name" }),
      fieldOf({ name: "custom_fields", kind: "custom_fields" }),
      fieldOf({ name: "board_position" }),
    ]);
    expect(shownFields(entity).map((field) => field.name)).toEqual(["name"]);
  });
  it("edits only what may be written", () => {
    const field = fieldOf({ name: "name" });
    expect(isEditable(entityOf([field]), field)).toBe(true);
    expect(isEditable(entityOf([field], { permissions: ["read"] }), field)).toBe(false);
    expect(isEditable(entityOf([field]), { ...field, read_only: true })).toBe(false);
    expect(isEditable(entityOf([field], { read_only: true }), field)).toBe(false);
  });
});

describe("rules of metadata", () => {
  it.each([
    [fieldOf({ required: true }), "", "required"],
    [fieldOf({ required: true, kind: "tags" }), [], "required"],
    [fieldOf({ kind: "email" }), "nope", "email"],
    [fieldOf({ kind: "email" }), "ana@kith.test", null],
    [fieldOf({ kind: "url" }), "kith", "url"],
    [fieldOf({ kind: "url" }), "kith.example/path", null],
    [fieldOf({ kind: "phone" }), "call me", "phone"],
    [fieldOf({ kind: "integer", min: 1 }), 0, "min"],
    [fieldOf({ kind: "percent", max: 100 }), 101, "max"],
    [fieldOf({ max_length: 3 }), "four", "maxLength"],
    [fieldOf({ max_length: 4 }), "😀😀😀😀", null],
    [fieldOf({}), new Unparsed("x", "number"), "number"],
  ])("%#", (field, value, problem) => expect(checkValue(field, value)?.problem ?? null).toBe(problem));
});

describe("custom fields", () => {
  const tier = fieldOf({ name: "custom.tier", custom: true });
  const record = { id: "1", version: 1, created_at: "", updated_at: "", custom_fields: { tier: "gold", visits: 3 } };
  it("are read and written in their container", () => {
    expect(valueIn(record, tier)).toBe("gold");
    expect(bodyOf({ name: "x", "custom.tier": null })).toEqual({ name: "x", custom_fields: { tier: null } });
    expect(withValues(record, { "custom.tier": "silver" }).custom_fields).toEqual({ tier: "silver", visits: 3 });
  });
});

it("finds what a record is called", () => {
  const entity = entityOf([fieldOf({ name: "name" })]);
  expect(titleOf(entity, { id: "1", name: "Acme" })).toBe("Acme");
  expect(titleOf(entity, { id: "1", first_name: "Ada", last_name: "Quist" })).toBe("Ada Quist");
  expect(titleOf(entity, { id: "0193abcd-1" })).toBe("Thing");
  expect(titleOf(entity, { id: "1", product: { id: "2", name: "Pump" }, creator: { id: "3", full_name: "Ada" } })).toBe("Pump");
});

it("reads lists of names as words, and leaves every other structure as it is", () => {
  expect(wordsIn(["actual_close_date", "probability"])).toBe("Actual close date, probability");
  for (const value of [[], null, { a: 1 }, [1, 2], ["<b>"], [["a"]]]) expect(wordsIn(value)).toBeUndefined();
});

it("does not offer to change what is final, but whose it is", () => {
  const invoice = { ...entityOf([fieldOf({ name: "notes" }), fieldOf({ name: "owner_id" })]), name: "invoice" };
  const [notes, owner] = invoice.fields as [Field, Field];
  const record = (status: string) => ({ id: "1", version: 1, created_at: "", updated_at: "", status });
  expect(isEditable(invoice, notes, record("draft"))).toBe(true);
  expect(isEditable(invoice, notes, record("sent"))).toBe(false);
  expect(isEditable(invoice, owner, record("sent"))).toBe(true);
  expect(isEditable(invoice, notes)).toBe(true);
});
