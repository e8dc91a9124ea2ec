// The frame around every page: navigation, theme, organizations, palette, keys.
import assert from "node:assert/strict";
import { rested } from "../lib.mjs";
import { accessible, openList, ready } from "./world.mjs";

export default async function flows(check) {
  await check("shell: navigation from metadata, theme kept without a flash, skip link", async (page) => {
    await page.goto("/");
    await page.getByRole("heading", { name: "My day" }).waitFor();
    const links = await page.getByRole("navigation", { name: "Main" }).getByRole("link").allInnerTexts();
    const names = links.map((text) => text.split("\n")[0].trim());
    assert.deepEqual(names, [
      ...["My day", "Leads", "Companies", "Contacts", "Deals", "Products"],
      ...["Projects", "Tasks", "Timesheet", "Tickets", "Inbox", "Invoices", "Payments", "Refunds"],
      ...["Campaigns", "Email templates", "Inbound forms", "Overview", "Dashboards", "Reports"],
      ...["Activities", "Imports", "Audit log", "Settings"],
    ]);
    // A group that one does not need is folded, and stays so.
    await page.getByRole("button", { name: "Finance" }).click();
    await page.getByRole("link", { name: "Invoices" }).waitFor({ state: "detached" });
    await page.reload();
    await page.getByRole("button", { name: "Finance", expanded: false }).click();
    await page.getByRole("link", { name: "Invoices" }).waitFor();
    await page.keyboard.press("Control+Shift+l");
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await accessible(page);
    await page.goto("/companies", { waitUntil: "commit" });
    await page.waitForFunction(() => document.body !== null);
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  });
  await check("shell: the organization can be changed", async (page) => {
    await openList(page, "/companies");
    await page.getByRole("button", { name: "Organization: Northwind Ltd" }).click();
    await page.getByRole("menuitem", { name: "Harbor Group" }).click();
    await page.getByRole("button", { name: "Organization: Harbor Group" }).waitFor();
    await page.getByRole("button", { name: "Organization: Harbor Group" }).click();
    await page.getByRole("menuitem", { name: /Northwind Ltd/ }).click();
    await page.getByRole("button", { name: "Organization: Northwind Ltd" }).waitFor();
  });
  await check(
    "palette: keeps the first keys, finds records of every kind and pages; ? shows the shortcuts; g d jumps",
    async (page) => {
      await openList(page, "/companies");
      const name = await page.locator("[data-cell='3:0'] a").innerText();
      await rested(page);
      await page.keyboard.press("Control+k");
      await page.waitForFunction(() => document.activeElement?.matches("[role=dialog] input"));
      await page.keyboard.type(name);
      await page
        .getByRole("option", { name: new RegExp(name) })
        .first()
        .waitFor();
      await accessible(page);
      await page.keyboard.press("Enter");
      await page.waitForURL(/companies\/[\w-]+$/);
      await page.getByRole("heading", { level: 1, name: new RegExp(name) }).waitFor();
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
      await accessible(page);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.keyboard.press("g");
      await page.keyboard.press("d");
      await page.waitForURL(/\/deals/);
    },
  );
  await check("palette: scopes, what was looked at last, and what can be done here", async (page) => {
    await openList(page, "/companies");
    const name = await page.locator("[data-cell='2:0'] a").innerText();
    await page.locator("[data-cell='2:0'] a").click();
    await page.getByRole("heading", { level: 1, name: new RegExp(name) }).waitFor();
    const open = async (text) => {
      await page.keyboard.press("Control+k");
      await page.waitForFunction(() => document.activeElement?.matches("[role=dialog] input"));
      await page.keyboard.type(text);
    };
    await open("");
    await page.getByRole("option", { name: /Write a note/ }).waitFor();
    await page.getByRole("option", { name: new RegExp(`^${name}`) }).waitFor();
    await accessible(page);
    await page.keyboard.type(">archive audit");
    await page.getByText("Nothing found").waitFor();
    await page.keyboard.press("Escape");
    await open("> new dea");
    assert.deepEqual(await page.getByRole("option").allInnerTexts(), ["New deal"]);
    await page.keyboard.press("Escape");
    await open("/ deals boa");
    await page.getByRole("option", { name: /Deals board/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/layout=board/);
    await open("leads: mara lind");
    await page.getByRole("option", { name: /Mara Lindqvist/ }).waitFor();
    await page.waitForFunction(() => document.querySelectorAll("[role=option]").length === 1);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /^Convert/ }).waitFor();
    await open("> convert");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Convert Mara Lindqvist" }).waitFor();
  });
  await check(
    "keys: every one of the registry is in the sheet; letters are silent while one types or a dialog is open",
    async (page) => {
      await openList(page, "/companies");
      await page.keyboard.press("?");
      const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
      for (const words of ["Write a note", "Tick off, or open again", "Clear the cell", "Undo the last change", "My day"])
        await sheet.getByText(words, { exact: true }).waitFor();
      await page.keyboard.press("c");
      assert.equal(await page.getByRole("dialog").count(), 1);
      await page.keyboard.press("Escape");
      await sheet.waitFor({ state: "detached" });
      await page.getByRole("searchbox").click();
      await page.keyboard.type("gdc?");
      assert.equal(await page.getByRole("dialog").count(), 0);
      assert.match(page.url(), /companies/);
      await page.keyboard.press("Escape");
      await page.keyboard.press("Escape");
      await page.locator("main").focus();
      await page.keyboard.press("g");
      await page.keyboard.press("m");
      await page.waitForURL(/my-day/);
    },
  );
  await check("banners: offline is said while it lasts; a newer version offers to reload", async (page, context) => {
    await openList(page, "/companies");
    await context.setOffline(true);
    await page.getByText("You are offline.").waitFor();
    await accessible(page);
    await context.setOffline(false);
    await page.getByText("You are offline.").waitFor({ state: "detached" });
    await page.route("**/", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: (await response.text()).replace(/index-[\w-]+\.js/, "index-newer.js") });
    });
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await page.getByText("There is a new version of Kith.").waitFor();
    await accessible(page);
    await page.getByRole("button", { name: "Reload" }).click();
    await ready(page);
    assert.equal(await page.getByText("There is a new version of Kith.").count(), 0);
  });
}
