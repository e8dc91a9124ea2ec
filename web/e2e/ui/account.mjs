// One's own account: profile, password, second factor, sessions, keys.
import assert from "node:assert/strict";
import { accessible, PASSWORD, requestsOf } from "./world.mjs";

const openAccount = async (page) => {
  await page.goto("/settings/account");
  await page.getByRole("region", { name: "Profile" }).getByLabel("Full name").waitFor();
};

export default async function flows(check) {
  await check("account: only what changed is saved; leaving unsaved changes asks first", async (page) => {
    await openAccount(page);
    const patches = requestsOf(page, "PATCH");
    const profile = page.getByRole("region", { name: "Profile" });
    await accessible(page);
    assert.ok(await profile.getByRole("button", { name: "Save" }).isDisabled());
    await profile.getByLabel("Phone").fill("call me");
    await page.getByRole("link", { name: "Companies" }).click();
    const question = page.getByRole("dialog", { name: "Leave without saving?" });
    await question.waitFor();
    await accessible(page);
    await question.getByRole("button", { name: "Cancel" }).click();
    assert.match(page.url(), /settings\/account/);
    await profile.getByRole("button", { name: "Save" }).click();
    await profile.getByText("This is no phone number.").waitFor();
    await page.waitForFunction(() => document.activeElement?.getAttribute("type") === "tel");
    await profile.getByLabel("Phone").fill("+49 30 5550101");
    await profile.getByRole("combobox", { name: "Language and formats" }).click();
    await page.getByPlaceholder("Language and formats").fill("German");
    await page.getByRole("option", { name: /^German de$/ }).click();
    await profile.getByRole("button", { name: "Save" }).click();
    await page.getByText("Profile saved").first().waitFor();
    assert.deepEqual(patches.at(-1).body, { phone: "+49 30 5550101", locale: "de" });
    await page.getByRole("link", { name: "Companies" }).click();
    await page.waitForURL(/companies/);
  });
  await check("account: tasks have a calendar address, shown once, renewed after a question, ended", async (page) => {
    await openAccount(page);
    const section = page.getByRole("region", { name: "Calendar" });
    await section.getByRole("button", { name: "Make an address" }).click();
    await section
      .locator("[data-calendar]")
      .getByText(/\/calendar\/.+\.ics$/)
      .waitFor();
    await accessible(page);
    await section.getByRole("button", { name: "Make a new address" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Make a new address" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.reload();
    await section.getByText(/There is an address since/).waitFor();
    assert.equal(await section.locator("[data-calendar]").count(), 0);
    await section.getByRole("button", { name: "End it" }).click();
    await section.getByRole("button", { name: "Make an address" }).waitFor();
  });
  await check("account: a wrong password lands on its field, a right one changes and ends the other sessions", async (page) => {
    await openAccount(page);
    const section = page.getByRole("region", { name: "Password" });
    await section.getByLabel("Current password").fill("wrong");
    await section.getByLabel("New password").fill("quite another one");
    await section.getByRole("button", { name: "Change password" }).click();
    await section.getByText("This is not your password.").waitFor();
    await section.getByLabel("Current password").fill(PASSWORD);
    await section.getByRole("button", { name: "Change password" }).click();
    await page
      .getByText(/Password changed/)
      .first()
      .waitFor();
    await page.waitForFunction(() => document.querySelectorAll("[aria-label=Sessions] li").length === 1);
    assert.equal(await section.getByLabel("Current password").inputValue(), "");
  });
  await check(
    "account: the second factor is set up, shows its codes once, gets new ones and is turned off",
    async (page, context) => {
      await context.grantPermissions(["clipboard-read", "clipboard-write"]);
      await openAccount(page);
      const section = page.getByRole("region", { name: "Two-step sign-in" });
      await section.getByRole("button", { name: "Set up" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Password").fill("wrong");
      await dialog.getByRole("button", { name: "Continue" }).click();
      await dialog.getByText("This is not your password.").waitFor();
      await dialog.getByLabel("Password").fill(PASSWORD);
      await dialog.getByRole("button", { name: "Continue" }).click();
      await dialog.getByRole("img", { name: "QR code for the authenticator app" }).waitFor();
      await accessible(page);
      await dialog.getByRole("button", { name: "Copy" }).click();
      await dialog.getByText("Copied").waitFor();
      assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^[A-Z2-7]{32}$/);
      await dialog.getByRole("textbox", { name: "Code from the app" }).focus();
      await page.keyboard.type("999999");
      await dialog.getByRole("alert").getByText("not right").waitFor();
      await page.keyboard.type("123456");
      await dialog.getByRole("list", { name: "Recovery codes" }).waitFor();
      assert.equal(await dialog.getByRole("listitem").count(), 10);
      await accessible(page);
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        dialog.getByRole("button", { name: "Download" }).click(),
      ]);
      assert.equal(download.suggestedFilename(), "kith-recovery-codes.txt");
      await page.emulateMedia({ media: "print" });
      assert.equal(await page.evaluate(() => getComputedStyle(document.body).visibility), "hidden");
      assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector("[data-print]")).visibility), "visible");
      await page.emulateMedia({ media: "screen" });
      await dialog.getByRole("button", { name: "I have kept them" }).click();
      await section.getByText("10 recovery codes left").waitFor();
      await section.getByRole("button", { name: "New recovery codes" }).click();
      await dialog.getByRole("textbox", { name: "Code from your authenticator app" }).waitFor();
      await page.keyboard.type("123456");
      await dialog.getByRole("button", { name: "I have kept them" }).click();
      await section.getByRole("button", { name: "Turn off" }).click();
      await dialog.getByLabel("Password").fill(PASSWORD);
      await dialog.getByLabel(/Code from the app/).fill("123456");
      await accessible(page);
      await dialog.getByRole("button", { name: "Turn off" }).click();
      await section.getByRole("button", { name: "Set up" }).waitFor();
    },
  );
  await check("account: sessions have names in plain words; one is ended, then all others", async (page) => {
    await openAccount(page);
    const section = page.getByRole("region", { name: "Sessions" });
    await section.getByText("Chrome on Windows").waitFor();
    assert.match(await section.getByRole("listitem").first().innerText(), /This device/);
    await section.getByRole("button", { name: "End the session of Safari on iPhone" }).click();
    await section.getByText("Safari on iPhone").waitFor({ state: "detached" });
    await section.getByRole("button", { name: "End all others" }).click();
    const question = page.getByRole("dialog", { name: "End all other sessions?" });
    await question.getByText("1 other session ends").waitFor();
    await question.getByRole("button", { name: "End all others" }).click();
    await page.waitForFunction(() => document.querySelectorAll("[aria-label=Sessions] li").length === 1);
  });
  await check("account: a key is made with scopes and an end, shown once, and revoked", async (page) => {
    await openAccount(page);
    const posts = requestsOf(page, "POST");
    const section = page.getByRole("region", { name: "API keys" });
    await section.getByText("2 permissions").waitFor();
    await section.getByText("Expired", { exact: true }).waitFor();
    await section.getByRole("button", { name: "New API key" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("Website form");
    await dialog.getByRole("button", { name: "Create key" }).click();
    await dialog.getByText("This is the name of another key.").waitFor();
    await dialog.getByLabel("Name").fill("Nightly report");
    await dialog.getByText("Chosen permissions").click();
    assert.ok(await dialog.getByRole("button", { name: "Create key" }).isDisabled());
    await dialog.getByRole("group", { name: "Deals" }).getByRole("button", { name: "Read" }).click();
    await dialog.getByRole("group", { name: "Deals" }).getByRole("button", { name: "Export" }).click();
    await dialog.getByRole("combobox", { name: "Expires" }).click();
    await page.getByRole("option", { name: "After 30 days" }).click();
    await accessible(page);
    await dialog.getByRole("button", { name: "Create key" }).click();
    await dialog.getByText("It is not shown again.").waitFor();
    assert.match(await dialog.locator("[data-secret]").innerText(), /^kith_/);
    await accessible(page);
    await dialog.getByRole("button", { name: "I have copied it" }).click();
    const { scopes, expires_at } = posts.findLast((post) => post.url.endsWith("/api-keys")).body;
    assert.deepEqual(scopes, ["deals:export", "deals:read"]);
    assert.ok(Math.abs(Date.parse(expires_at) - Date.now() - 30 * 864e5) < 60_000);
    await section.getByText("Nightly report").waitFor();
    await section.getByRole("button", { name: "Revoke Nightly report" }).click();
    await page
      .getByRole("dialog", { name: /^Revoke/ })
      .getByRole("button", { name: "Revoke" })
      .click();
    await section.getByText("Nightly report").waitFor({ state: "detached" });
  });
}
