// The pages on a phone.
import assert from "node:assert/strict";
import { accessible, boardReady, PHONE } from "./world.mjs";

export default async function flows(check) {
  await check(
    "phone: drawer, two-line list, record, board by touch targets; nothing overflows",
    async (page) => {
      const fits = async () =>
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `overflow on ${page.url()}`);
      await page.goto("/companies");
      await page.getByRole("region", { name: "Companies" }).getByRole("link").first().waitFor();
      await fits();
      await accessible(page);
      await page.getByRole("button", { name: "Open menu" }).click();
      await page.getByRole("dialog").getByRole("link", { name: "Contacts" }).click();
      await page.waitForURL(/contacts/);
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.getByRole("region", { name: "Contacts" }).getByRole("link").first().click();
      await page.waitForURL(/contacts\/[\w-]+$/);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await fits();
      await accessible(page);
      await page.goto("/deals?layout=board");
      await boardReady(page);
      await fits();
      await accessible(page);
      await page.goto("/companies?create=true");
      await page.getByRole("dialog", { name: "New company" }).waitFor();
      await fits();
      await accessible(page);
    },
    PHONE,
  );
}
