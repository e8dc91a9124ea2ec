// What shapes a list and travels in its address: groups of filters, views, columns; and what leaves it as a file.
import assert from "node:assert/strict";
import fs from "node:fs";
import { cell } from "../lib.mjs";
import { accessible, openList, ready, requestsOf } from "./world.mjs";

const rows = async (page) => Number(await page.getByRole("grid").getAttribute("aria-rowcount"));

export default async function flows(check) {
  await check("filters: all of, any of, groups, me and moving spans; the address carries them", async (page) => {
    await openList(page, "/companies");
    const gets = [];
    page.on("request", (request) => request.url().includes("/companies?") && gets.push(new URL(request.url()).searchParams));
    await page.keyboard.press("f");
    await page.getByRole("combobox", { name: "Filter by…" }).fill("Owner");
    await page.keyboard.press("Enter");
    await page.getByRole("option", { name: "Me" }).click();
    await page.keyboard.press("Escape");
    await page.waitForURL(/me/);
    await page.getByRole("button", { name: "Group", exact: true }).click();
    const group = page.getByRole("group", { name: "Group of filters" });
    await group.waitFor();
    await page.keyboard.press("Escape");
    await group.getByRole("button", { name: /^Remove filter/ }).click();
    await page.goto(
      `/companies?f=${encodeURIComponent(
        JSON.stringify([
          { field: "owner_id", op: "in", value: ["me"] },
          {
            or: [
              { field: "status", op: "in", value: ["active"] },
              { field: "tags", op: "has", value: ["VIP"] },
            ],
          },
        ]),
      )}`,
    );
    await ready(page);
    const both = await rows(page);
    await accessible(page);
    await group.getByRole("button", { name: "Any of the filters. Change" }).click();
    await page.getByRole("menuitem", { name: "All of these hold" }).click();
    await page.waitForFunction(
      (before) => Number(document.querySelector("[role=grid]")?.getAttribute("aria-rowcount")) < before,
      both,
    );
    await page.getByRole("button", { name: "All of the filters. Change" }).first().click();
    await page.getByRole("menuitem", { name: "Any of these is enough" }).click();
    await page.waitForURL(/any=true/);
    await page.waitForFunction(
      (before) => Number(document.querySelector("[role=grid]")?.getAttribute("aria-rowcount")) > before,
      both,
    );
    const sent = JSON.parse(gets.at(-1).get("filter"));
    assert.equal(sent.or.length, 2);
    assert.equal(sent.or[1].and.length, 2);
    await page.reload();
    await ready(page);
    await group.waitFor();
    await page.getByRole("combobox", { name: "Filter", exact: true }).click();
    await page.getByRole("combobox", { name: "Filter by…" }).fill("Renewal");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Next 30 days" }).click();
    await page.waitForURL(/%2B30d/);
    await accessible(page);
  });
  await check("views: saved, changed, renamed, removed; a link opens the same for somebody else", async (page, context) => {
    await openList(page, "/companies");
    const views = page.getByRole("navigation", { name: "Views" });
    await views.getByRole("button", { name: "Mine" }).click();
    await page.waitForURL(/view=mine/);
    await ready(page);
    await page.getByRole("columnheader", { name: "Employees" }).getByRole("button").click();
    await views.getByRole("button", { name: "Save view" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("My small ones");
    await accessible(page);
    await page.keyboard.press("Enter");
    await views.getByRole("button", { name: "My small ones", exact: true }).waitFor();
    assert.equal(await views.getByRole("button", { name: "Save view" }).count(), 0);
    await page.getByRole("button", { name: "Fields" }).click();
    await page.getByRole("checkbox", { name: "Tags", exact: true }).click();
    await page.keyboard.press("Escape");
    await views.getByRole("button", { name: "Save view" }).click();
    await page.getByRole("menuitem", { name: /^Save into/ }).click();
    await page.waitForURL(/cols=/);
    const link = page.url();
    await views.getByRole("button", { name: "All companies" }).click();
    await page.waitForURL((url) => !url.search.includes("sort"));
    await views.getByRole("button", { name: "My small ones", exact: true }).click();
    await page.waitForURL(/sort=employee_count/);
    // The address alone says all: whoever opens it elsewhere sees the same list.
    const other = await context.browser().newContext({ baseURL: new URL(link).origin, viewport: { width: 1440, height: 900 } });
    const second = await other.newPage();
    await second.goto(link);
    await ready(second);
    assert.equal(await second.getByRole("columnheader", { name: "Employees" }).getAttribute("aria-sort"), "ascending");
    assert.equal(await second.getByRole("columnheader", { name: "Tags" }).count(), 0);
    await other.close();
    await views.getByRole("button", { name: "My small ones: more" }).click();
    await page.getByRole("menuitem", { name: "Show it to everyone" }).click();
    await page.reload();
    await views.getByRole("button", { name: "My small ones: more" }).click();
    await page.getByRole("menuitem", { name: "Keep it to myself" }).waitFor();
    await page.getByRole("menuitem", { name: "Remove the view" }).click();
    await views.getByRole("button", { name: "My small ones", exact: true }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Undo" }).first().click();
    await views.getByRole("button", { name: "My small ones", exact: true }).waitFor();
  });
  await check("export: what the list shows leaves it as CSV, NDJSON and XLSX; chosen rows too", async (page) => {
    const conditions = encodeURIComponent(JSON.stringify([{ field: "status", op: "in", value: ["inactive"] }]));
    await openList(page, `/companies?f=${conditions}&sort=-name&cols=status,employee_count`);
    const save = async (format) => {
      await page.getByRole("button", { name: "More", exact: true }).click();
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("menuitem", { name: `Export as ${format}` }).click(),
      ]);
      return download;
    };
    const csv = await save("CSV");
    assert.equal(csv.suggestedFilename(), "companies.csv");
    const lines = fs.readFileSync(await csv.path(), "utf8").split("\n");
    assert.equal(lines[0], "name,status,employee_count");
    assert.ok(lines.slice(1).every((line) => line.includes(",inactive,")));
    const { searchParams } = new URL(csv.url());
    assert.equal(searchParams.get("sort"), "-name");
    assert.equal((await save("Excel (XLSX)")).suggestedFilename(), "companies.xlsx");
    const json = await save("JSON lines (NDJSON)");
    assert.equal(JSON.parse(fs.readFileSync(await json.path(), "utf8").split("\n")[0]).status, "inactive");
    await cell(page, 1, 1).click();
    await page.keyboard.press("x");
    await page.getByRole("toolbar").getByRole("button", { name: "Export" }).click();
    const [chosen] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "CSV" }).click()]);
    assert.equal(
      fs
        .readFileSync(await chosen.path(), "utf8")
        .trim()
        .split("\n").length,
      2,
    );
  });
  await check(
    "preview: Space opens and closes, its fields are edited in place, the undo stack takes twenty back",
    async (page) => {
      await openList(page, "/companies");
      const patches = requestsOf(page, "PATCH");
      await cell(page, 2, 1).click();
      await page.keyboard.press("Space");
      const panel = page.getByRole("complementary").last();
      await panel.getByRole("button", { name: /^Employees/ }).click();
      await panel.getByRole("textbox", { name: "Employees" }).fill("55");
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.querySelector("[data-cell='2:5']")?.innerText === "55");
      await cell(page, 2, 1).click();
      await page.keyboard.press("Space");
      await page.waitForURL((url) => !url.search.includes("peek"));
      const before = await cell(page, 3, 5).innerText();
      for (const value of ["61", "62", "63"]) {
        await cell(page, 3, 5).click();
        await page.keyboard.type(value);
        await page.keyboard.press("Enter");
        await page.waitForFunction((now) => document.querySelector("[data-cell='3:5']")?.innerText === now, value);
      }
      await page.waitForFunction(() => document.querySelectorAll("[role=dialog]").length > 0);
      for (const value of ["62", "61", before]) {
        await page.keyboard.press("Control+z");
        await page.waitForFunction((now) => document.querySelector("[data-cell='3:5']")?.innerText === now, value);
      }
      assert.equal(patches.length, 7);
    },
  );
}
