// The table: windowing, editing in place, filters, columns, selection, preview.
import assert from "node:assert/strict";
import { activeCell, cell, heard } from "../lib.mjs";
import { accessible, hook, openList, ready, requestsOf, textOf, waitText } from "./world.mjs";

export default async function flows(check) {
  await check("table: windowed rows, keys to the end and back, focus survives a far scroll", async (page) => {
    await openList(page, "/companies");
    assert.ok(Number(await page.getByRole("grid").getAttribute("aria-rowcount")) > 4900);
    assert.ok((await page.locator("[role=grid] [role=row]").count()) < 60);
    await accessible(page);
    await cell(page, 0, 1).click();
    await page.keyboard.press("Control+End");
    await page.waitForFunction(() => /^\d{4}:10$/.test(document.activeElement?.getAttribute("data-cell") ?? ""));
    await page.keyboard.press("Control+Home");
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-cell") === "0:0");
    await page.getByRole("grid").evaluate((grid) => {
      grid.scrollTop = 60_000;
    });
    await page.waitForFunction(() => document.querySelector("[data-cell^='16']") !== null);
    assert.equal(await activeCell(page), "0:0");
    await page.keyboard.press("ArrowDown");
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-cell") === "1:0");
  });
  await check("table: edit money as people write it, If-Match, undo from the message and by Ctrl+Z", async (page) => {
    await openList(page, "/companies");
    const patches = requestsOf(page, "PATCH");
    const before = await textOf(page, 1, 4);
    await cell(page, 1, 4).click();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("2.5m");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("[data-cell='1:4']")?.innerText.includes("2,500,000"));
    assert.equal(await activeCell(page), "2:4");
    await page.getByRole("button", { name: "Undo" }).first().click();
    await waitText(page, 1, 4, before);
    assert.deepEqual(patches[0].body, { annual_revenue: "2500000" });
    assert.match(patches[0].headers["if-match"], /^"\d+"$/);
    await cell(page, 2, 5).click();
    const employees = await textOf(page, 2, 5);
    await page.keyboard.type("77");
    await page.keyboard.press("Enter");
    await waitText(page, 2, 5, "77");
    await page.getByText("Employees changed").first().waitFor();
    await page.keyboard.press("Control+z");
    await waitText(page, 2, 5, employees);
  });
  await check("table: bad input keeps the editor open and says why; Escape gives up; nothing is sent", async (page) => {
    await openList(page, "/companies");
    const patches = requestsOf(page, "PATCH");
    await cell(page, 1, 4).click();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("abc");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("must be a number").waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await activeCell(page), "1:4");
    assert.equal(patches.length, 0);
  });
  await check("table: choices, references, dates, flags and tags are edited in their own way", async (page) => {
    await openList(page, "/companies");
    const patches = requestsOf(page, "PATCH");
    await cell(page, 6, 1).click();
    await page.keyboard.press("Enter");
    await page.getByRole("combobox", { name: "Status" }).waitFor();
    await page.keyboard.type("chu");
    await page.keyboard.press("Enter");
    await waitText(page, 6, 1, "Churned");
    await cell(page, 6, 2).click();
    await page.keyboard.press("Enter");
    await page.getByRole("combobox", { name: "Owner" }).fill("Grace");
    await page.getByRole("option", { name: "Grace Liu" }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("[data-cell='6:2']")?.innerText.includes("Grace Liu"));
    await cell(page, 6, 7).click();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("24 dec 2026");
    await page.keyboard.press("Enter");
    await waitText(page, 6, 7, "Dec 24, 2026");
    await cell(page, 7, 7).click();
    await page.keyboard.press("Enter");
    await page.locator("[data-day]").nth(15).click();
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-cell") === "7:7");
    await cell(page, 6, 9).click();
    const was = patches.length;
    await page.keyboard.press("Enter");
    await page.getByText("Partner changed").first().waitFor();
    assert.equal(typeof patches[was].body.is_partner, "boolean");
    await cell(page, 6, 6).click();
    await page.keyboard.press("Enter");
    await page.getByRole("combobox", { name: "Tags" }).fill("Brand new");
    await page.getByRole("option", { name: /Brand new/ }).click();
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.querySelector("[data-cell='6:6']")?.innerText.includes("Brand new"));
    assert.deepEqual(patches[0].body, { status: "churned" });
    assert.equal(patches[2].body.renewal_on, "2026-12-24");
  });
  await check("table: a conflict shows mine, theirs and was, and saves the choice", async (page) => {
    await openList(page, "/companies");
    const id = (await page.locator("[data-cell='9:0'] a").getAttribute("href")).split("/").pop();
    await hook(`change/companies/${id}`, { employee_count: 4242 });
    await cell(page, 9, 5).click();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("11");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByText("was changed meanwhile").waitFor();
    await dialog.getByText("4,242").waitFor();
    await accessible(page);
    await dialog.getByRole("button", { name: "Save my choice" }).click();
    await waitText(page, 9, 5, "11");
  });
  await check("table: filters, sort and search live in the address; Back and deep links keep them", async (page) => {
    const conditions = encodeURIComponent(JSON.stringify([{ field: "status", op: "in", value: ["lead"] }]));
    await openList(page, `/companies?f=${conditions}&sort=-annual_revenue`);
    const some = Number(await page.getByRole("grid").getAttribute("aria-rowcount"));
    assert.ok(some > 100 && some < 2500, String(some));
    assert.equal(await page.getByRole("columnheader", { name: "Annual revenue" }).getAttribute("aria-sort"), "descending");
    await accessible(page);
    await page.keyboard.press("f");
    await page.getByRole("combobox", { name: "Filter by…" }).fill("Renewal");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "This year" }).click();
    await page.waitForURL(/this_year/);
    await accessible(page);
    await page.getByRole("button", { name: /^Status: is any of/ }).click();
    await page.getByRole("menuitem", { name: "is none of" }).click();
    await page.waitForURL(/nin/);
    await page.getByRole("button", { name: "Remove filter Status" }).click();
    await page.waitForURL((url) => !url.search.includes("status"));
    await page.getByRole("button", { name: "Clear filters" }).click();
    await page.getByRole("searchbox", { name: /Search companies/ }).fill("acme");
    await page.waitForURL(/q=acme/);
    await page.waitForFunction(() => Number(document.querySelector("[role=grid]")?.getAttribute("aria-rowcount")) < 1500);
    await page.getByRole("searchbox", { name: /Search companies/ }).fill("zzzz");
    await page.getByText("No companies match").waitFor();
    await page.getByRole("button", { name: "Clear filters" }).click();
    await ready(page);
    await page.getByRole("columnheader", { name: "Employees" }).getByRole("button").click();
    await page.waitForURL(/sort=employee_count/);
  });
  await check("table: columns are chosen, moved and sized, and stay so", async (page) => {
    await openList(page, "/companies");
    await page.getByRole("button", { name: "Fields" }).click();
    await page.getByRole("checkbox", { name: "Tags", exact: true }).click();
    await page.getByRole("checkbox", { name: "Visits", exact: true }).click();
    await accessible(page);
    await page.getByRole("button", { name: "Move Status" }).focus();
    await page.keyboard.press("Space");
    await heard(page, /Status picked up|Status is at place/);
    await page.keyboard.press("ArrowDown");
    await heard(page, /Status is at place 2/);
    await page.keyboard.press("Space");
    await heard(page, /Status dropped at place 2/);
    await page.keyboard.press("Escape");
    const headers = async () => (await page.getByRole("columnheader").allInnerTexts()).map((text) => text.trim()).filter(Boolean);
    await page.waitForFunction(() => !document.querySelector("[role=grid]")?.textContent?.includes("nothing"));
    const shown = await headers();
    assert.ok(!shown.includes("Tags") && shown.includes("Visits"), shown.join());
    assert.deepEqual(shown.slice(0, 3), ["Name", "Owner", "Status"]);
    await page.getByRole("separator", { name: "Width of Owner" }).focus();
    await page.keyboard.press("ArrowRight");
    const width = () => page.getByRole("separator", { name: "Width of Owner" }).getAttribute("aria-valuenow");
    assert.equal(await width(), "204");
    await page.reload();
    await ready(page);
    assert.deepEqual((await headers()).slice(0, 3), ["Name", "Owner", "Status"]);
    assert.equal(await width(), "204");
  });
  await check(
    "table: several rows are selected and changed, undone, deleted and restored; all that match go by filter",
    async (page) => {
      await openList(page, "/companies?sort=name");
      const posts = requestsOf(page, "POST");
      await cell(page, 8, 2).click();
      await page.keyboard.press("Shift+ArrowDown");
      await page.keyboard.press("Shift+ArrowDown");
      await page.getByText("3 selected").waitFor();
      await accessible(page);
      await page.getByRole("toolbar").getByRole("combobox", { name: "Edit a field" }).click();
      await page.getByRole("combobox", { name: "Field to change" }).fill("Employees");
      await page.keyboard.press("Enter");
      await page.getByRole("dialog").getByLabel("Employees").fill("12");
      await page.getByRole("button", { name: "Apply" }).click();
      await page.getByText("3 records changed").first().waitFor();
      await waitText(page, 8, 5, "12");
      assert.equal(posts.findLast((post) => post.url.endsWith("/bulk")).body.operations.length, 3);
      await cell(page, 8, 2).click();
      await page.keyboard.press("x");
      const name = await textOf(page, 8, 0);
      await page.getByRole("toolbar").getByRole("button", { name: "Delete" }).click();
      await page.getByText("1 record deleted").first().waitFor();
      await page.waitForFunction((gone) => document.querySelector("[data-cell='8:0']")?.innerText !== gone, name);
      await page.getByRole("button", { name: "Undo" }).first().click();
      await waitText(page, 8, 0, name);
      await openList(
        page,
        `/companies?f=${encodeURIComponent(JSON.stringify([{ field: "status", op: "in", value: ["inactive"] }]))}`,
      );
      await page.getByRole("checkbox", { name: "Select all shown rows" }).click();
      await page.getByRole("button", { name: /^Select all / }).click();
      await page.getByText(/^All .* selected$/).waitFor();
      await page.getByRole("toolbar").getByRole("button", { name: "Delete" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
      await page.getByRole("toolbar").getByRole("combobox", { name: "Edit a field" }).click();
      await page.getByRole("combobox", { name: "Field to change" }).fill("Partner");
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Apply" }).click();
      await page
        .getByText(/records changed/)
        .first()
        .waitFor();
      const sent = posts.findLast((post) => post.url.endsWith("/bulk")).body;
      assert.equal(sent.op, "update");
      assert.deepEqual(sent.filter, { field: "status", op: "in", value: ["inactive"] });
      assert.ok(sent.expected > 100);
    },
  );
  await check("table: Space previews, the arrows follow, Escape closes", async (page) => {
    await openList(page, "/companies");
    await cell(page, 4, 1).click();
    await page.keyboard.press("Space");
    await page.waitForURL(/peek=/);
    const first = await textOf(page, 4, 0);
    await page.getByRole("complementary", { name: first }).waitFor();
    await accessible(page);
    await page.keyboard.press("ArrowDown");
    await page.getByRole("complementary", { name: await textOf(page, 5, 0) }).waitFor();
    assert.equal(await activeCell(page), "5:1");
    await page.keyboard.press("Escape");
    await page.waitForURL((url) => !url.search.includes("peek"));
  });
  await check("table: a stage that needs more asks for it", async (page) => {
    await openList(page, "/deals?sort=name");
    await cell(page, 1, 1).click();
    await page.keyboard.press("Enter");
    await page.getByRole("combobox", { name: "Stage" }).fill("Lost");
    await page.getByRole("option", { name: "Lost" }).click();
    const dialog = page.getByRole("dialog").filter({ hasText: "Lost reason" });
    const needed = await dialog.waitFor({ timeout: 2500 }).then(
      () => true,
      () => false,
    );
    if (needed) {
      await dialog.getByRole("combobox").click();
      await page.getByRole("option", { name: "Price" }).click();
      await dialog.getByRole("button", { name: "Save" }).click();
    }
    await page.waitForFunction(() => document.querySelector("[data-cell='1:1']")?.innerText.includes("Lost"));
  });
}
