import { expect, it } from "vitest";
import { safeReturn } from "./session";

it.each([
  ["/deals?layout=board", "/deals?layout=board"],
  ["//elsewhere.example", "/"],
  ["https://elsewhere.example", "/"],
  ["/\\elsewhere.example", "/"],
  ["/sign-in?return=/x", "/"],
  [undefined, "/"],
])("after signing in, %s leads to %s", (wanted, address) => expect(safeReturn(wanted)).toBe(address));
