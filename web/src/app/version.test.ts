import { afterEach, expect, it, vi } from "vitest";
import { entryOf, lookForNewVersion } from "./version";

afterEach(() => vi.unstubAllGlobals());
const page = (name: string) =>
  `<html><script src="/theme-boot.js"></script><script type="module" src="/assets/${name}.js"></script></html>`;

it("knows a page by the script it starts with", () => {
  expect(entryOf(page("index-1a"))).toBe("/assets/index-1a.js");
  expect(entryOf("<html></html>")).toBeUndefined();
});
it("notices a newer one, asks no more than once a minute, and stays calm when nobody answers", async () => {
  const asked = vi.fn(async () => new Response(page("index-1a")));
  vi.stubGlobal("fetch", asked);
  expect(await lookForNewVersion(100_000, page("index-1a"))).toBe(false);
  expect(await lookForNewVersion(110_000, page("index-1a"))).toBe(false);
  expect(asked).toHaveBeenCalledTimes(1);
  vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("offline")));
  expect(await lookForNewVersion(200_000, page("index-1a"))).toBe(false);
  vi.stubGlobal("fetch", async () => new Response(page("index-2b")));
  expect(await lookForNewVersion(300_000, page("index-1a"))).toBe(true);
});
