// Tickets, invoices, projects and time.
import assert from "node:assert/strict";
import { accessible, openList, PHONE, requestsOf } from "./world.mjs";

const openRecord = async (page, plural, name) => {
  await openList(page, `/${plural}`);
  await page.getByRole("gridcell").getByRole("link", { name }).first().click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
};
const sum = (page, label) => page.locator(`[data-sum="${label}"]`);

export default async function flows(check) {
  await check("tickets: clocks tick in the list and on the record, in colour and in words", async (page) => {
    await page.clock.install({ time: new Date() });
    await openList(page, "/tickets");
    await page
      .locator("[data-clock=soon]")
      .first()
      .getByText(/1[78] min left/)
      .waitFor();
    await page.locator("[data-clock=over]").first().getByText(/over/).waitFor();
    await page.locator("[data-clock=paused]").getByText("stands still").waitFor();
    await page.locator("[data-clock=met]").getByText("kept").waitFor();
    await accessible(page);
    await page.keyboard.press("Control+Shift+l");
    await accessible(page);
    await page.clock.fastForward(5 * 60_000);
    await page
      .locator("[data-clock=soon]")
      .first()
      .getByText(/1[23] min left/)
      .waitFor();
  });
  await check("tickets: taken, answered in public, noted among colleagues, resolved and opened again", async (page) => {
    await openRecord(page, "tickets", "Invoices show the wrong tax rate");
    const posts = requestsOf(page, "POST");
    await page.locator("[data-comment=internal]").getByText("old").waitFor();
    await accessible(page);
    await page.getByRole("button", { name: "Take it" }).click();
    await page.getByText("Assigned to changed").first().waitFor();
    const answer = page.getByRole("form", { name: "Answer" });
    await answer.getByRole("textbox", { name: "Answer" }).fill("It is mended.");
    await page.keyboard.press("Control+Enter");
    await page.locator("[data-comment=agent]").getByText("It is mended.").waitFor();
    assert.deepEqual(posts.findLast((post) => post.url.endsWith("/reply")).body, {
      comment: "It is mended.",
      is_internal: false,
    });
    await answer.getByRole("button", { name: "Internal note" }).click();
    await answer.getByRole("textbox", { name: "Internal note" }).fill("Bill it to nobody.");
    await accessible(page);
    await answer.getByRole("button", { name: /^Add note/ }).click();
    await page.locator("[data-comment=internal]").getByText("Bill it to nobody.").waitFor();
    assert.equal(posts.findLast((post) => post.url.endsWith("/reply")).body.is_internal, true);
    await page.getByRole("button", { name: "Resolve" }).click();
    await page.getByRole("button", { name: "Reopen" }).waitFor();
    await page.keyboard.press("Control+z");
    await page.getByRole("button", { name: "Resolve" }).waitFor();
  });
  await check("invoices: lines are written like a table, summed up as one types, saved at once, sent", async (page) => {
    await openRecord(page, "invoices", "Draft invoice");
    const posts = requestsOf(page, "POST");
    await page.getByText("No lines yet").waitFor();
    await accessible(page);
    await page.getByRole("button", { name: "Add line" }).click();
    await page.keyboard.type("Workshop, two days");
    await page.getByRole("textbox", { name: "Quantity, line 1" }).fill("2");
    await page.getByRole("textbox", { name: "Price, line 1" }).fill("1.2k");
    await page.getByRole("textbox", { name: "Tax %, line 1" }).fill("20");
    await sum(page, "Total").getByText("$2,880").waitFor();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Description, line 2");
    await page.keyboard.type("Travel");
    await page.getByRole("textbox", { name: "Price, line 2" }).fill("99.995");
    await page.getByRole("textbox", { name: "Price, line 2" }).evaluate((box) => box.blur());
    assert.equal(await page.getByRole("textbox", { name: "Price, line 2" }).getAttribute("aria-invalid"), "true");
    await page.getByRole("textbox", { name: "Price, line 2" }).fill("99.99");
    await page.getByRole("combobox", { name: "Add product" }).click();
    await page.getByRole("option", { name: "Onboarding" }).click();
    await page.getByRole("textbox", { name: "Description, line 3" }).waitFor();
    await page.getByRole("textbox", { name: "Discount on everything, %" }).fill("10");
    await accessible(page);
    await page.keyboard.press("Control+Shift+l");
    await accessible(page);
    const total = await sum(page, "Total").innerText();
    await page.getByRole("button", { name: "Send invoice" }).click();
    await page.getByText("Save the lines first").first().waitFor();
    await page.getByRole("textbox", { name: "Quantity, line 1" }).click();
    await page.keyboard.press("Control+Enter");
    await page.getByText("Lines saved").first().waitFor();
    const bulk = posts.find((post) => post.url.endsWith("/invoice-items/bulk")).body.operations;
    assert.deepEqual(
      bulk.map(({ op, data }) => [op, data.description, data.quantity, data.unit_price, data.position]),
      [
        ["create", "Workshop, two days", "2", "1200", 0],
        ["create", "Travel", "1", "99.99", 1],
        ["create", "Onboarding", "1", "1470.00", 2],
      ],
    );
    await page.getByText("The lines are not saved yet").waitFor({ state: "detached" });
    // What the page said is what the server says.
    await page.getByRole("button", { name: "Send invoice" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Send invoice" }).click();
    await page.getByRole("heading", { level: 1, name: /INV-2026/ }).waitFor();
    await page.getByRole("cell", { name: "Workshop, two days" }).waitFor();
    assert.equal(await sum(page, "Total").innerText(), total);
    await accessible(page);
  });
  await check("invoices: paid in parts, never too much; given back; corrected by a credit note", async (page) => {
    await openRecord(page, "invoices", "INV-2026-00001");
    await page.locator("[data-balance]").getByText("$2,940").waitFor();
    await page.getByText(/was due/).waitFor();
    await accessible(page);
    await page.getByRole("button", { name: "Record payment" }).click();
    const dialog = page.getByRole("dialog", { name: "Record a payment" });
    assert.equal(await dialog.getByLabel("Amount").inputValue(), "2940.00");
    await dialog.getByLabel("Amount").fill("5000");
    await dialog.getByRole("button", { name: "Record payment" }).click();
    await dialog.getByText(/more than the 2940.00 that is still owed/).waitFor();
    await dialog.getByLabel("Amount").fill("1000");
    await accessible(page);
    await dialog.getByRole("button", { name: "Record payment" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.locator("[data-balance]").getByText("$1,940").waitFor();
    await page.getByRole("region", { name: "Payments" }).getByText("$1,000").waitFor();
    await page.getByRole("button", { name: "Give back…" }).click();
    const refund = page.getByRole("dialog", { name: "Give money back" });
    await refund.getByLabel("Amount").fill("400");
    await accessible(page);
    await refund.getByRole("button", { name: "Give money back" }).click();
    await page.locator("[data-balance]").getByText("$2,340").waitFor();
    await page.getByText("$400.00 given back").waitFor();
    await page.getByRole("button", { name: "Credit note…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Make credit note" }).click();
    await page.getByRole("heading", { level: 1, name: "Draft credit note" }).waitFor();
    await page.getByRole("link", { name: "Corrects INV-2026-00001" }).waitFor();
    await page.getByRole("textbox", { name: "Quantity, line 1" }).waitFor();
    await accessible(page);
  });
  await check("projects: how far it is, what it has cost, who works on it", async (page) => {
    await openRecord(page, "projects", "Trade fair stand");
    await page.getByText("over budget").waitFor();
    await page.getByText("late", { exact: true }).waitFor();
    await accessible(page);
    await page.getByRole("combobox", { name: "Add member" }).click();
    await page.getByPlaceholder("Add member").fill("Grace");
    await page.getByRole("option", { name: "Grace Liu" }).click();
    await page.locator("[data-member='Grace Liu']").waitFor();
    await page.getByRole("combobox", { name: "Role of Grace Liu" }).selectOption("manager");
    await page.getByText("Role changed").first().waitFor();
    await page.getByRole("button", { name: "Remove Grace Liu" }).click();
    await page.locator("[data-member='Grace Liu']").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Undo" }).first().click();
    await page.locator("[data-member='Grace Liu']").waitFor();
  });
  await check("timesheet: hours as people write them, by keys; submitted and taken back", async (page) => {
    await page.goto("/timesheet");
    await page.getByText("No time in this week yet").waitFor();
    await accessible(page);
    const posts = requestsOf(page, "POST");
    await page.getByRole("button", { name: "Add a line" }).click();
    const dialog = page.getByRole("dialog", { name: "Add a line" });
    await dialog.getByRole("combobox", { name: "Project" }).click();
    await page.getByRole("option", { name: "CRM rollout" }).click();
    await accessible(page);
    await dialog.getByRole("button", { name: "Add", exact: true }).click();
    const cell = (row, column) => page.locator(`[data-hours="${row}:${column}"]`);
    await cell(0, 1).click();
    await page.keyboard.type("soon");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("Hours are written like").waitFor();
    await cell(0, 1).fill("1h45");
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-hours") === "0:2");
    await page.waitForFunction(() => document.querySelector("[data-hours='0:1']")?.value === "1:45");
    await page.keyboard.type("7.5");
    await page.keyboard.press("Enter");
    await page.locator("[data-week-total]").getByText("9:15").waitFor();
    const made = posts.filter((post) => post.url.endsWith("/time-entries")).map(({ body }) => body.hours);
    assert.deepEqual(made, ["1.75", "7.50"]);
    await accessible(page);
    await page.keyboard.press("Control+Shift+l");
    await accessible(page);
    await page.getByRole("button", { name: "Submit week" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Submit week" }).click();
    await page.getByText("waits for approval").waitFor();
    await page.getByRole("button", { name: "Take back" }).click();
    await page.getByText("not submitted", { exact: true }).waitFor();
    await cell(0, 2).fill("");
    await cell(0, 2).press("Enter");
    await page.locator("[data-week-total]").getByText("1:45").waitFor();
    await page.getByRole("button", { name: "Previous week" }).click();
    await page.getByText("Rejected: Which meeting was this?").waitFor();
    assert.equal((await page.locator("[data-hours][readonly]").count()) > 0, true);
    await accessible(page);
  });
  await check("timesheet: whoever approves looks at a colleague's week and settles it", async (page) => {
    await page.goto("/timesheet");
    await page.getByRole("button", { name: "Previous week" }).click();
    await page.getByRole("combobox", { name: /^Whose week/ }).click();
    await page.getByRole("option", { name: "Ben Okafor" }).click();
    await page.locator("[data-week-total]").getByText("8:15").waitFor();
    const posts = requestsOf(page, "POST");
    await page.getByRole("button", { name: "Reject…" }).click();
    await page.getByRole("dialog").getByRole("textbox").fill("Which project?");
    await accessible(page);
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByText("Rejected: Which project?").waitFor();
    assert.equal(posts[0].body.reason, "Which project?");
    assert.equal(posts[0].body.ids.length, 2);
  });
  await check(
    "documents: chosen files are sent with their progress, listed, replaced; a refusal stays in sight",
    async (page) => {
      await openRecord(page, "companies", /./);
      const section = page.locator("[data-related=documents]");
      await section.getByText("Drop files here, or choose them.").waitFor();
      const file = (name) => ({ name, mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.7 ".repeat(400)) });
      await section
        .locator("input[type=file]")
        .first()
        .setInputFiles([file("Contract.pdf"), file("Offer.pdf")]);
      await section.getByRole("link", { name: /Contract.pdf/ }).waitFor();
      await section.getByRole("link", { name: /Offer.pdf/ }).waitFor();
      assert.match(await section.getByRole("link", { name: /Offer.pdf/ }).getAttribute("href"), /documents\/[\w-]+\/content$/);
      await accessible(page);
      await section.getByRole("button", { name: "Offer.pdf: more" }).click();
      await page.getByRole("menuitem", { name: "New version…" }).waitFor();
      await page.keyboard.press("Escape");
      await section.getByLabel("New version of Offer.pdf").setInputFiles(file("Offer 2.pdf"));
      await section.getByText(/version 2/).waitFor();
      await section.getByRole("button", { name: "Offer.pdf: more" }).click();
      await page.getByRole("menuitem", { name: "Versions…" }).click();
      const versions = page.getByRole("dialog", { name: "Versions of Offer.pdf" });
      assert.match(await versions.getByRole("link", { name: "Download version 1" }).getAttribute("href"), /content\?revision=1$/);
      await accessible(page);
      await page.keyboard.press("Escape");
      await section
        .locator("input[type=file]")
        .first()
        .setInputFiles({ ...file("setup.exe") });
      await section.getByRole("alert").getByText("Programs are not kept here.").waitFor();
      await accessible(page);
      await section.getByRole("button", { name: "Dismiss: setup.exe" }).click();
      await section.getByRole("button", { name: "Contract.pdf: more" }).click();
      await page.getByRole("menuitem", { name: "Delete" }).click();
      await section.getByRole("link", { name: /Contract.pdf/ }).waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Undo" }).first().click();
      await section.getByRole("link", { name: /Contract.pdf/ }).waitFor();
    },
  );
  await check("campaigns: how far its messages got and what they brought", async (page) => {
    await openRecord(page, "campaigns", "Autumn mailing");
    const results = page.getByRole("region", { name: "Results" });
    await results.locator("[data-step=opened]").getByText("22.5%").waitFor();
    await results.getByText("462.5%").waitFor();
    await accessible(page);
  });
  await check("reports: an answer is drawn and told, narrowed, kept", async (page) => {
    await openRecord(page, "reports", "Leads by month");
    const answer = page.getByRole("region", { name: "Answer" });
    await answer.getByRole("img", { name: "Leads by month", exact: true }).locator("svg").waitFor();
    const rows = answer.locator("tbody tr");
    await rows.nth(2).waitFor();
    await accessible(page);
    await answer.getByRole("combobox", { name: "By" }).selectOption("year");
    await rows.nth(1).waitFor({ state: "detached" });
    await answer.getByRole("button", { name: "As it was" }).click();
    await rows.nth(2).waitFor();
    await answer.getByRole("combobox", { name: "By" }).selectOption("year");
    await answer.getByRole("button", { name: "Save" }).click();
    await answer.getByRole("button", { name: "Keep this answer" }).click();
    await answer.getByText(/An answer was kept on/).waitFor();
    await page.reload();
    await answer.getByRole("combobox", { name: "By" }).waitFor();
    assert.equal(await answer.getByRole("combobox", { name: "By" }).inputValue(), "year");
    assert.equal(await rows.count(), 1);
  });
  await check("dashboards: reports are added, moved, removed; both themes and a phone", async (page) => {
    await openRecord(page, "dashboards", "Monday");
    await page.getByRole("region", { name: "Sales pipeline: figures" }).getByText("€7,000").waitFor();
    await page.getByRole("combobox", { name: "Add a report" }).click();
    await page.getByRole("option", { name: "Source performance" }).click();
    const second = page.locator("[data-widget='1']");
    await second.locator("svg").last().waitFor();
    await second.getByText("Cold call").first().waitFor();
    await accessible(page);
    await page.keyboard.press("Control+Shift+l");
    await second.getByRole("img").locator("svg").waitFor();
    await accessible(page);
    await second.getByRole("button", { name: "Source performance: more" }).click();
    await page.getByRole("menuitem", { name: "Move before" }).click();
    await page.locator("[data-widget='0'][aria-label='Source performance']").waitFor();
    await page.setViewportSize({ width: 390, height: 844 });
    await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth);
    await accessible(page);
    await page.getByRole("button", { name: "Source performance: more" }).click();
    await page.getByRole("menuitem", { name: "Remove" }).click();
    await page.locator("[data-widget='1']").waitFor({ state: "detached" });
  });
  await check("overview: figures, charts that can be read without seeing them, both themes", async (page) => {
    await openList(page, "/companies");
    await page.keyboard.press("g");
    await page.keyboard.press("r");
    await page.waitForURL(/overview/);
    await page.locator("[data-figure='Owed to us']").getByText("$4.6K").waitFor();
    await page.getByRole("navigation", { name: "Dashboards" }).getByRole("link", { name: "Monday" }).waitFor();
    await page.locator("[data-figure='Answered in time']").getByText("88.9%").waitFor();
    await page.locator("svg").last().waitFor();
    await page.getByRole("img", { name: "Open deals by stage" }).locator("svg").waitFor();
    await page.getByRole("table", { name: "What is owed, by age" }).getByText("$2,940").waitFor();
    await page.getByRole("link", { name: /Invoices show the wrong tax rate/ }).waitFor();
    await accessible(page);
    await page.keyboard.press("Control+Shift+l");
    await page.getByRole("img", { name: "Tickets by week" }).locator("svg").waitFor();
    await accessible(page);
  });
  await check(
    "work: tickets, invoices, projects and the timesheet fit a phone",
    async (page) => {
      const fits = async () =>
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `overflow on ${page.url()}`);
      for (const plural of ["tickets", "invoices", "projects"]) {
        await page.goto(`/${plural}`);
        await page.locator("main li a").nth(1).click();
        await page.getByRole("heading", { level: 1 }).waitFor();
        await page.getByRole("tab", { name: "Activity" }).waitFor();
        await fits();
        await accessible(page);
      }
      await page.goto("/timesheet");
      await page.getByRole("button", { name: "Previous week" }).tap();
      await page.locator("[data-hours]").first().waitFor();
      await fits();
      await accessible(page);
    },
    PHONE,
  );
}
