// Leads: the board they share with deals, the archive, and becoming a customer.
import assert from "node:assert/strict";
import { cell, column, heard, stands } from "../lib.mjs";
import { accessible, cardsOf, openList, requestsOf, textOf } from "./world.mjs";

const openLead = async (page) => {
  await openList(page, "/leads");
  await page.locator("[data-cell='0:0'] a").click();
  await page.getByRole("heading", { level: 1, name: /Mara Lindqvist/ }).waitFor();
  await page.getByRole("button", { name: /^Convert/ }).waitFor();
};

export default async function flows(check) {
  await check("leads: convert finds the company, makes the rest, links both ways, and is undone", async (page) => {
    await openLead(page);
    const posts = requestsOf(page, "POST");
    await page.keyboard.press("v");
    const dialog = page.getByRole("dialog", { name: "Convert Mara Lindqvist" });
    const company = dialog.getByRole("group", { name: "Company" });
    // Two of the companies share it, as duplicates do.
    await company.getByText("same web address").first().waitFor();
    assert.ok(await company.getByRole("radio", { name: "Use Willow Foods same web address suggested", exact: true }).isChecked());
    await accessible(page);
    await dialog.getByLabel("Amount").fill("20k");
    await dialog.getByRole("textbox", { name: "Expected close" }).fill("24 dec 2026");
    await dialog.getByRole("button", { name: /^Convert/ }).click();
    await page.getByRole("link", { name: "Deal", exact: true }).waitFor();
    const sent = posts.find((post) => post.url.endsWith("/convert"));
    assert.equal(sent.body.company.action, "use");
    assert.deepEqual(sent.body.contact, { action: "create" });
    assert.equal(sent.body.deal.amount, "20000");
    assert.equal(sent.body.deal.expected_close_date, "2026-12-24");
    assert.ok(sent.headers["idempotency-key"]);
    const banner = page.getByRole("region", { name: "Conversion" });
    await banner.getByRole("link", { name: /Willow Foods.*Company/ }).waitFor();
    await accessible(page);
    await page.getByRole("link", { name: "Deal", exact: true }).click();
    await page.waitForURL(/\/deals\/[\w-]+$/);
    await page.getByRole("heading", { level: 1, name: /Willow Foods/ }).waitFor();
    await page.goBack();
    await banner.getByRole("button", { name: "Undo" }).click();
    await page.getByText("Mara Lindqvist is a lead again").first().waitFor();
    await page.getByRole("button", { name: /^Convert/ }).waitFor();
    // Ctrl+Z takes the next one back as well.
    await page.getByRole("button", { name: /^Convert/ }).click();
    await dialog.getByRole("group", { name: "Deal" }).getByRole("radio", { name: "No deal" }).check();
    await dialog
      .getByRole("group", { name: "Company" })
      .getByRole("radio", { name: /^Create a new company/ })
      .check();
    await dialog.getByLabel("Name of the new company").fill("Lindqvist Consulting");
    await page.keyboard.press("Control+Enter");
    await banner.getByRole("link", { name: /Lindqvist Consulting/ }).waitFor();
    assert.deepEqual(posts.findLast((post) => post.url.endsWith("/convert")).body.deal, { action: "none" });
    await page.keyboard.press("Control+z");
    await page.getByRole("button", { name: /^Convert/ }).waitFor();
  });
  await check("leads: a conversion that something hangs on says why it stays", async (page) => {
    await openLead(page);
    await page.getByRole("button", { name: /^Convert/ }).click();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /^Convert/ })
      .click();
    const banner = page.getByRole("region", { name: "Conversion" });
    await banner.getByRole("link", { name: /Deal$/ }).click();
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.keyboard.press("t");
    await page.getByRole("textbox", { name: "Task" }).fill("Send the order form");
    await page.keyboard.press("Control+Enter");
    await page.getByText("Task added").first().waitFor();
    await page.goBack();
    await banner.getByText("It cannot be taken back: The deal has tasks.").waitFor();
    await accessible(page);
  });
  await check("leads: the board asks nothing of whose it is; a card put among the converted is converted", async (page) => {
    await page.goto("/leads?layout=board");
    await cardsOf(page, "New").first().waitFor();
    await accessible(page);
    const puts = requestsOf(page, "PUT");
    const card = cardsOf(page, "New").nth(1);
    const id = await card.getAttribute("data-card");
    await card.getByRole("button", { name: /^Drag / }).focus();
    await page.keyboard.press("Space");
    await heard(page, /picked up|is over New/);
    await page.keyboard.press("ArrowRight");
    await heard(page, /is over Contacted/);
    await page.keyboard.press("Space");
    await stands(page, id, "Contacted");
    assert.match(puts[0].url, /\/leads\/[\w-]+\/stage$/);
    const mara = page.locator("[data-card]").filter({ hasText: "Mara Lindqvist" });
    await mara.hover();
    await mara.getByRole("button", { name: /^Move / }).click();
    await page.getByRole("menuitem", { name: "Converted" }).click();
    await page
      .getByRole("dialog", { name: /^Convert/ })
      .getByRole("button", { name: /^Convert/ })
      .click();
    await column(page, "Converted").getByText("Mara Lindqvist").waitFor();
    await column(page, "Qualified").getByRole("button", { name: "New lead in Qualified" }).click();
    const dialog = page.getByRole("dialog", { name: "New lead" });
    await dialog.getByText("Qualified").first().waitFor();
    await dialog.getByLabel("Last name").fill("Holm");
    await dialog.getByRole("button", { name: /Create lead/ }).click();
    await column(page, "Qualified").getByText("Holm").waitFor();
  });
  await check("leads: archived ones leave the list, are found in their view and come back", async (page) => {
    await openList(page, "/leads");
    const name = await textOf(page, 4, 0);
    await page.locator("[data-cell='4:0'] a").click();
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("menuitem", { name: "Archive" }).click();
    await page.getByText("Archived changed").first().waitFor();
    await page.keyboard.press("u");
    await page.waitForFunction((gone) => document.querySelector("[data-cell='4:0']")?.innerText !== gone, name);
    await page.getByRole("navigation", { name: "Views" }).getByRole("button", { name: "Archived" }).click();
    await page.waitForURL(/archived=only/);
    await page.getByRole("heading", { name: "Archived leads" }).waitFor();
    await page.getByRole("gridcell", { name, exact: false }).first().waitFor();
    await accessible(page);
    // All of them at once: what is sent says that it means the archived ones.
    const posts = requestsOf(page, "POST");
    await page.getByRole("checkbox", { name: "Select all shown rows" }).click();
    await page.getByRole("toolbar").getByRole("button", { name: "Delete" }).waitFor();
    await cell(page, 0, 1).click();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("menuitem", { name: "Show archived ones too" }).click();
    await page.waitForURL(/archived=with/);
    assert.equal(posts.length, 0);
  });
}
