// Roles and their matrix of permissions.
import assert from "node:assert/strict";
import { accessible, hook, requestsOf } from "./world.mjs";

const openRole = async (page, name) => {
  await page.goto("/settings/roles");
  await page.getByRole("link", { name, exact: true }).click();
  await page.getByRole("grid").waitFor();
};
const cellOf = (page, name) => page.getByRole("button", { name: new RegExp(`^${name}:`) });
const scopeOf = (page, name) => cellOf(page, name).getAttribute("data-scope");

export default async function flows(check) {
  await check("roles: a cell is chosen, differs from the shipped role, is saved with its version", async (page) => {
    const puts = requestsOf(page, "PUT");
    await openRole(page, "Sales");
    await accessible(page);
    assert.equal(await scopeOf(page, "Deals, Export"), "none");
    await cellOf(page, "Deals, Export").click();
    await page.getByRole("menuitem", { name: /^Team/ }).waitFor();
    await accessible(page);
    await page.getByRole("menuitem", { name: /^Team/ }).click();
    await page.getByText("1 unsaved change").waitFor();
    await page.getByText("1 differs from the shipped role").waitFor();
    assert.match(await cellOf(page, "Deals, Export").getAttribute("aria-label"), /Before: –.*Shipped: –/);
    await page.getByRole("button", { name: "Discard" }).click();
    await page.getByText("1 unsaved change").waitFor({ state: "detached" });
    await cellOf(page, "Deals, Export").click();
    await page.getByRole("menuitem", { name: /^Own/ }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Permissions of Sales saved").first().waitFor();
    assert.equal(puts[0].headers["if-match"], '"1"');
    assert.ok(puts[0].body.data.some((one) => one.resource === "deals" && one.action === "export" && one.scope === "assigned"));
    await page.getByText("1 unsaved change").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Back to the shipped role" }).click();
    await page.getByText("1 unsaved change").waitFor();
    assert.equal(await scopeOf(page, "Deals, Export"), "none");
    await page.getByRole("link", { name: "People" }).click();
    await page
      .getByRole("dialog", { name: "Leave without saving?" })
      .getByRole("button", { name: /^Leave/ })
      .click();
    await page.waitForURL(/people/);
  });
  await check("roles: the whole matrix by keyboard: arrows, Home and End, plus and minus, Delete, Enter", async (page) => {
    await openRole(page, "Sales");
    const here = () => page.evaluate(() => document.activeElement?.getAttribute("data-place"));
    await page.locator("[data-place='0:0']").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    assert.equal(await here(), "1:1");
    await page.keyboard.press("End");
    assert.match(await here(), /^1:9$/);
    await page.keyboard.press("Control+Home");
    assert.equal(await here(), "0:0");
    assert.equal(await scopeOf(page, "Companies, Read"), "assigned_or_unowned");
    await page.keyboard.press("+");
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-scope") === "team");
    await page.keyboard.press("-");
    await page.keyboard.press("-");
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-scope") === "assigned");
    await page.keyboard.press("Delete");
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-scope") === "none");
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: /^All/ }).waitFor();
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("[data-place='0:0']")?.getAttribute("data-scope") === "all");
    // The focus is back on its cell.
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-place") === "0:0");
    assert.equal(await page.locator("[role=grid] [tabindex='0'][data-place]").count(), 1);
  });
  await check("roles: a row at once; the owner's role is fixed; a copy begins with the same permissions", async (page) => {
    await openRole(page, "Sales");
    await page.getByRole("button", { name: "Tasks", exact: true }).click();
    await page.getByRole("menuitem", { name: "Every record" }).click();
    await page.waitForFunction(
      () => document.querySelectorAll("[role=grid] [data-scope=all][aria-label^='Tasks,']").length === 8,
    );
    await page.getByRole("button", { name: "Discard" }).click();
    await page.getByRole("button", { name: "Copy role" }).click();
    const dialog = page.getByRole("dialog", { name: "Copy role" });
    await accessible(page);
    await dialog.getByLabel("Name").fill("Sales");
    await dialog.getByRole("button", { name: "Create role" }).click();
    await dialog.getByText("This is the name of another role.").waitFor();
    await dialog.getByLabel("Name").fill("Junior sales");
    await dialog.getByRole("button", { name: "Create role" }).click();
    await page.getByRole("heading", { level: 1, name: "Junior sales" }).waitFor();
    assert.equal(await scopeOf(page, "Companies, Read"), "assigned_or_unowned");
    assert.equal(await page.getByText(/from the shipped role/).count(), 0);
    await openRole(page, "Owner");
    await page.getByText("Owners may do everything, always.").waitFor();
    await cellOf(page, "Deals, Export").focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Delete");
    assert.equal(await page.getByRole("menu").count(), 0);
    assert.equal(await scopeOf(page, "Deals, Export"), "all");
    await accessible(page);
  });
  await check("roles: nobody grants more than they hold, and is told why", async (page) => {
    await hook("pretend", { role: "manager" });
    await page.goto("/settings/roles");
    await page.getByRole("link", { name: "Sales", exact: true }).click();
    await page.getByText("You may look at this, but not change it.").waitFor();
    await hook("pretend", { role: "admin" });
    await hook("pretend", { without: ["audit_log:export"], narrow: { "deals:delete": "team" } });
    await openRole(page, "Sales");
    await cellOf(page, "Audit log, Export").click();
    const all = page.getByRole("menuitem", { name: /^All/ });
    assert.equal(await all.getAttribute("aria-disabled"), "true");
    assert.match(await all.innerText(), /You do not hold this permission yourself/);
    await page.keyboard.press("Escape");
    await cellOf(page, "Deals, Delete").click();
    assert.equal(await all.getAttribute("aria-disabled"), "true");
    assert.match(await all.innerText(), /only as “Team”/);
    assert.equal(await page.getByRole("menuitem", { name: /^Team/ }).getAttribute("aria-disabled"), null);
    await accessible(page);
  });
}
