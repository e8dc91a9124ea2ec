// Duplicates made one and told apart, and why one sees what one sees.
import assert from "node:assert/strict";
import { accessible, openList, PHONE, requestsOf } from "./world.mjs";

export default async function flows(check) {
  await check("duplicates: looked through, merged field by field, taken back by Ctrl+Z", async (page) => {
    await openList(page, "/companies");
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("menuitem", { name: "Find duplicates" }).click();
    await page.waitForURL(/companies\/duplicates/);
    const group = page.locator("[data-duplicates]").first();
    await group.getByText("92 % alike").waitFor();
    await group.getByText("Same or alike: Website").waitFor();
    await accessible(page);
    await page.keyboard.press("Control+Shift+l");
    await accessible(page);
    const posts = requestsOf(page, "POST");
    await group.getByRole("button", { name: "Merge" }).click();
    const dialog = page.getByRole("dialog", { name: /^Merge into/ });
    await accessible(page);
    // What the one that stays lacks is taken over without being asked for.
    const phone = dialog.getByRole("group", { name: "Phone" });
    await phone.waitFor();
    const name = dialog.getByRole("group", { name: "Name" });
    await name.getByRole("radio").nth(1).check();
    await dialog.getByRole("button", { name: "Merge", exact: true }).click();
    await page
      .getByText(/^Merged into/)
      .first()
      .waitFor();
    assert.equal(posts[0].body.fields.name, "theirs");
    assert.ok(posts[0].headers["idempotency-key"]);
    await page.getByRole("heading", { name: "No duplicates" }).waitFor();
    await accessible(page);
    await page.keyboard.press("Control+z");
    await group.waitFor();
    await group.getByRole("button", { name: "Not the same" }).click();
    await page.getByText("They are told apart").first().waitFor();
    await page.getByRole("heading", { name: "No duplicates" }).waitFor();
    await page.getByRole("button", { name: "Undo" }).first().click();
    await group.waitFor();
  });
  await check(
    "duplicates: the other one can be kept instead; on a phone too",
    async (page) => {
      await page.goto("/companies/duplicates");
      const group = page.locator("[data-duplicates]").first();
      await group.getByRole("button", { name: "Merge" }).click();
      const dialog = page.getByRole("dialog");
      const before = await dialog.getByRole("heading").innerText();
      await dialog.getByRole("button", { name: "Keep the other one" }).click();
      await page.waitForFunction((title) => document.querySelector("[role=dialog] h2")?.textContent !== title, before);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      await accessible(page);
    },
    PHONE,
  );
  await check("access: who sees a record, who may change it, and by what", async (page) => {
    await openList(page, "/companies");
    await page.locator("[data-cell='0:0'] a").click();
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("menuitem", { name: "Who can see this" }).click();
    const dialog = page.getByRole("dialog", { name: "Who can see this" });
    await dialog
      .locator("[data-right=read]")
      .getByText(/the role is for all companies|is named as Owner/)
      .waitFor();
    await dialog
      .locator("[data-right=delete]")
      .getByText("Your role allows it for other companies, but not for this one.")
      .waitFor();
    assert.equal(await dialog.locator("[data-person]").count(), 4);
    await accessible(page);
    await page.keyboard.press("Control+Shift+l");
    await page.keyboard.press("Escape");
  });
}
