import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isWholeDay } from "@/lib/format";
import { setZone } from "@/lib/zone";
import { findMoment, isoOf, onDay, readMoment } from "./words";

// A Tuesday, ten in the morning.
const NOW = new Date("2026-11-24T10:00:00Z");
beforeEach(() => setZone("UTC"));
afterEach(() => setZone("UTC"));

const read = (text: string) => {
  const said = readMoment(text, NOW);
  return said ? `${said.day}${said.timed ? ` ${said.hour}:${String(said.minute).padStart(2, "0")}` : ""}` : null;
};

describe("days and hours as people say them", () => {
  it.each([
    ["today", "2026-11-24"],
    ["Tomorrow", "2026-11-25"],
    ["tomorrow 9:00", "2026-11-25 9:00"],
    ["tomorrow at 9", "2026-11-25 9:00"],
    ["9:00 tomorrow", "2026-11-25 9:00"],
    ["tomorrow, 3pm", "2026-11-25 15:00"],
    ["tomorrow morning", "2026-11-25 9:00"],
    ["tonight", "2026-11-24 20:00"],
    ["friday", "2026-11-27"],
    ["tuesday", "2026-12-01"],
    ["next friday", "2026-12-04"],
    ["next monday", "2026-11-30"],
    ["on thu 14:30", "2026-11-26 14:30"],
    ["next week", "2026-11-30"],
    ["in 3 days", "2026-11-27"],
    ["in a week", "2026-12-01"],
    ["in two months", "2027-01-24"],
    ["+2w", "2026-12-08"],
    ["24 dec", "2026-12-24"],
    ["24 dec 8am", "2026-12-24 8:00"],
    ["2027-01-05 16:15", "2027-01-05 16:15"],
    ["15:00", "2026-11-24 15:00"],
    ["9:00", "2026-11-25 9:00"],
    ["12am", "2026-11-25 0:00"],
    ["12pm", "2026-11-24 12:00"],
    ["14h", "2026-11-24 14:00"],
    ["in 2 hours", "2026-11-24 12:00"],
    ["in half an hour", "2026-11-24 10:30"],
  ])("%s", (text, expected) => expect(read(text)).toBe(expected));
  it.each(["", "soon", "25:00", "13pm", "call", "31 feb", "in days"])("%s is no moment", (text) => expect(read(text)).toBeNull());
});

describe("in a sentence", () => {
  const find = (text: string) => {
    const found = findMoment(text, NOW);
    return found ? [found.rest, found.said.day] : null;
  };
  it.each([
    ["call Ada tomorrow 9:00", "call Ada", "2026-11-25"],
    ["tomorrow call Ada", "call Ada", "2026-11-25"],
    ["Send the offer by friday", "Send the offer", "2026-11-27"],
    ["Demo for 3 sites next monday 10am", "Demo for 3 sites", "2026-11-30"],
    ["Ask about the may report in 2 weeks", "Ask about the may report", "2026-12-08"],
    ["Write to Sun Systems thu", "Write to Sun Systems", "2026-11-26"],
    ["Ring them at 15:30", "Ring them", "2026-11-24"],
  ])("%s", (text, rest, day) => expect(find(text)).toEqual([rest, day]));
  it.each(["Order 12 chairs", "Sun Systems", "Version 1.20 notes", "tomorrow"])("%s has none", (text) =>
    expect(findMoment(text, NOW)).toBeNull(),
  );
});

it("a day without an hour lasts until its end", () => {
  const said = readMoment("tomorrow", NOW);
  expect(said && isoOf(said)).toBe("2026-11-25T23:59:00.000Z");
  expect(isWholeDay("2026-11-25T23:59:00.000Z")).toBe(true);
  expect(isWholeDay("2026-11-25T09:00:00.000Z")).toBe(false);
});
it("moves to another day, keeping its hour", () => {
  expect(onDay("2026-11-24T09:30:00.000Z", "2026-11-30")).toBe("2026-11-30T09:30:00.000Z");
  expect(onDay("2026-11-24T23:59:00.000Z", "2026-11-30")).toBe("2026-11-30T23:59:00.000Z");
  expect(onDay(null, "2026-11-30")).toBe("2026-11-30T23:59:00.000Z");
  setZone("America/Los_Angeles");
  expect(onDay("2026-11-25T17:00:00.000Z", "2026-11-30")).toBe("2026-11-30T17:00:00.000Z");
});
