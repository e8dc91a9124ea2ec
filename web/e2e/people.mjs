// People on the program itself: an address is confirmed, a colleague is invited and signs in with a second factor, forgets
// her password, gets another role, leaves and hands over. One check after the other on one data folder. `node e2e/people.mjs`.
//   KITH_BIN  the program; the default is ../target/debug/kith
import assert from "node:assert/strict";
import { createSuite, launch, signIn, violations } from "./lib.mjs";
import { codeOf, mailbox } from "./mailbox.mjs";
import { startProgram } from "./program.mjs";

const ANA = { name: "Ana Whitfield", email: "ana@kith.test", password: "correct horse battery" };
const BEA = { name: "Bea Okafor", email: "bea@kith.test", password: "quite a long sentence", secret: "", codes: [] };
const ORGANIZATION = "Northwind Ltd";

const program = await startProgram();
const mail = mailbox(program.data);
const browser = await launch();
const { check, result } = createSuite(browser, { base: program.base });
/** The cookies of who has signed in, for the checks after it. */
const cookies = {};
const as = (who) => ({ storageState: cookies[who] });
const accessible = async (page) => assert.deepEqual(await violations(page), [], `on ${page.url()}`);
const settled = (page) => page.waitForURL((url) => !/sign-in|register|invitation|password/.test(url.pathname));
const menuOf = async (page, name) => {
  await page.getByRole("button", { name: `More actions for ${name}` }).click();
  return page.getByRole("menu", { name: `More actions for ${name}` });
};

await check("an owner registers, is asked to confirm the address, and does so by the mail", async (page, context) => {
  await page.goto("/register");
  await page.getByLabel("Full name").fill(ANA.name);
  await page.getByLabel("Email").fill(ANA.email);
  await page.getByLabel("Password").fill(ANA.password);
  await page.getByLabel("Organization").fill(ORGANIZATION);
  await page.getByRole("button", { name: "Create organization" }).click();
  await settled(page);
  const banner = page.getByRole("region", { name: "Confirm your e-mail address" });
  await banner.getByText(ANA.email).waitFor();
  await accessible(page);
  await page.goto(await mail.link(ANA.email, "verify-email"));
  await page.getByRole("heading", { name: "Your address is confirmed" }).waitFor();
  await page.getByRole("link", { name: "Continue" }).click();
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  await banner.waitFor({ state: "detached" });
  cookies.ana = await context.storageState();
});
await check(
  "the profile is saved, and a number that is none lands on its field",
  async (page) => {
    await page.goto("/settings/account");
    const profile = page.getByRole("region", { name: "Profile" });
    await profile.getByLabel("Phone").fill("call me");
    await profile.getByRole("button", { name: "Save" }).click();
    await profile.getByRole("alert").waitFor();
    await profile.getByLabel("Phone").fill("+49 30 5550101");
    await profile.getByRole("combobox", { name: "Time zone" }).click();
    await page.getByPlaceholder("Time zone").fill("Berlin");
    await page.getByRole("option", { name: "Europe/Berlin" }).click();
    await profile.getByRole("button", { name: "Save" }).click();
    await page.getByText("Profile saved").first().waitFor();
    await page.reload();
    await profile.getByText("Europe/Berlin").waitFor();
    await accessible(page);
  },
  as("ana"),
);
await check(
  "a colleague is invited with a role and a team; an address that is here already says so",
  async (page) => {
    await page.goto("/settings/people?tab=teams");
    await page.getByRole("button", { name: "New team" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("Field sales");
    await page.getByRole("dialog").getByRole("button", { name: "Create team" }).click();
    await page.getByRole("region", { name: "Field sales" }).waitFor();
    await page.getByRole("link", { name: "People", exact: true }).first().click();
    await page.getByRole("button", { name: "Invite people" }).click();
    const dialog = page.getByRole("dialog", { name: "Invite people" });
    await dialog.getByLabel("E-mail addresses").fill(`${BEA.email}, ${ANA.email}`);
    await dialog.getByRole("combobox", { name: "Role" }).click();
    await page.getByRole("option", { name: /^Sales/ }).click();
    await dialog.getByRole("combobox", { name: "Team" }).click();
    await page.getByRole("option", { name: "Field sales" }).click();
    await dialog.getByRole("button", { name: "Send 2 invitations" }).click();
    await dialog.getByText(`${ANA.email}:`).waitFor();
    await accessible(page);
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: /^Invited/ }).click();
    await page.getByText(BEA.email).first().waitFor();
    await accessible(page);
  },
  as("ana"),
);
await check("she accepts, chooses a name and a password, and sets her second factor up", async (page) => {
  await page.goto(await mail.link(BEA.email, "accept-invitation"));
  await page.getByRole("heading", { name: `Join ${ORGANIZATION}` }).waitFor();
  await page.getByText("Role: Sales").waitFor();
  await accessible(page);
  await page.getByLabel("Full name").fill(BEA.name);
  await page.getByLabel("Choose a password").fill("short");
  await page.getByLabel("Choose a password").fill(BEA.password);
  await page.getByRole("button", { name: "Accept invitation" }).click();
  await settled(page);
  await page.goto("/settings/account");
  await page.getByRole("button", { name: "Set up" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Password").fill("not hers");
  await dialog.getByRole("button", { name: "Continue" }).click();
  await dialog.getByRole("alert").waitFor();
  await dialog.getByLabel("Password").fill(BEA.password);
  await dialog.getByRole("button", { name: "Continue" }).click();
  await dialog.getByRole("img").waitFor();
  BEA.secret = (await dialog.locator("code").innerText()).replaceAll(" ", "");
  await dialog.getByRole("textbox", { name: "Code from the app" }).focus();
  await page.keyboard.type(codeOf(BEA.secret));
  await dialog.getByRole("list", { name: "Recovery codes" }).waitFor();
  BEA.codes = await dialog.getByRole("list", { name: "Recovery codes" }).getByRole("listitem").allInnerTexts();
  assert.equal(BEA.codes.length, 10);
  await accessible(page);
  await dialog.getByRole("button", { name: "I have kept them" }).click();
  await page.getByText("10 recovery codes left").waitFor();
});
await check("she signs in with the code, and by a recovery code, which is good once", async (page, context) => {
  await signIn(page, BEA.email, BEA.password);
  await page.getByRole("button", { name: "Use a recovery code instead" }).waitFor();
  await page.keyboard.type("000000");
  await page.getByRole("alert").getByText("not right").waitFor();
  // The code of the set-up is spent: the next one is good.
  await page.keyboard.type(codeOf(BEA.secret, 1));
  await settled(page);
  await context.clearCookies();
  for (const good of [true, false]) {
    await signIn(page, BEA.email, BEA.password);
    await page.getByRole("button", { name: "Use a recovery code instead" }).click();
    await page.getByLabel("Recovery code").fill(BEA.codes[0]);
    await page.getByRole("button", { name: "Sign in" }).click();
    if (good) await settled(page);
    else await page.getByRole("alert").getByText("not right").waitFor();
    await context.clearCookies();
  }
});
await check("she forgets her password and chooses another by the mail, which is good once", async (page, context) => {
  await page.goto("/forgot-password");
  await page.getByLabel("Email").fill(BEA.email);
  await page.getByRole("button", { name: "Send link" }).click();
  await page.getByRole("heading", { name: "Look into your mail" }).waitFor();
  const link = await mail.link(BEA.email, "reset-password");
  BEA.password = "another long sentence";
  for (const good of [true, false]) {
    await page.goto(link);
    await page.getByRole("textbox", { name: "New password" }).fill(BEA.password);
    await page.getByRole("button", { name: "Set password" }).click();
    await page.getByRole("heading", { name: good ? "Your password is changed" : "This link holds no longer" }).waitFor();
  }
  await signIn(page, BEA.email, BEA.password);
  await page.getByRole("button", { name: "Use a recovery code instead" }).click();
  await page.getByLabel("Recovery code").fill(BEA.codes[1]);
  await page.getByRole("button", { name: "Sign in" }).click();
  await settled(page);
  cookies.bea = await context.storageState();
});
await check(
  "she sees where she is signed in; a key works within its scopes until it is revoked",
  async (page) => {
    await page.goto("/settings/account");
    const sessions = page.getByRole("region", { name: "Sessions" });
    await sessions.getByText("This device").waitFor();
    await accessible(page);
    const section = page.getByRole("region", { name: "API keys" });
    await section.getByRole("button", { name: "New API key" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("Report");
    await dialog.getByRole("button", { name: "Create key" }).click();
    const secret = await dialog.locator("[data-secret]").innerText();
    await dialog.getByRole("button", { name: "I have copied it" }).click();
    const ask = (method, body) =>
      fetch(`${program.base}/api/v1/companies`, {
        method,
        headers: { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
    assert.equal((await ask("GET")).status, 200);
    assert.equal((await ask("POST", { name: "By a key" })).status, 403);
    await page.reload();
    await section.getByText("Only read").waitFor();
    await section.getByRole("button", { name: "Revoke Report" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await section.getByText("No API keys").waitFor();
    assert.equal((await ask("GET")).status, 401);
    const made = await page.evaluate(async () => {
      const answer = await fetch("/api/v1/companies", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Kith-Client": "web" },
        body: JSON.stringify({ name: "Harbor Group" }),
      });
      return answer.status;
    });
    assert.equal(made, 201);
  },
  as("bea"),
);
await check(
  "the owner changes what the role may do, sees what differs from the shipped one, and takes it back",
  async (page) => {
    await page.goto("/settings/roles");
    await page.getByRole("link", { name: "Owner", exact: true }).click();
    await page.getByText("Owners may do everything, always.").waitFor();
    await accessible(page);
    await page.goto("/settings/roles");
    await page.getByRole("link", { name: "Sales", exact: true }).click();
    await page.getByRole("grid").waitFor();
    await accessible(page);
    const cell = page.getByRole("button", { name: /^Deals, Delete:/ });
    const before = await cell.getAttribute("data-scope");
    await cell.click();
    await page.getByRole("menuitem", { name: before === "team" ? /^All/ : /^Team/ }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Permissions of Sales saved").first().waitFor();
    await page.reload();
    await page.getByText(/from the shipped role/).waitFor();
    assert.notEqual(await cell.getAttribute("data-scope"), before);
    await page.getByRole("button", { name: "Back to the shipped role" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText(/from the shipped role/).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Copy role" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("Junior sales");
    await page.getByRole("dialog").getByRole("button", { name: "Create role" }).click();
    await page.getByRole("heading", { level: 1, name: "Junior sales" }).waitFor();
    assert.equal(await cell.getAttribute("data-scope"), before);
  },
  as("ana"),
);
await check(
  "pipelines, custom fields, tags and industries are set up on the program",
  async (page) => {
    await page.goto("/settings/pipelines");
    const names = page.locator("main li input[aria-label^='Name of']");
    await names.first().waitFor();
    await accessible(page);
    const first = await names.nth(0).inputValue();
    await page.getByRole("button", { name: `Move ${first}`, exact: true }).focus();
    await page.keyboard.press("Space");
    await page
      .getByText(new RegExp(`${first} (picked up|is at place 1)`))
      .first()
      .waitFor({ state: "attached" });
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Space");
    await page.waitForFunction(
      (name) => document.querySelectorAll("main li input[aria-label^='Name of']")[1]?.value === name,
      first,
    );
    await page.getByText("Order changed").first().waitFor();
    await page.reload();
    await names.first().waitFor();
    assert.equal(await names.nth(1).inputValue(), first);
    await page.getByRole("button", { name: "New stage" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("Second look");
    await page.getByRole("dialog").getByRole("button", { name: "Create stage" }).click();
    await page.getByLabel("Name of Second look").waitFor();
    await (await menuOf(page, "Second look")).getByRole("menuitem", { name: /^Merge/ }).click();
    await page.getByRole("dialog").getByRole("combobox", { name: "Into" }).click();
    await page.getByRole("option", { name: first, exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Merge" }).click();
    await page.getByLabel("Name of Second look").waitFor({ state: "detached" });
    await page
      .getByRole("navigation", { name: "Pipelines" })
      .getByRole("link", { name: /^Leads/ })
      .click();
    await page.getByRole("button", { name: "New stage" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("On hold");
    await page.getByRole("dialog").getByRole("combobox", { name: "Lead status" }).click();
    await page.getByRole("option", { name: "Contacted" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Create stage" }).click();
    await page.getByLabel("Name of On hold").waitFor();
    await page.goto("/settings/fields");
    await page.getByRole("button", { name: "New field" }).first().click();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /^Choice/ })
      .click();
    await page.getByRole("dialog").getByLabel("Label").fill("Segment");
    await page.getByRole("textbox", { name: "Choice 1" }).fill("Small");
    await page.keyboard.press("Enter");
    await page.keyboard.type("Large");
    await page.getByRole("dialog").getByRole("button", { name: "Create field" }).click();
    await page.getByText("Segment", { exact: true }).waitFor();
    await accessible(page);
    await (await menuOf(page, "Segment")).getByRole("menuitem", { name: "Edit" }).click();
    await page.getByRole("textbox", { name: "Choice 1" }).fill("Tiny");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByText("Tiny", { exact: true }).waitFor();
    await (await menuOf(page, "Segment")).getByRole("menuitem", { name: "Remove…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove field" }).click();
    await page.getByRole("button", { name: "More actions for Segment" }).waitFor({ state: "detached" });
    for (const [address, label] of [
      ["tags", "New tag"],
      ["industries", "New industry"],
    ]) {
      await page.goto(`/settings/${address}`);
      for (const taken of [false, true]) {
        await page.getByLabel(label).fill("Aerospace");
        await page.getByRole("button", { name: "Add" }).click();
        if (taken) await page.getByRole("alert").waitFor();
        else await page.getByLabel("Name of Aerospace").waitFor();
      }
      await accessible(page);
    }
  },
  as("ana"),
);
await check(
  "she leaves: what is hers is counted and handed over, her sessions end; the last owner has to stay",
  async (page) => {
    await page.goto("/settings/people");
    await page.getByText(BEA.email).waitFor();
    const own = await menuOf(page, ANA.name);
    assert.equal(await own.getByRole("menuitem", { name: /^Deactivate/ }).getAttribute("aria-disabled"), "true");
    await page.keyboard.press("Escape");
    await own.waitFor({ state: "detached" });
    await (await menuOf(page, BEA.name)).getByRole("menuitem", { name: /^Deactivate/ }).click();
    const dialog = page.getByRole("dialog", { name: `Deactivate ${BEA.name}?` });
    await dialog.locator("[data-owned=company]").waitFor();
    assert.equal(await dialog.locator("[data-owned=company]").innerText(), "1");
    await dialog.getByRole("combobox", { name: "Hand over to" }).click();
    await page.getByRole("option", { name: ANA.name }).click();
    await accessible(page);
    await dialog.getByRole("button", { name: "Deactivate" }).click();
    await page.getByText("Deactivated").last().waitFor();
    await page.goto("/companies");
    await page.getByText("Harbor Group").first().waitFor();
    await page.getByText(ANA.name).first().waitFor();
  },
  as("ana"),
);
await check(
  "her pages send her to the sign-in, which does not let her in",
  async (page) => {
    await page.goto("/companies");
    await page.waitForURL(/sign-in/);
    await signIn(page, BEA.email, BEA.password);
    await page.getByRole("button", { name: "Use a recovery code instead" }).click();
    await page.getByLabel("Recovery code").fill(BEA.codes[2]);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
  },
  as("bea"),
);

await browser.close();
await program.stop();
const { failed, passed } = result();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
