import { beforeEach, expect, it } from "vitest";
import { setLocale } from "@/lib/format";
import { fileSize } from "./size";

beforeEach(() => setLocale("en"));
it("says how large a file is in the largest unit that fits", () => {
  expect([0, 999, 1000, 184_320, 2_560_000, 3_100_000_000].map(fileSize)).toEqual([
    "0 byte",
    "999 byte",
    "1 kB",
    "184 kB",
    "2.6 MB",
    "3.1 GB",
  ]);
});
