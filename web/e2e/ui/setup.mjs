// What is set up: pipelines and stages, custom fields, tags and industries, the organization.
import assert from "node:assert/strict";
import { heard, rested } from "../lib.mjs";
import { accessible, openList, ready, requestsOf } from "./world.mjs";

const stageNames = (page) =>
  page.evaluate(() => [...document.querySelectorAll("main li input[aria-label^='Name of']")].map((one) => one.value));
const waitNames = (page, expected) =>
  page.waitForFunction(
    (wanted) =>
      JSON.stringify([...document.querySelectorAll("main li input[aria-label^='Name of']")].map((one) => one.value)) === wanted,
    JSON.stringify(expected),
  );
/** Opens the menu of a line, and answers it. */
const menuOf = async (page, name) => {
  await page.getByRole("button", { name: `More actions for ${name}` }).click();
  return page.getByRole("menu", { name: `More actions for ${name}` });
};
const openPipelines = async (page) => {
  await page.goto("/settings/pipelines");
  await page.getByLabel("Name of Qualified").waitFor();
  await page.getByText("91 deals").waitFor();
};

export default async function flows(check) {
  await check("pipelines: stages change places by keyboard and by mouse, only what moved is written, and back", async (page) => {
    await openPipelines(page);
    await accessible(page);
    const patches = requestsOf(page, "PATCH");
    const before = await stageNames(page);
    await page.getByRole("button", { name: "Move Qualified" }).focus();
    await page.keyboard.press("Space");
    await heard(page, /Qualified picked up|Qualified is at place 2/);
    await page.keyboard.press("ArrowDown");
    await heard(page, /Qualified is at place 3 of 6/);
    await page.keyboard.press("Space");
    const after = ["Lead", "Proposal", "Qualified", "Negotiation", "Won", "Lost"];
    await waitNames(page, after);
    await page.getByText("Order changed").first().waitFor();
    assert.deepEqual(
      patches.map((patch) => patch.body),
      [{ position: 2 }, { position: 3 }],
    );
    await page.getByRole("button", { name: "Undo" }).first().click();
    await waitNames(page, before);
    const from = await page.getByRole("button", { name: "Move Lead" }).boundingBox();
    const to = await page.getByRole("button", { name: "Move Proposal" }).boundingBox();
    await page.mouse.move(from.x + 10, from.y + 10);
    await page.mouse.down();
    await page.mouse.move(from.x + 10, from.y + 30, { steps: 4 });
    await page.mouse.move(to.x + 10, to.y + 14, { steps: 12 });
    await page.mouse.up();
    await waitNames(page, ["Qualified", "Proposal", "Lead", "Negotiation", "Won", "Lost"]);
  });
  await check("pipelines: name, colour and probability in place; retire, merge, remove", async (page) => {
    await openPipelines(page);
    const patches = requestsOf(page, "PATCH");
    await page.getByLabel("Name of Proposal").fill("Offer");
    await page.keyboard.press("Enter");
    await page.getByLabel("Name of Offer").waitFor();
    await page.getByLabel("Probability of Offer").fill("60");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("[aria-label='Probability of Offer']")?.value === "60");
    await page.getByRole("button", { name: "Colour of Offer: Violet" }).click();
    await page.getByRole("menuitem", { name: "Pink" }).click();
    await page.getByRole("button", { name: "Colour of Offer: Pink" }).waitFor();
    assert.deepEqual(
      patches.map((patch) => patch.body),
      [{ name: "Offer" }, { probability: 60 }, { color: "pink" }],
    );
    await (await menuOf(page, "Offer")).getByRole("menuitem", { name: /^Retire/ }).click();
    await page.getByText("Retired").waitFor();
    const menu = await menuOf(page, "Negotiation");
    assert.match(await menu.getByRole("menuitem", { name: /^Delete stage/ }).innerText(), /Merge it into another/);
    await menu.getByRole("menuitem", { name: /^Merge/ }).click();
    const dialog = page.getByRole("dialog", { name: /^Merge Negotiation/ });
    await dialog.getByText(/^16 deals move/).waitFor();
    await dialog.getByRole("button", { name: "Merge" }).click();
    await dialog.getByText("Into is required.").waitFor();
    await dialog.getByRole("combobox", { name: "Into" }).click();
    await page.getByRole("option", { name: "Qualified" }).click();
    await accessible(page);
    await dialog.getByRole("button", { name: "Merge" }).click();
    await page.getByText("Negotiation merged into Qualified").first().waitFor();
    await page.getByText("36 deals").waitFor();
  });
  await check("pipelines: a new one with its stages becomes the default; the lead pipeline knows its statuses", async (page) => {
    await openPipelines(page);
    await page.getByRole("button", { name: "New pipeline" }).click();
    const dialog = page.getByRole("dialog", { name: "New pipeline" });
    await dialog.getByLabel("Name").fill("Partners");
    await accessible(page);
    await dialog.getByRole("button", { name: "Create pipeline" }).click();
    await page.getByText("This pipeline has no stages").waitFor();
    await page.getByRole("button", { name: "New stage" }).first().click();
    const stage = page.getByRole("dialog", { name: "New stage" });
    await stage.getByLabel("Name").fill("First talk");
    await stage.getByRole("button", { name: "Create stage" }).click();
    await page.getByLabel("Name of First talk").waitFor();
    await (await menuOf(page, "Partners")).getByRole("menuitem", { name: "Make it the default" }).click();
    await page.getByText("New deals begin here.").waitFor();
    await page.getByRole("link", { name: "Sales" }).click();
    await page.getByLabel("Name of Qualified").waitFor();
    assert.equal(await page.getByText("New deals begin here.").count(), 0);
    await page
      .getByRole("navigation", { name: "Pipelines" })
      .getByRole("link", { name: /^Leads/ })
      .click();
    await page.getByLabel("Name of Contacted").waitFor();
    await (await menuOf(page, "Contacted")).getByRole("menuitem", { name: "Edit", exact: true }).click();
    await page.getByRole("dialog", { name: "Edit stage" }).getByRole("combobox", { name: "Lead status" }).waitFor();
    await accessible(page);
  });
  await check("custom fields: a choice with colours is made, shows in the table, is put right and removed", async (page) => {
    await page.goto("/settings/fields");
    await page.getByText("Tier", { exact: true }).waitFor();
    await accessible(page);
    const posts = requestsOf(page, "POST");
    await page.getByRole("button", { name: "New field" }).click();
    const dialog = page.getByRole("dialog", { name: "New field for companies" });
    await accessible(page);
    await dialog.getByRole("button", { name: /^Choice/ }).click();
    await dialog.getByRole("button", { name: "Create field" }).click();
    await dialog.getByText("Label is required.").waitFor();
    await dialog.getByLabel("Label").fill("Segment");
    await dialog.getByRole("textbox", { name: "Choice 1" }).fill("Small");
    await page.keyboard.press("Enter");
    await page.keyboard.type("Large");
    await dialog.getByRole("combobox", { name: "Default" }).click();
    await page.getByRole("option", { name: "Small" }).click();
    await accessible(page);
    await dialog.getByRole("button", { name: "Create field" }).click();
    await page.getByText("Segment", { exact: true }).waitFor();
    const made = posts.find((post) => post.url.endsWith("/custom-fields")).body;
    assert.equal(made.key, "segment");
    assert.deepEqual(
      made.choices.map((one) => one.value),
      ["small", "large"],
    );
    assert.deepEqual(made.default_value, { value: "small" });
    await openList(page, "/companies");
    await page.getByRole("button", { name: "Fields" }).click();
    await page.getByRole("checkbox", { name: "Segment", exact: true }).waitFor();
    await page.goto("/settings/fields");
    await (await menuOf(page, "Tier")).getByRole("menuitem", { name: "Edit" }).click();
    const edit = page.getByRole("dialog", { name: "Edit Tier" });
    await edit.getByRole("button", { name: "Remove Bronze" }).click();
    await edit.getByText(/Bronze can no longer be chosen/).waitFor();
    await edit.getByRole("textbox", { name: "Choice 1" }).fill("Golden");
    await accessible(page);
    await edit.getByRole("button", { name: "Save" }).click();
    await page.getByText("Golden").waitFor();
    await (await menuOf(page, "Visits")).getByRole("menuitem", { name: "Remove…" }).click();
    const question = page.getByRole("dialog", { name: "Remove the field Visits?" });
    await question.getByText(/companies lose their value/).waitFor();
    await question.getByRole("button", { name: "Remove field" }).click();
    await page.getByText("Visits", { exact: true }).waitFor({ state: "detached" });
  });
  await check("tags and industries: added, renamed, recoloured, deleted; doubles are refused on their field", async (page) => {
    await page.goto("/settings/tags");
    await page.getByLabel("Name of VIP").waitFor();
    await accessible(page);
    await page.getByLabel("New tag").fill("vip");
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByText("A tag with this name exists already.").waitFor();
    await page.getByLabel("New tag").fill("Reseller");
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByLabel("Name of Reseller").fill("Dealer");
    await page.keyboard.press("Enter");
    await page.getByLabel("Name of Dealer").waitFor();
    await page.getByRole("button", { name: "Undo" }).first().click();
    await page.getByLabel("Name of Reseller").waitFor();
    await page.getByRole("button", { name: /^Colour of VIP/ }).click();
    await page.getByRole("menuitem", { name: "Green" }).click();
    await page.getByRole("button", { name: "Colour of VIP: Green" }).waitFor();
    await page.goto("/settings/industries");
    await page.getByLabel("Name of Media").waitFor();
    await accessible(page);
    await page.getByLabel("Name of Media").hover();
    await page.getByRole("button", { name: "Delete Media" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByLabel("Name of Media").waitFor({ state: "detached" });
  });
  await check("settings: the organization is saved by its bar; the palette leads to every page", async (page) => {
    await page.goto("/settings/organization");
    await page.getByLabel("Name").fill("Northwind Group");
    await page.getByText("Unsaved changes").waitFor();
    await accessible(page);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Organization: Northwind Group" }).waitFor();
    await page.getByText("Unsaved changes").waitFor({ state: "detached" });
    await openList(page, "/companies");
    await rested(page);
    await page.keyboard.press("Control+k");
    await page.waitForFunction(() => document.activeElement?.matches("[role=dialog] input"));
    await page.keyboard.type("custom fields");
    await page.getByRole("option", { name: "Settings: Custom fields" }).click();
    await page.waitForURL(/settings\/fields/);
    await page.goto("/companies");
    await ready(page);
    await page.keyboard.press("g");
    await page.keyboard.press("s");
    await page.waitForURL(/settings\/account/);
  });
}
