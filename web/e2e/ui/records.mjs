// One record: the form, its page, its lists.
import assert from "node:assert/strict";
import { accessible, hook, openList, requestsOf, textOf } from "./world.mjs";

export default async function flows(check) {
  await check("form: rules of metadata first, then the server's errors on their fields, then the record", async (page) => {
    await openList(page, "/companies");
    const taken = await textOf(page, 0, 0);
    await page.keyboard.press("c");
    const dialog = page.getByRole("dialog", { name: "New company" });
    await dialog.getByRole("button", { name: /Create company/ }).click();
    await dialog.getByText("Name is required.").waitFor();
    await accessible(page);
    await dialog.getByLabel("Name").fill(taken);
    await dialog.getByLabel("Annual revenue").fill("40k");
    await dialog.getByRole("button", { name: /Create company/ }).click();
    await dialog.getByText("A company with this name exists already.").waitFor();
    await page.waitForFunction(() => document.activeElement?.getAttribute("aria-invalid") === "true");
    await dialog.getByLabel("Name").fill("Zenith Quarries");
    const [request] = await Promise.all([
      page.waitForRequest((sent) => sent.method() === "POST" && sent.url().endsWith("/companies")),
      dialog.getByRole("button", { name: /Create company/ }).click(),
    ]);
    assert.equal(request.postDataJSON().annual_revenue, "40000");
    await page.getByText("Company created").first().waitFor();
    await page.getByRole("complementary", { name: "Zenith Quarries" }).waitFor();
  });
  await check(
    "record: fields in place, timeline with old and new, related lists, next and previous, delete and undo",
    async (page) => {
      await openList(page, "/companies?sort=name");
      await page.locator("[data-cell='5:0'] a").click();
      await page.waitForURL(/companies\/[\w-]+$/);
      const address = page.url();
      await page.getByRole("button", { name: /^Employees/ }).click();
      await page.getByRole("textbox", { name: "Employees" }).fill("321");
      await page.keyboard.press("Enter");
      await page.getByText("changed Employees").first().waitFor();
      await page.getByRole("button", { name: /^Owner/ }).click();
      await page.getByRole("combobox", { name: "Owner" }).fill("Farid");
      await page.getByRole("option", { name: "Farid Aziz" }).click();
      await page.getByText("changed Owner").first().waitFor();
      await page.getByRole("region", { name: "Timeline" }).getByText("Farid Aziz").first().waitFor();
      await accessible(page);
      const contacts = page.locator("[data-related=contacts]");
      await contacts.getByRole("button", { name: "New contact" }).click();
      const dialog = page.getByRole("dialog", { name: "New contact" });
      await dialog.getByLabel("First name").fill("Ada");
      await dialog.getByLabel("Last name").fill("Quist");
      await dialog.getByRole("button", { name: /Create contact/ }).click();
      await contacts.getByRole("link", { name: "Ada Quist" }).waitFor();
      await accessible(page);
      await page.getByRole("button", { name: "Next record" }).click();
      await page.waitForURL((url) => url.href !== address);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.locator("body").click({ position: { x: 2, y: 2 } });
      await page.keyboard.press("k");
      await page.waitForURL(address);
      await page.getByRole("button", { name: "More actions" }).click();
      await page.getByRole("menuitem", { name: "Delete" }).click();
      await page.waitForURL(/companies$|companies\?/);
      await Promise.all([
        page.waitForResponse((answer) => answer.url().endsWith("/restore") && answer.ok()),
        page.getByRole("button", { name: "Undo" }).first().click(),
      ]);
      await page.goto(address);
      await page.getByRole("button", { name: /^Employees/ }).waitFor();
    },
  );
  await check("record: all fields in one form; what was entered is not thrown away by a stray click", async (page) => {
    await openList(page, "/companies?sort=name");
    const patches = requestsOf(page, "PATCH");
    await page.locator("[data-cell='2:0'] a").click();
    await page.getByRole("region", { name: "Timeline" }).waitFor();
    await page.keyboard.press("e");
    const dialog = page.getByRole("dialog", { name: /^Edit / });
    await dialog.getByLabel("Employees").fill("88");
    await dialog.getByLabel("Website").fill("https://elsewhere.example");
    await accessible(page);
    await page.goBack();
    await page.getByRole("button", { name: "Keep editing" }).click();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Keep editing" }).click();
    await dialog.getByRole("button", { name: /^Save/ }).click();
    await dialog.waitFor({ state: "detached" });
    assert.deepEqual(patches.at(-1).body, { employee_count: 88, website: "https://elsewhere.example" });
    await page.getByText("elsewhere.example").first().waitFor();
    await page.keyboard.press("e");
    await dialog.getByLabel("Employees").fill("99");
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Discard" }).click();
    await dialog.waitFor({ state: "detached" });
    assert.equal(patches.length, 1);
  });
  await check("conflict: per field mine or theirs; what only one side touched merges by itself", async (page) => {
    await openList(page, "/companies?sort=name");
    await page.locator("[data-cell='3:0'] a").click();
    // The list has a heading too, the record alone a timeline.
    await page.getByRole("region", { name: "Timeline" }).waitFor();
    const id = page.url().split("/").pop();
    const patches = requestsOf(page, "PATCH");
    const edit = page.getByRole("dialog", { name: /^Edit / });
    // Somebody else changes a field that this form leaves alone: nobody is asked, both changes stand.
    await page.keyboard.press("e");
    await edit.waitFor();
    await hook(`change/companies/${id}`, { phone: "+4930123456" });
    await edit.getByLabel("Employees").fill("70");
    await edit.getByRole("button", { name: /^Save/ }).click();
    await edit.waitFor({ state: "detached" });
    await page
      .getByRole("button", { name: /^Employees/ })
      .getByText("70")
      .waitFor();
    await page.reload();
    await page.getByText("+4930123456").first().waitFor();
    // The same two fields on both sides, and one of mine alone.
    await page.keyboard.press("e");
    await edit.waitFor();
    await hook(`change/companies/${id}`, { employee_count: 4242, description: "Theirs" });
    await edit.getByLabel("Employees").fill("71");
    await edit.getByLabel("Description").fill("Mine");
    await edit.getByLabel("Website").fill("https://mine.example");
    await edit.getByRole("button", { name: /^Save/ }).click();
    const dialog = page.getByRole("dialog").filter({ hasText: "was changed meanwhile" });
    const employees = dialog.getByRole("group", { name: "Employees" });
    await employees.getByText("4,242").waitFor();
    await employees.getByText("70").waitFor();
    await accessible(page);
    await dialog
      .getByRole("group", { name: "Description" })
      .getByRole("radio", { name: /Theirs/ })
      .check();
    await dialog.getByRole("button", { name: "Save my choice" }).click();
    await dialog.waitFor({ state: "detached" });
    await page
      .getByRole("button", { name: /^Employees/ })
      .getByText("71")
      .waitFor();
    await page
      .getByRole("button", { name: /^Description/ })
      .getByText("Theirs")
      .waitFor();
    await page.getByText("mine.example").first().waitFor();
    assert.deepEqual(patches.at(-1).body, { employee_count: 71, website: "https://mine.example" });
  });
}
