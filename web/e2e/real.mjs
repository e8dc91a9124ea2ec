// The whole product in a browser: the program on a fresh data folder, a real set of sales data brought in through the
// import, the board worked with, and every main page checked for accessibility in both themes.
//   KITH_BIN        the program; the default is ../target/debug/kith
//   KITH_TEST_DATA  the folder of the data set (accounts.csv, products.csv, sales_teams.csv, sales_pipeline.open.csv)
//   KITH_PICTURES   a folder for the pictures of the documentation, taken at the end when given
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { column, heard, launch, stands, violations } from "./lib.mjs";
import { takePictures } from "./pictures.mjs";
import { startProgram } from "./program.mjs";

const DATA = path.resolve(process.env.KITH_TEST_DATA ?? new URL("../../../shared/data/crm/maven_crm", import.meta.url).pathname);
const FILES = ["accounts.csv", "products.csv", "sales_teams.csv", "sales_pipeline.open.csv", "expected_report_numbers.json"];
const absent = FILES.filter((name) => !fs.existsSync(path.join(DATA, name)));
if (absent.length > 0) {
  console.error(
    `${DATA} has no ${absent.join(", ")}. KITH_TEST_DATA names the folder of the data set that the browser test imports.`,
  );
  console.log("0 passed, 1 failed");
  process.exit(1);
}
const expected = JSON.parse(fs.readFileSync(path.join(DATA, "expected_report_numbers.json"), "utf8"));
const ANA = {
  name: "Ana Whitfield",
  email: "ana.whitfield@kith.test",
  password: "correct horse battery",
  organization: "Northwind Ltd",
};
const figure = (value) => new Intl.NumberFormat("en-US").format(value);

const pictures = new URL("./results/", import.meta.url).pathname;
const program = await startProgram();
const browser = await launch();
const context = await browser.newContext({ baseURL: program.base, viewport: { width: 1440, height: 900 }, locale: "en-US" });
const page = await context.newPage();
page.setDefaultTimeout(20_000);

// Whatever the page complains about fails the step that it happens in.
const noise = [];
let signedIn = false;
page.on("pageerror", (error) => noise.push(error.message));
page.on("console", (message) => {
  // Refused requests are judged below, with their status.
  if (message.type() === "error" && !/Failed to load resource/.test(message.text())) noise.push(message.text());
});
page.on("response", async (response) => {
  if (response.status() < 400) return;
  const { pathname } = new URL(response.url());
  // Who is not signed in is told so: that is how the application finds out.
  if (!signedIn && response.status() === 401 && /\/(auth\/me|auth\/refresh|meta)$/.test(pathname)) return;
  const body = await response.text().catch(() => "");
  noise.push(`${response.request().method()} ${response.url()}: ${response.status()} ${body.slice(0, 300)}`);
});

let passed = 0;
let failed = 0;
/** One step of the journey. What comes after a failed one cannot be told to work, and counts as failed. */
async function step(name, run) {
  if (failed > 0) {
    failed += 1;
    console.log(`FAIL  ${name}: not reached`);
    return;
  }
  const began = Date.now();
  try {
    await run();
    if (noise.length > 0) throw new Error(`the page complains: ${noise.join(" | ").slice(0, 1200)}`);
    passed += 1;
    console.log(`ok    ${name} (${Date.now() - began} ms)`);
  } catch (error) {
    failed += 1;
    console.log(
      `FAIL  ${name}: ${String(error.stack ?? error)
        .split("\n")
        .slice(0, 10)
        .join("\n        ")}`,
    );
    if (noise.length > 0) console.log(`        the page: ${noise.join(" | ").slice(0, 1200)}`);
    fs.mkdirSync(pictures, { recursive: true });
    await page.screenshot({ path: `${pictures}real-${name.replaceAll(/\W+/g, "-")}.png` }).catch(() => {});
    fs.writeFileSync(`${pictures}real-program.log`, program.said.join(""));
  }
}
const accessible = async () => assert.deepEqual(await violations(page), [], `on ${page.url()}`);
const choose = async (name, wanted) => {
  await page.getByRole("combobox", { name, exact: true }).click();
  // A hint, such as the code of a country, may follow the name.
  await page
    .getByRole("option", { name: new RegExp(`^${wanted}\\b`) })
    .first()
    .click();
};
/** Brings a file in by the wizard: its columns as suggested, then `settle`, a check without writing, and the import. */
async function bring(entity, file, suggestions, rows, settle = async () => {}) {
  await page.goto(`/${entity}/import`);
  await page.locator("input[type=file]").setInputFiles(path.join(DATA, file));
  for (const [header, label] of Object.entries(suggestions))
    await page.getByRole("combobox", { name: `${header}: ${label}`, exact: true }).waitFor();
  await settle();
  await page.getByRole("button", { name: "Check the file" }).click();
  await page.getByText("Every row can be imported").waitFor({ timeout: 60_000 });
  assert.equal(await page.locator("[data-figure=created]").innerText(), figure(rows));
  await page.getByRole("button", { name: "Start import" }).click();
  await page.waitForURL(/imports\//);
  await page.getByText("Completed").waitFor({ timeout: 60_000 });
  assert.equal(await page.locator("[data-figure=created]").innerText(), figure(rows));
  assert.equal(await page.locator("[data-figure=failed]").innerText(), "0");
}
const createMissing = () => page.getByLabel("References that are not found").selectOption("create");

await step("sign up: the first person owns the organization", async () => {
  await page.goto("/");
  await page.waitForURL(/register|sign-in/);
  if (page.url().includes("sign-in")) await page.goto("/register");
  await page.getByLabel("Full name").fill(ANA.name);
  await page.getByLabel("Email").fill(ANA.email);
  await page.getByLabel("Password").fill(ANA.password);
  await page.getByLabel("Organization").fill(ANA.organization);
  await accessible();
  await page.getByRole("button", { name: "Create organization" }).click();
  await page.getByRole("button", { name: `Organization: ${ANA.organization}` }).waitFor();
  signedIn = true;
  // The day begins empty, and so does everything else.
  await page.waitForURL(/my-day/);
  await accessible();
  await page.getByRole("link", { name: "Companies", exact: true }).first().click();
  await page.getByRole("heading", { name: "No companies yet" }).waitFor();
  await accessible();
});

await step("settings: more products may be active; a wrong figure is explained", async () => {
  await page.getByRole("link", { name: "Settings", exact: true }).first().click();
  await page.getByRole("link", { name: "Organization", exact: true }).click();
  const limit = page.getByLabel("Active products");
  await limit.fill("a hundred");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("must be a whole number from 0 to 100000").waitFor();
  noise.length = 0; // That refusal was asked for.
  await limit.fill("100");
  await choose("Country", "United Kingdom");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Settings saved").waitFor();
  await page.reload();
  await limit.waitFor();
  assert.equal(await limit.inputValue(), "100");
  await page.getByLabel("Country").getByText("United Kingdom").waitFor();
  await accessible();
});

await step("import: companies, a misspelt country put right, industries created, parents by name", async () => {
  await bring(
    "companies",
    "accounts.csv",
    { account: "Name", sector: "Industry", office_location: "Country (billing address)", subsidiary_of: "Parent company" },
    85,
    async () => {
      await createMissing();
      await choose("Philipines: As it is", "Philippines");
      await accessible();
    },
  );
  await page.getByRole("link", { name: "Show companies" }).click();
  await page.getByRole("searchbox").fill("Betasoloin");
  await page.getByRole("link", { name: "Betasoloin" }).first().click();
  await page.getByText("medical", { exact: true }).first().waitFor();
  await page.getByText("United States").first().waitFor();
  await page.goto("/companies");
  await page.locator("[data-total]").getByText("85").waitFor();
});
await step("import: products up to the limit that was raised", () =>
  bring("products", "products.csv", { product: "Name", series: "Category", sales_price: "Price" }, 7),
);
await step("import: people with their managers and teams", () =>
  bring("users", "sales_teams.csv", { sales_agent: "Name", manager: "Manager", regional_office: "Team" }, 35, async () => {
    await createMissing();
  }),
);
await step("import: deals, their stages translated, each with its product", () =>
  bring(
    "deals",
    "sales_pipeline.open.csv",
    {
      opportunity_id: "Name",
      sales_agent: "Owner",
      product: "Product (items)",
      account: "Company",
      deal_stage: "Stage",
      close_value: "Amount",
    },
    expected.rows,
    async () => {
      await choose("Prospecting: An error", "Lead");
      await choose("Engaging: An error", "Negotiation");
      await accessible();
      if (process.env.KITH_PICTURES) await page.screenshot({ path: path.join(process.env.KITH_PICTURES, "import.png") });
    },
  ),
);

await step("board: counts and the sum of what was won are those of the data set", async () => {
  await page.goto("/deals?layout=board");
  const { Won, Lost, Engaging, Prospecting } = expected.by_stage;
  for (const [stage, count] of Object.entries({ Lead: Prospecting, Qualified: 0, Proposal: 0, Negotiation: Engaging, Won, Lost }))
    await column(page, stage).locator("[data-count]").getByText(figure(count), { exact: true }).waitFor();
  const sum = await column(page, "Won").locator("[data-currency=USD]").getAttribute("title");
  assert.ok(sum.includes(`$${figure(expected.won_value_total)}`), sum);
});

let dragged;
await step("board: a deal dragged by mouse", async () => {
  const card = column(page, "Lead").locator("[data-card]").nth(1);
  dragged = await card.getAttribute("data-card");
  const from = await card.boundingBox();
  const to = await column(page, "Qualified").locator("ul").boundingBox();
  await page.mouse.move(from.x + 60, from.y + 50);
  await page.mouse.down();
  await page.mouse.move(from.x + 90, from.y + 60, { steps: 5 });
  await page.mouse.move(to.x + 100, to.y + 60, { steps: 18 });
  await heard(page, /is over Qualified/);
  await page.mouse.up();
  await page
    .getByText(/→ Qualified/)
    .first()
    .waitFor();
  await stands(page, dragged, "Qualified");
  await column(page, "Qualified").locator("[data-count]").getByText("1", { exact: true }).waitFor();
  await page.reload();
  await stands(page, dragged, "Qualified");
});
await step("board: another one by keyboard", async () => {
  const card = column(page, "Lead").locator("[data-card]").first();
  const id = await card.getAttribute("data-card");
  await card.getByRole("button", { name: /^Drag / }).focus();
  await page.keyboard.press("Space");
  await heard(page, /picked up|is over Lead/);
  await page.keyboard.press("ArrowRight");
  await heard(page, /is over Qualified/);
  await page.keyboard.press("Space");
  await page
    .getByText(/→ Qualified/)
    .first()
    .waitFor();
  await page.reload();
  await stands(page, id, "Qualified");
  await column(page, "Qualified").locator("[data-count]").getByText("2", { exact: true }).waitFor();
});

await step("record: its timeline tells the import and the move; its product came along", async () => {
  await page.locator(`[data-card="${dragged}"] a`).first().click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.getByText("moved this deal from Lead to Qualified").waitFor();
  await page.getByText("imported this deal").waitFor();
  assert.equal(await page.getByText("created this deal").count(), 0);
  assert.equal(await page.getByText("Board position").count(), 0);
  await page
    .locator("[data-related=items]")
    .getByText(/^(GTX|MG|GTK)/)
    .first()
    .waitFor();
});
await step("record: an edit with a new tag is saved, told and found again", async () => {
  await page.getByRole("button", { name: /^Tags/ }).click();
  await page.getByRole("combobox", { name: "Tags" }).fill("priority");
  await page.getByRole("option", { name: /priority/ }).click();
  await page.keyboard.press("Escape");
  await page.getByText("changed Tags").waitFor();
  await page.goto("/settings/tags");
  await page.getByRole("textbox", { name: "Name of priority" }).waitFor();
  await page.goto(`/deals?f=${encodeURIComponent(JSON.stringify([{ field: "tags", op: "has", value: "priority" }]))}`);
  await page.locator("[data-total]").getByText("1", { exact: true }).waitFor();
});
await step("list: everything that a search finds is changed at once", async () => {
  await page.goto("/companies?q=beta");
  await page.locator("[data-cell='0:0'] a").first().waitFor();
  const total = Number(await page.locator("[data-total]").innerText());
  assert.ok(total > 1, String(total));
  await page
    .getByRole("checkbox", { name: /^Select / })
    .nth(1)
    .click();
  await page.getByRole("button", { name: `Select all ${total}` }).click();
  await page.getByRole("combobox", { name: "Edit" }).click();
  await page.getByRole("option", { name: "Status" }).click();
  await page.getByRole("dialog").getByRole("combobox").click();
  await page.getByRole("option", { name: "Active", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Apply" }).click();
  await page.getByText(`${total} records changed`).first().waitFor();
  await page.goto(`/companies?f=${encodeURIComponent(JSON.stringify([{ field: "status", op: "in", value: ["active"] }]))}`);
  await page.locator("[data-total]").getByText(String(total), { exact: true }).waitFor();
});

const MAIN = [
  "/my-day",
  "/leads",
  "/leads?layout=board",
  "/tasks",
  "/tasks?layout=list",
  "/notes",
  "/interactions",
  "/companies",
  "/contacts",
  "/deals",
  "/deals?layout=board",
  "/products",
  "/activities",
  "/users",
  "/stages",
  "/audit-log",
  "/imports",
  "/overview",
  "/inbox",
  "/timesheet",
  "/companies/duplicates",
  "/settings",
  "/settings/account",
  "/settings/notifications",
  "/settings/people",
  "/settings/roles",
  "/settings/pipelines",
  "/settings/fields",
  "/settings/tags",
  "/deals?create=true",
];
await step("every main page: accessible in both themes, fits a phone, names instead of ids", async () => {
  const company = await context.request.get("/api/v1/companies?limit=1&sort=name", { headers: { "X-Kith-Client": "web" } });
  const { data } = await company.json();
  const described = await context.request.get("/api/v1/meta", { headers: { "X-Kith-Client": "web" } });
  const { entities } = await described.json();
  const lists = entities.filter((entity) => entity.permissions.includes("read")).map((entity) => `/${entity.plural}`);
  const addresses = new Set([...MAIN, ...lists, `/deals/${dragged}`, `/companies/${data[0].id}`]);
  for (const address of addresses) {
    await page.emulateMedia({ colorScheme: "light" });
    await page.goto(address, { waitUntil: "networkidle" });
    await page.getByRole("heading").first().waitFor();
    await accessible();
    const ids = await page.evaluate(() => document.body.innerText.match(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f-]{17}/g));
    assert.equal(ids, null, `ids on ${address}`);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
    await accessible();
    await page.setViewportSize({ width: 390, height: 844 });
    await page
      .waitForFunction(() => document.documentElement.scrollWidth <= innerWidth)
      .catch(() => assert.fail(`${address} does not fit a phone`));
    await page.setViewportSize({ width: 1440, height: 900 });
  }
  await page.emulateMedia({ colorScheme: "light" });
});

await step("sign out, and in again", async () => {
  await page.goto("/deals");
  await page.getByRole("button", { name: /^Account/ }).click();
  signedIn = false;
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.waitForURL(/sign-in/);
  await accessible();
  await page.goto("/deals");
  await page.waitForURL(/sign-in\?return=/);
  await page.getByLabel("Email").fill(ANA.email);
  await page.getByLabel("Password").fill(ANA.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: `Organization: ${ANA.organization}` }).waitFor();
  signedIn = true;
  await page.locator("[data-total]").getByText(figure(expected.rows)).waitFor();
});

if (process.env.KITH_PICTURES) await step("pictures for the documentation", () => takePictures(page, process.env.KITH_PICTURES));

await browser.close();
await step("the program ends cleanly", async () => assert.equal(await program.stop(), 0));
if (failed > 0) await program.stop();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
