// Pictures of every page in both themes and two widths, to look at: node e2e/shots.mjs <folder> [only]
import fs from "node:fs";
import { cell, launch, MOCK_URL, startMock, still } from "./lib.mjs";

const signInForm = async (page, email, password) => {
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
};

const folder = process.argv[2] ?? new URL("./results/", import.meta.url).pathname;
const only = process.argv[3];
fs.mkdirSync(folder, { recursive: true });
const stop = await startMock({ SIGNED_IN: "1" });
const browser = await launch();

const CSV = `Name,Employees,Website,Contact mail\n${Array.from({ length: 40 }, (_, row) => `Imported ${row},${row === 7 ? "many" : row + 3},https://imported${row}.example,hello@imported${row}.example`).join("\n")}`;
const file = { name: "companies.csv", mimeType: "text/csv", buffer: Buffer.from(CSV) };
/** Opens the first record of a list. */
async function openFirst(page, phone) {
  await (phone ? page.locator("main li a").first() : page.locator("[data-cell='0:0'] a")).click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await still(page);
}
const PAGES = {
  "sign-in": ["/sign-in"],
  register: ["/register"],
  "forgot-password": ["/forgot-password"],
  "reset-password": ["/reset-password?token=reset-me"],
  "verify-email": ["/verify-email?token=gone"],
  "accept-invitation": ["/accept-invitation?token=new-person"],
  "second-factor": [
    "/sign-in",
    async (page) => {
      await signInForm(page, "elif.kaya@kith.test", "correct horse");
      await page.getByRole("button", { name: /recovery/ }).waitFor();
      await page.keyboard.type("12");
      await still(page);
    },
  ],
  "settings-menu": ["/settings"],
  organization: ["/settings/organization"],
  account: ["/settings/account"],
  "account-rest": [
    "/settings/account",
    async (page) => {
      await page.getByRole("region", { name: "API keys" }).scrollIntoViewIfNeeded();
      await still(page);
    },
  ],
  "account-qr": [
    "/settings/account",
    async (page) => {
      await page.getByRole("button", { name: "Set up" }).click();
      await page.getByRole("dialog").getByLabel("Password").fill("correct horse");
      await page.getByRole("dialog").getByRole("button", { name: "Continue" }).click();
      await page.getByText("Scan this code").waitFor();
      await still(page);
    },
  ],
  "account-codes": [
    "/settings/account",
    async (page) => {
      await page.getByRole("button", { name: "Set up" }).click();
      await page.getByRole("dialog").getByLabel("Password").fill("correct horse");
      await page.getByRole("dialog").getByRole("button", { name: "Continue" }).click();
      await page.getByText("Scan this code").waitFor();
      await page.keyboard.type("123456");
      await page.getByText("Keep these codes").waitFor();
      await still(page);
    },
  ],
  "account-key": [
    "/settings/account",
    async (page) => {
      await page.getByRole("button", { name: "New API key" }).click();
      await page.getByText("Chosen permissions").click();
      await still(page);
    },
  ],
  people: ["/settings/people"],
  "people-invite": [
    "/settings/people",
    async (page) => {
      await page.getByRole("button", { name: "Invite people" }).click();
      await page.getByLabel(/E-mail addresses/).fill("mia@example.com, Noah Berg <noah@example.com>");
      await still(page);
    },
  ],
  "people-menu": [
    "/settings/people",
    async (page) => {
      await page.getByRole("button", { name: "More actions for Ana Whitfield" }).click();
      await still(page);
    },
  ],
  "people-leave": [
    "/settings/people",
    async (page) => {
      await page.getByRole("button", { name: "More actions for Ben Okafor" }).click();
      await page.getByRole("menuitem", { name: /Deactivate/ }).click();
      await still(page);
    },
  ],
  teams: ["/settings/people?tab=teams"],
  roles: ["/settings/roles"],
  role: [
    "/settings/roles",
    async (page) => {
      await page.getByRole("link", { name: "Sales" }).click();
      await page.getByRole("grid").waitFor();
      await page.getByRole("button", { name: /^Deals, Export/ }).click();
      await page.getByRole("menuitem", { name: /^Own/ }).click();
      await page.getByRole("button", { name: /^Contacts, Edit/ }).click();
      await still(page);
    },
  ],
  pipelines: ["/settings/pipelines"],
  "pipelines-stage": [
    "/settings/pipelines",
    async (page) => {
      await page.getByRole("button", { name: "New stage" }).click();
      await still(page);
    },
  ],
  fields: ["/settings/fields"],
  "fields-kinds": [
    "/settings/fields",
    async (page) => {
      await page.getByRole("button", { name: "New field" }).click();
      await still(page);
    },
  ],
  "fields-choice": [
    "/settings/fields",
    async (page) => {
      await page.getByRole("button", { name: "More actions for Tier" }).click();
      await page.getByRole("menuitem", { name: "Edit" }).click();
      await still(page);
    },
  ],
  tags: ["/settings/tags"],
  industries: ["/settings/industries"],
  table: ["/companies"],
  filters: [
    `/companies?sort=-annual_revenue&f=${encodeURIComponent(
      JSON.stringify([
        { field: "status", op: "in", value: ["active", "prospect"] },
        { field: "annual_revenue", op: "gt", value: "1000000" },
        { field: "renewal_on", op: "eq", value: "this_year" },
      ]),
    )}`,
    async (page, phone) => {
      if (phone) return;
      await cell(page, 3, 0).click({ position: { x: 4, y: 30 } });
      await page.keyboard.press("Space");
      await still(page);
    },
  ],
  edit: [
    "/companies",
    async (page, phone) => {
      if (phone) return;
      await cell(page, 3, 1).click();
      await page.keyboard.press("Enter");
      await still(page);
    },
  ],
  date: [
    "/companies",
    async (page, phone) => {
      if (phone) return;
      await cell(page, 3, 7).click();
      await page.keyboard.press("Enter");
      await still(page);
    },
  ],
  select: [
    "/companies",
    async (page, phone) => {
      if (phone)
        return page
          .getByRole("button", { name: /^Select / })
          .nth(1)
          .click();
      await cell(page, 4, 1).click();
      for (let times = 0; times < 3; times++) await page.keyboard.press("Shift+ArrowDown");
    },
  ],
  create: ["/companies?create=true"],
  record: [
    "/companies",
    async (page, phone) => {
      if (phone) await page.locator("main li a").nth(2).click();
      else {
        await cell(page, 2, 4).click();
        await page.keyboard.press("Enter");
        await page.keyboard.press("Control+a");
        await page.keyboard.type("2.5m");
        await page.keyboard.press("Enter");
        await still(page);
        await page.locator("[data-cell='2:0'] a").click();
      }
      await still(page);
    },
  ],
  related: [
    "/companies",
    async (page, phone) => {
      if (phone) await page.locator("main li a").nth(1).click();
      else await page.locator("[data-cell='1:0'] a").click();
      if (phone) await page.getByRole("tab", { name: "Related" }).click();
      await still(page);
    },
  ],
  board: ["/deals?layout=board"],
  "my-day": ["/my-day"],
  "my-day-add": [
    "/my-day",
    async (page) => {
      await page.getByLabel("Add a task").fill("call Ada tomorrow 9:00 !high");
      await still(page);
    },
  ],
  leads: ["/leads"],
  "leads-board": ["/leads?layout=board"],
  lead: ["/leads", openFirst],
  convert: [
    "/leads",
    async (page, phone) => {
      await openFirst(page, phone);
      await page.getByRole("button", { name: /^Convert/ }).click();
      await still(page);
    },
  ],
  converted: [
    "/leads",
    async (page, phone) => {
      await openFirst(page, phone);
      await page.getByRole("button", { name: /^Convert/ }).click();
      await page.getByRole("dialog").getByText("suggested").first().waitFor();
      await page
        .getByRole("dialog")
        .getByRole("button", { name: /^Convert/ })
        .click();
      await still(page);
    },
  ],
  timeline: ["/companies", openFirst],
  log: [
    "/companies",
    async (page, phone) => {
      await openFirst(page, phone);
      await page.getByRole("tab", { name: "Interaction" }).click();
      await still(page);
    },
  ],
  plan: [
    "/companies",
    async (page, phone) => {
      await openFirst(page, phone);
      await page.getByRole("tab", { name: "Task", exact: true }).click();
      await page.getByRole("textbox", { name: "Task" }).fill("Send the offer friday 10:00");
      await still(page);
    },
  ],
  tasks: ["/tasks"],
  "tasks-list": ["/tasks?layout=list"],
  groups: [
    `/companies?f=${encodeURIComponent(
      JSON.stringify([
        { field: "owner_id", op: "in", value: ["me"] },
        {
          or: [
            { field: "annual_revenue", op: "gt", value: "10000000" },
            { field: "tags", op: "has", value: ["VIP"] },
          ],
        },
      ]),
    )}`,
  ],
  contacts: ["/contacts"],
  "audit-log": ["/audit-log"],
  stages: ["/stages"],
  empty: ["/deals?q=zzzz"],
  palette: [
    "/companies",
    async (page, phone) => {
      await still(page);
      if (phone) await page.getByRole("button", { name: "Search", exact: true }).click();
      else await page.keyboard.press("Control+k");
      await page.keyboard.type("nor");
      await still(page);
    },
  ],
  shortcuts: [
    "/companies",
    async (page) => {
      await still(page);
      await page.keyboard.press("?");
      await still(page);
    },
  ],
  drawer: [
    "/companies",
    async (page, phone) => {
      if (!phone) return;
      await page.getByRole("button", { name: "Open menu" }).click();
      await still(page);
    },
  ],
  "import-file": ["/companies/import"],
  "import-columns": [
    "/companies/import",
    async (page) => {
      await page.locator("input[type=file]").setInputFiles(file);
      await still(page);
    },
  ],
  "import-check": [
    "/companies/import",
    async (page) => {
      await page.locator("input[type=file]").setInputFiles(file);
      await page.getByRole("button", { name: "Check the file" }).click();
      await still(page);
    },
  ],
  imports: ["/imports"],
};

for (const phone of [false, true])
  for (const theme of ["light", "dark"]) {
    const context = await browser.newContext({
      baseURL: MOCK_URL,
      viewport: phone ? { width: 390, height: 844 } : { width: 1440, height: 900 },
      colorScheme: theme,
      locale: "en-US",
      hasTouch: phone,
      isMobile: phone,
    });
    for (const [name, [address, prepare]] of Object.entries(PAGES)) {
      if (only && !name.match(only)) continue;
      // Each picture finds the same world, whatever was done for the one before.
      await fetch(`${MOCK_URL}/api/v1/test/reset`, { method: "POST", headers: { "X-Kith-Client": "web" } });
      const page = await context.newPage();
      page.on("pageerror", (error) => console.log(`${name}: ${error.message}`));
      page.on("console", (message) => message.type() === "error" && console.log(`${name}: ${message.text().slice(0, 300)}`));
      try {
        // Every picture begins in the same world.
        await fetch(`${MOCK_URL}/api/v1/test/reset`, { method: "POST", headers: { "X-Kith-Client": "web" } });
        await page.goto(address, { waitUntil: "networkidle" });
        await prepare?.(page, phone);
        await still(page);
      } catch (error) {
        console.log(`${name} (${theme}${phone ? ", phone" : ""}): ${error.message.split("\n")[0]}`);
      }
      await page.screenshot({ path: `${folder}/${name}-${phone ? "390" : "1440"}-${theme}.png` });
      await page.close();
    }
    await context.close();
  }
await browser.close();
stop();
