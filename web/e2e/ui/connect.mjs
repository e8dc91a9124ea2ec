// Automations, webhooks, forms, and when support is open: what would be written as JSON is chosen.
import assert from "node:assert/strict";
import { accessible, openList, PHONE, requestsOf } from "./world.mjs";

const openRecord = async (page, plural, name) => {
  await openList(page, `/${plural}`);
  await page.getByRole("gridcell").getByRole("link", { name }).first().click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
};
/** Chooses from the list behind a button of a form. */
// A list that fades out still has its options.
const listsClosed = (page) => page.getByRole("listbox").first().waitFor({ state: "detached" });
const choose = async (page, host, name, wanted) => {
  await listsClosed(page);
  await host.getByRole("combobox", { name, exact: true }).click();
  await page.getByRole("option", { name: wanted }).first().click();
};
const addAction = async (page, host, name) => {
  await host.getByRole("button", { name: "Add an action" }).click();
  await page.getByRole("menuitem", { name }).click();
};

export default async function flows(check) {
  await check("automations: a new one is chosen word by word, and says what is missing", async (page) => {
    await page.goto("/automations?create=true");
    const posts = requestsOf(page, "POST");
    const dialog = page.getByRole("dialog", { name: "New automation" });
    await dialog.getByLabel("Name").fill("Call big leads");
    await dialog.getByText("Choose first which records it is about.").first().waitFor();
    await choose(page, dialog, /When a record of/, "Deal");
    await choose(page, dialog, /^is\b/, "Changed");
    await choose(page, dialog, "in one of these fields", "Amount");
    await page.keyboard.press("Escape");
    await listsClosed(page);
    await dialog.getByRole("combobox", { name: "Add a condition" }).click();
    await page.getByRole("option", { name: "Amount" }).click();
    await dialog.getByRole("button", { name: /^Amount: .*Change operator/ }).click();
    await page.getByRole("menuitem", { name: "is at least" }).click();
    await dialog.getByRole("button", { name: "Create automation" }).click();
    await dialog.getByText("Finish the condition on Amount, or remove it.").waitFor();
    await dialog.getByRole("textbox", { name: "Amount: value" }).fill("25k");
    await page.keyboard.press("Enter");
    await addAction(page, dialog, /^Tell people/);
    await dialog.getByText("Action 1: choose who is told.").waitFor({ state: "attached" });
    const first = dialog.getByRole("listitem", { name: "Action 1" });
    await choose(page, first, "Who is told", /^Owner/);
    await page.keyboard.press("Escape");
    await first.getByLabel("Title").fill("A big one");
    await addAction(page, dialog, /^Create a record/);
    const second = dialog.getByRole("listitem", { name: "Action 2" });
    await choose(page, second, "What to create", "Task");
    await second.getByLabel("Title").fill("Call them");
    await listsClosed(page);
    await second.getByRole("combobox", { name: "Add a field" }).click();
    await page.getByRole("option", { name: "Priority" }).click();
    await choose(page, second, "Priority", "High");
    await accessible(page);
    await dialog.getByRole("button", { name: "Move action 2 up" }).click();
    await dialog.getByRole("button", { name: "Create automation" }).click();
    await dialog.waitFor({ state: "detached" });
    const { trigger_entity, trigger_event, trigger_fields, conditions, actions } = posts[0].body;
    assert.deepEqual([trigger_entity, trigger_event, trigger_fields], ["deal", "updated", ["amount"]]);
    assert.deepEqual(conditions, { and: [{ field: "amount", op: "gte", value: "25000" }] });
    assert.deepEqual(actions, [
      { do: "create", entity: "task", set: { title: "Call them", priority: "high" } },
      { do: "notify", users: ["owner_id"], title: "A big one" },
    ]);
  });
  await check("automations: what has no controls is kept when the rest is changed", async (page) => {
    await openRecord(page, "automations", "Look at big deals");
    const patches = requestsOf(page, "PATCH");
    await accessible(page);
    await page.getByRole("button", { name: /^Edit/ }).first().click();
    const dialog = page.getByRole("dialog", { name: "Edit Look at big deals" });
    await dialog.getByText("none of these holds").waitFor();
    await dialog.getByText("Something else: dance").first().waitFor();
    await dialog.getByRole("listitem", { name: "Action 1" }).getByLabel("Title").fill("It moved");
    await dialog.getByRole("button", { name: "Remove filter Owner" }).click();
    await accessible(page);
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "detached" });
    const { conditions, actions } = patches[0].body;
    assert.deepEqual(conditions, {
      and: [{ field: "amount", op: "gte", value: "25000" }, { not: { field: "status", op: "eq", value: "lost" } }],
    });
    assert.deepEqual([actions[0].title, actions[0].extra, actions[1]], ["It moved", "kept", { do: "dance", how: "well" }]);
    await page.locator("[data-rule]").getByText("“It moved”").waitFor();
  });
  await check("business hours: a week is read at a glance, changed day by day, and checked before it is sent", async (page) => {
    await openRecord(page, "business-hours", "Office");
    const patches = requestsOf(page, "PATCH");
    await page.getByText("09:00–12:30, 13:00–17:00").first().waitFor();
    await page.getByRole("button", { name: /^Weekly hours/ }).click();
    const dialog = page.getByRole("dialog", { name: "Edit Weekly hours" });
    await dialog.getByRole("button", { name: "Add hours on Saturday" }).click();
    await dialog.getByLabel("Saturday, hours 1: until").fill("08:00");
    await accessible(page);
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("Saturday: the end must come after the beginning.").waitFor();
    assert.equal(patches.length, 0);
    await dialog.getByLabel("Saturday, hours 1: until").fill("12:00");
    await dialog.getByRole("button", { name: "Copy the hours of Friday" }).click();
    await page.getByRole("menuitem", { name: "To Monday through Friday" }).click();
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "detached" });
    const friday = [["09:00", "15:00"]];
    assert.deepEqual(patches[0].body, {
      weekly_hours: {
        ...{ monday: friday, tuesday: friday, wednesday: friday, thursday: friday, friday },
        saturday: [["09:00", "12:00"]],
      },
    });
    await page.getByText("Mon–Fri").first().waitFor();
  });
  await check(
    "business hours: a phone has room for them too",
    async (page) => {
      await page.goto("/business-hours?create=true");
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("button", { name: "Add hours on Monday" }).click();
      await dialog.getByLabel("Monday, hours 1: until").scrollIntoViewIfNeeded();
      const fits = await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
      assert.ok(fits);
      await accessible(page);
    },
    PHONE,
  );
  await check("webhooks: a delivery is sent again, from the list and from its own page", async (page) => {
    await openRecord(page, "webhook-endpoints", "Data warehouse");
    const posts = requestsOf(page, "POST");
    const row = page.locator("[data-delivery]").filter({ hasText: "Given up" });
    await row.getByRole("button", { name: /^Send again/ }).click();
    await page.getByText("It is sent again in a moment").first().waitFor();
    await row.waitFor({ state: "detached" });
    // What waits to be sent cannot be sent again.
    assert.equal(await page.locator("[data-delivery]").filter({ hasText: "Queued" }).getByRole("button").count(), 0);
    await accessible(page);
    await page.locator("[data-delivery]").filter({ hasText: "Delivered" }).getByRole("link").first().click();
    await page.getByRole("button", { name: /^Send again/ }).click();
    await page.getByRole("button", { name: /^Send again/ }).waitFor({ state: "detached" });
    assert.equal(posts.filter(({ url }) => /webhook-deliveries\/.*\/resend$/.test(url)).length, 2);
  });
  await check("structures that people write: settings, fields of a form, an audience", async (page) => {
    await openRecord(page, "channel-accounts", "Hello mailbox");
    const patches = requestsOf(page, "PATCH");
    await page.getByRole("button", { name: /^Settings IMAP/ }).click();
    const settings = page.getByRole("dialog", { name: "Edit Settings" });
    await settings.getByLabel("Value 2").fill("143");
    await settings.getByRole("button", { name: "Add a line" }).click();
    await settings.getByLabel("Name 4").fill("folder");
    await settings.getByLabel("Value 4").fill("INBOX");
    await accessible(page);
    await settings.getByRole("button", { name: "Save" }).click();
    await settings.waitFor({ state: "detached" });
    await openRecord(page, "inbound-forms", "Contact page");
    await page.getByRole("button", { name: "Edit Fields" }).click();
    const form = page.getByRole("dialog", { name: "Edit Fields" });
    await form.getByRole("button", { name: "Add a field" }).click();
    await form.getByLabel("Name of field 3").fill("Your phone");
    await form.getByLabel("Where field 3 goes").selectOption("phone");
    await form.getByRole("checkbox", { name: "Field 3 must be filled in" }).click();
    await accessible(page);
    await form.getByRole("button", { name: "Save" }).click();
    await form.waitFor({ state: "detached" });
    await page.goto("/campaigns?create=true");
    const campaign = page.getByRole("dialog", { name: "New campaign" });
    await campaign.getByLabel("Whom it is for").selectOption("contact");
    await campaign.getByRole("combobox", { name: "Add a condition" }).click();
    await page.getByRole("option", { name: "Status" }).click();
    await page.getByRole("option", { name: "Bounced" }).click();
    await page.keyboard.press("Escape");
    await accessible(page);
    assert.deepEqual(
      patches.map(({ body }) => body),
      [
        { settings: { imap_host: "mail.northwind.example", imap_port: 143, smtp_tls: true, folder: "INBOX" } },
        {
          fields: [
            { name: "email", field: "email", label: "Your address", required: true },
            { name: "question", label: "Your question", required: false },
            { name: "phone", field: "phone", label: "Your phone", required: true },
          ],
        },
      ],
    );
  });
}
