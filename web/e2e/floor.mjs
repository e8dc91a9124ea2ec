// A working week of the sales floor on the program itself: an owner invites a saleswoman, she signs in with a second
// factor and sees what is hers or nobody's, a lead arrives from a file, is called, becomes a customer, the deal is won on
// the board, and what leaves as a file says what the page says. One check after the other on one data folder.
//   KITH_BIN  the program; the default is ../target/debug/kith
import assert from "node:assert/strict";
import fs from "node:fs";
import { column, createSuite, heard, launch, signIn, stands, violations } from "./lib.mjs";
import { codeOf, mailbox } from "./mailbox.mjs";
import { startProgram } from "./program.mjs";
import { readCsv, readWorkbook } from "./sheet.mjs";

const ANA = { name: "Ana Whitfield", email: "ana@kith.test", password: "correct horse battery" };
const BEA = { name: "Bea Okafor", email: "bea@kith.test", password: "quite a long sentence", secret: "" };
const ORGANIZATION = "Northwind Ltd";
/** Who brings what: two leads are Bea's, one is Ana's, one is nobody's yet. */
const LEADS = [
  ["Mara", "Lindqvist", "Willow Foods", "mara@willowfoods.example", "+46 8 555 0101", "48500.50", BEA.email],
  ["Tomas", "Adler", "Harbor Freight", "tomas@harborfreight.example", "+49 40 555 0102", "12250", BEA.email],
  ["Ines", "Duarte", "Cedar Labs", "ines@cedarlabs.example", "+351 21 555 0103", "9000", ANA.email],
  ["Noor", "Haddad", "Ivory Cloud", "noor@ivorycloud.example", "+971 4 555 0104", "30000", ""],
];
const FILE = {
  name: "leads.csv",
  mimeType: "text/csv",
  buffer: Buffer.from(
    [
      ["First name", "Last name", "Company", "Email", "Phone", "Estimated value", "Owner"],
      ...LEADS.map((row) => row.map((value) => `"${value}"`)),
    ]
      .map((row) => row.join(","))
      .join("\n"),
  ),
};

const program = await startProgram();
const mail = mailbox(program.data);
const browser = await launch();
const { check, result } = createSuite(browser, { base: program.base });
const cookies = {};
const as = (who, options = {}) => ({ storageState: cookies[who], ...options });
const inside = (page) => page.waitForURL((url) => !/sign-in|register|invitation|password/.test(url.pathname));

/** Nothing to complain about in either theme. */
async function accessible(page) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme);
    assert.deepEqual(await violations(page), [], `${colorScheme} on ${page.url()}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
}
const ask = async (page, method, address, data) => {
  const response = await page.context().request.fetch(`${program.base}/api/v1${address}`, {
    method,
    headers: { "X-Kith-Client": "web" },
    ...(data ? { data } : {}),
  });
  return { status: response.status(), body: await response.json().catch(() => null) };
};
/** Waits until a card that is being moved has come to a stage. */
const hangsOver = (page, id, stage) =>
  page.waitForFunction(
    ([card, wanted]) =>
      [...document.querySelectorAll(`[data-card="${card}"]`)].some(
        (one) => one.closest("[role=group]")?.getAttribute("aria-label") === wanted,
      ),
    [id, stage],
  );
/** The names in the first column of a list, once there are as many as expected. */
async function namesIn(page, count) {
  await page.waitForFunction((rows) => document.querySelectorAll("[data-cell$=':0'] a").length === rows, count);
  return (await page.locator("[data-cell$=':0'] a").allInnerTexts()).sort();
}

await check("an owner registers, and invites a colleague with the role Sales", async (page, context) => {
  await page.goto("/register");
  await page.getByLabel("Full name").fill(ANA.name);
  await page.getByLabel("Email").fill(ANA.email);
  await page.getByLabel("Password").fill(ANA.password);
  await page.getByLabel("Organization").fill(ORGANIZATION);
  await page.getByRole("button", { name: "Create organization" }).click();
  await inside(page);
  // What is here already: one company of hers, one of nobody.
  const { body: me } = await ask(page, "GET", "/auth/me");
  for (const [name, owner_id] of [
    ["Ana's own customer", me.user.id],
    ["Nobody's customer", null],
  ])
    assert.equal((await ask(page, "POST", "/companies", { name, owner_id })).status, 201);
  await page.goto("/settings/people");
  await page.getByRole("button", { name: "Invite people" }).click();
  const dialog = page.getByRole("dialog", { name: "Invite people" });
  await dialog.getByLabel("E-mail addresses").fill(BEA.email);
  await dialog.getByRole("combobox", { name: "Role" }).click();
  await page.getByRole("option", { name: /^Sales/ }).click();
  await dialog.getByRole("button", { name: /^Send/ }).click();
  await page.getByText(BEA.email).first().waitFor();
  cookies.ana = await context.storageState();
});

await check("the mail brings her in; she sets her second factor up, and signs in with it", async (page, context) => {
  await page.goto(await mail.link(BEA.email, "accept-invitation"));
  await page.getByRole("heading", { name: `Join ${ORGANIZATION}` }).waitFor();
  await page.getByLabel("Full name").fill(BEA.name);
  await page.getByLabel("Choose a password").fill(BEA.password);
  await page.getByRole("button", { name: "Accept invitation" }).click();
  await inside(page);
  await page.goto("/settings/account");
  await page.getByRole("button", { name: "Set up" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Password").fill(BEA.password);
  await dialog.getByRole("button", { name: "Continue" }).click();
  await dialog.getByRole("img").waitFor();
  BEA.secret = (await dialog.locator("code").innerText()).replaceAll(" ", "");
  await dialog.getByRole("textbox", { name: "Code from the app" }).focus();
  await page.keyboard.type(codeOf(BEA.secret));
  await dialog.getByRole("button", { name: "I have kept them" }).click();
  await page.getByText("10 recovery codes left").waitFor();
  await context.clearCookies();
  await signIn(page, BEA.email, BEA.password);
  await page.getByRole("button", { name: "Use a recovery code instead" }).waitFor();
  // The code of the set-up is spent: the next one is good.
  await page.keyboard.type(codeOf(BEA.secret, 1));
  await inside(page);
  cookies.bea = await context.storageState();
});

await check(
  "leads arrive from a file, each with whose it is",
  async (page) => {
    await page.goto("/leads/import");
    await page.locator("input[type=file]").setInputFiles(FILE);
    for (const [header, label] of [
      ["Company", "Company"],
      ["Estimated value", "Estimated value"],
      ["Owner", "Owner"],
    ])
      await page.getByRole("combobox", { name: `${header}: ${label}`, exact: true }).waitFor();
    await accessible(page);
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByText("Every row can be imported").waitFor();
    await page.getByRole("button", { name: "Start import" }).click();
    await page.waitForURL(/imports\//);
    await page.getByText("Completed").waitFor();
    assert.equal(await page.locator("[data-figure=created]").innerText(), String(LEADS.length));
    await page.getByRole("link", { name: "Show leads" }).click();
    assert.equal((await namesIn(page, 4)).length, 4);
    // What nobody is named for is whose file it was; this one is for whoever takes it.
    const { body } = await ask(page, "GET", "/leads?q=Haddad");
    assert.equal((await ask(page, "PATCH", `/leads/${body.data[0].id}`, { owner_id: null })).status, 200);
  },
  as("ana"),
);

await check(
  "she sees what is hers or nobody's, in the lists, by address and through the interface",
  async (page) => {
    await page.goto("/leads");
    assert.deepEqual(await namesIn(page, 3), ["Mara Lindqvist", "Noor Haddad", "Tomas Adler"]);
    await accessible(page);
    await page.goto("/companies");
    assert.deepEqual(await namesIn(page, 1), ["Nobody's customer"]);
    await page.getByRole("navigation", { name: "Main" }).getByText("Audit log").waitFor({ state: "detached" });
  },
  as("bea"),
);
await check(
  "a record of somebody else is not there for her",
  async (page) => {
    const { body } = await ask(
      page,
      "GET",
      `/leads?filter=${encodeURIComponent('{"field":"last_name","op":"eq","value":"Duarte"}')}`,
    );
    const hidden = body.data[0].id;
    const context = await browser.newContext({ baseURL: program.base, storageState: cookies.bea });
    const hers = await context.newPage();
    assert.equal((await ask(hers, "GET", `/leads/${hidden}`)).status, 404);
    await hers.goto(`/leads/${hidden}`);
    await hers.getByRole("heading", { name: "This record is not here" }).waitFor();
    assert.equal(await hers.getByText("Duarte").count(), 0);
    await context.close();
  },
  as("ana"),
);

await check(
  "she calls a lead: what was said and the follow-up stand in its timeline, and the task in her day",
  async (page) => {
    await page.goto("/leads");
    await page.getByRole("link", { name: "Mara Lindqvist" }).click();
    await page.getByRole("button", { name: /^Convert/ }).waitFor();
    await page.keyboard.press("i");
    await page.getByRole("combobox", { name: "What it was" }).fill("Initial call");
    await page.getByRole("textbox", { name: "What was said" }).fill("They want three sites before the summer.");
    await page.getByLabel("Outcome").fill("Sends the order form");
    await page.getByLabel("Follow-up", { exact: true }).fill("tomorrow 9:00");
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: /^Log it/ }).click();
    await page.getByText("The follow-up is in your tasks.").first().waitFor();
    await page.getByRole("article").filter({ hasText: "three sites before the summer" }).first().waitFor();
    await page.locator("[data-related=tasks]").getByText("Follow up: Initial call").waitFor();
    await accessible(page);
    await page.goto("/my-day");
    const task = page.locator("[data-task]").filter({ hasText: "Follow up: Initial call" });
    await task.getByRole("link", { name: "Mara Lindqvist" }).waitFor();
    await accessible(page);
    await task.getByRole("checkbox").click();
    await page.getByText("Task completed").first().waitFor();
    await page.locator("[data-bucket=done]").getByText("Follow up: Initial call").waitFor();
  },
  as("bea"),
);

await check(
  "leads become companies, people and deals, linked both ways",
  async (page) => {
    for (const [first, last, company, , , value] of LEADS.slice(0, 2)) {
      await page.goto("/leads");
      await page.getByRole("link", { name: `${first} ${last}` }).click();
      await page.getByRole("button", { name: /^Convert/ }).click();
      const dialog = page.getByRole("dialog", { name: `Convert ${first} ${last}` });
      await dialog.getByLabel("Amount").waitFor();
      assert.equal(Number((await dialog.getByLabel("Amount").inputValue()).replaceAll(",", "")), Number(value));
      await accessible(page);
      await dialog.getByRole("button", { name: /^Convert/ }).click();
      const banner = page.getByRole("region", { name: "Conversion" });
      await banner.getByRole("link", { name: new RegExp(`${company}.*Company`) }).waitFor();
      await banner.getByRole("link", { name: /Deal$/ }).click();
      await page.getByRole("heading", { level: 1, name: new RegExp(company) }).waitFor();
    }
    await page.goto("/companies");
    assert.deepEqual(await namesIn(page, 3), ["Harbor Freight", "Nobody's customer", "Willow Foods"]);
  },
  as("bea"),
);

await check(
  "both deals are won on the board: one by mouse, one by keyboard",
  async (page) => {
    await page.goto("/deals?layout=board");
    const cards = page.locator("[data-card]");
    await cards.nth(1).waitFor();
    const ids = await cards.evaluateAll((found) => found.map((card) => card.getAttribute("data-card")));
    const card = page.locator(`[data-card="${ids[0]}"]`);
    const from = await card.boundingBox();
    const won = column(page, "Won").locator("ul");
    // Far columns come into sight as the card is held at the edge; a wide window needs none of that.
    const to = await won.boundingBox();
    await page.mouse.move(from.x + 60, from.y + 50);
    await page.mouse.down();
    await page.mouse.move(from.x + 90, from.y + 60, { steps: 5 });
    await page.mouse.move(to.x + 100, to.y + 60, { steps: 24 });
    await heard(page, /is over Won/);
    await page.mouse.up();
    await stands(page, ids[0], "Won");
    await page.getByText(/→ Won/).first().waitFor();
    await page
      .locator(`[data-card="${ids[1]}"]`)
      .getByRole("button", { name: /^Drag / })
      .focus();
    await page.keyboard.press("Space");
    await heard(page, /picked up|is over/);
    for (const stage of ["Qualified", "Proposal", "Negotiation", "Won"]) {
      await page.keyboard.press("ArrowRight");
      await hangsOver(page, ids[1], stage);
    }
    await page.keyboard.press("Space");
    await stands(page, ids[1], "Won");
    await column(page, "Won").locator("[data-count]").getByText("2", { exact: true }).waitFor();
    await page.reload();
    await stands(page, ids[0], "Won");
    await stands(page, ids[1], "Won");
    await accessible(page);
  },
  as("bea", { viewport: { width: 2000, height: 900 } }),
);

const figureIn = (text) => Number(text.replaceAll(/[^\d.-]/g, ""));
await check(
  "the export opens in a spreadsheet with the figures of the page: workbook, text and board agree",
  async (page) => {
    await page.goto("/deals?layout=board");
    const total = column(page, "Won").locator("[data-currency=USD]");
    await total.waitFor();
    const board = figureIn(/[\d,.]*\d/.exec((await total.getAttribute("title")).replace(/^[^$]*/, ""))[0]);
    const columns = ["stage_id", "amount", "currency", "company_id"];
    await page.goto(`/deals?sort=-amount&cols=${columns.join(",")}`);
    await page.locator("[data-cell='1:2']").waitFor();
    await page.waitForFunction(() => document.querySelectorAll("[data-cell$=':0'] a").length === 2);
    const shown = [];
    for (const row of [0, 1]) {
      const texts = [];
      for (let at = 0; at <= columns.length; at++)
        texts.push((await page.locator(`[data-cell="${row}:${at}"]`).innerText()).trim());
      shown.push({ name: texts[0], stage: texts[1], amount: figureIn(texts[2]), currency: texts[3], company: texts[4] });
    }
    assert.deepEqual(
      shown.map((row) => row.amount),
      [48500.5, 12250],
    );
    assert.equal(board, 60750.5);
    const save = async (format) => {
      await page.getByRole("button", { name: "More", exact: true }).click();
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("menuitem", { name: `Export as ${format}` }).click(),
      ]);
      return download.path();
    };
    const rowsOf = (rows) =>
      rows.map((row) => ({
        ...{ name: row.name, stage: row.stage, amount: Number(row.amount), currency: row.currency, company: row.company },
      }));
    const workbook = await save("Excel (XLSX)");
    const csv = await save("CSV");
    assert.deepEqual(rowsOf(readWorkbook(workbook)), shown);
    assert.deepEqual(rowsOf(readCsv(csv)), shown);
    // In the workbook an amount is a figure that can be added up, not a text that looks like one.
    assert.equal(
      readWorkbook(workbook).reduce((sum, row) => sum + row.amount, 0),
      board,
    );
    assert.ok(fs.statSync(workbook).size > 0);
  },
  as("bea"),
);
await check(
  "what she took out is written down for the owner",
  async (page) => {
    await page.goto("/audit-log");
    await page
      .getByText(/export/i)
      .first()
      .waitFor();
    await page.goto("/deals");
    assert.equal((await namesIn(page, 2)).length, 2);
    await page.getByText(BEA.name).first().waitFor();
  },
  as("ana"),
);

await check(
  "what is connected explains itself: a webhook's secret is shown once, an automation reads as sentences",
  async (page) => {
    const { body: hook } = await ask(page, "POST", "/webhook-endpoints", {
      ...{ name: "Bookkeeping", url: "https://hooks.kith.test/in", events: ["invoice.*", "deal.updated"], status: "paused" },
    });
    await page.goto(`/webhook-endpoints/${hook.id}`);
    await page.getByText("Invoice: everything").waitFor();
    await page.getByText("Deal: changed").waitFor();
    await page.getByText("Nothing has been sent yet.").waitFor();
    await page.getByRole("button", { name: "Make a secret" }).click();
    assert.match(await page.locator("[data-secret]").innerText(), /^whsec_/);
    await accessible(page);
    await page.getByRole("button", { name: "I have kept it" }).click();
    await page.getByText("Every delivery is signed.").waitFor();
    await accessible(page);
    const { body: rule } = await ask(page, "POST", "/automations", {
      ...{ name: "Big deals", trigger_entity: "deal", trigger_event: "updated", trigger_fields: ["amount"] },
      conditions: { and: [{ field: "amount", op: "gte", value: "25000" }] },
      actions: [
        { do: "create", entity: "task", set: { title: "Call them", priority: "high" } },
        { do: "notify", users: ["owner_id"], title: "A big deal has moved" },
      ],
    });
    await page.goto(`/automations/${rule.id}`);
    const steps = page.locator("[data-rule] > li");
    assert.match(await steps.nth(0).innerText(), /Deal is changed in Amount/);
    assert.match(await steps.nth(1).innerText(), /Amount is at least .*25,000/);
    assert.match(await steps.nth(2).innerText(), /Create: task[\s\S]*Call them[\s\S]*High[\s\S]*Tell owner/);
    await page.getByText("It is switched off, and has not run yet.").waitFor();
    await accessible(page);
  },
  as("ana"),
);
await check(
  "a channel keeps secrets that nobody sees; a form says where it goes, and what came of it",
  async (page) => {
    const { body: account } = await ask(page, "POST", "/channel-accounts", {
      ...{
        name: "Hello",
        channel: "email",
        provider: "smtp_imap",
        address: "hello@kith.test",
        settings: { imap_host: "mail.kith.test" },
      },
    });
    await page.goto(`/channel-accounts/${account.id}`);
    await page.getByText("IMAP host").waitFor();
    await page.getByText("None is kept.").waitFor();
    await page.getByRole("button", { name: "Set secrets" }).click();
    const dialog = page.getByRole("dialog", { name: "Set secrets" });
    await dialog.getByLabel("Secret", { exact: true }).fill("hunter2 hunter2");
    await accessible(page);
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.locator("[data-secrets]").getByText("Password").waitFor();
    assert.ok(!(await page.content()).includes("hunter2"));
    await accessible(page);
    const { body: form } = await ask(page, "POST", "/inbound-forms", { name: "Contact page" });
    await page.goto(`/inbound-forms/${form.id}`);
    const address = (await page.locator("[data-address]").innerText()).trim();
    assert.ok((await page.locator("[data-snippet]").innerText()).includes(`<form action="${address}" method="post">`));
    await page.getByText("Nobody has sent it yet.").waitFor();
    const sent = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ first_name: "Ada", last_name: "Lovelace", email: "ada@engine.example" }),
    });
    assert.equal(sent.status, 201);
    await page.reload();
    await page.locator("[data-submission]").getByText("New lead").waitFor();
    await page.getByRole("link", { name: "Ada Lovelace" }).waitFor();
    await accessible(page);
  },
  as("ana"),
);

await browser.close();
await program.stop();
const { failed, passed } = result();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
