// Signing in and out, registration, the end of a session.
import assert from "node:assert/strict";
import { signIn } from "../lib.mjs";
import { accessible, EMAIL, hook, openList, PASSWORD, ready, requestsOf } from "./world.mjs";

export default async function flows(check) {
  await check("sign-in: a deep link comes back after signing in; a wrong password says so", async (page) => {
    await hook("reset", { signed_in: false });
    await page.goto("/deals?sort=-amount");
    await page.waitForURL(/sign-in\?return=/);
    await accessible(page);
    await page.getByLabel("Email").fill(EMAIL);
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").getByText("not right").waitFor();
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL(/\/deals\?sort=-amount/);
    await ready(page);
  });
  await check("session: an expired token is renewed once, unseen; every request carries the client header", async (page) => {
    const posts = requestsOf(page, "POST");
    const gets = requestsOf(page, "GET");
    await openList(page, "/companies");
    await hook("expire");
    await page.getByRole("link", { name: "Contacts" }).click();
    await page.waitForURL(/contacts/);
    await ready(page);
    assert.equal(posts.filter((post) => post.url.endsWith("/auth/refresh")).length, 1);
    const bare = gets.filter((get) => get.url.startsWith("/api/") && get.headers["x-kith-client"] !== "web");
    assert.deepEqual(bare, []);
  });
  await check("session: when it ends the sign-in keeps the place; sign out leaves", async (page) => {
    await openList(page, "/companies?q=acme");
    await hook("end");
    await page.getByRole("link", { name: "Products" }).click();
    await page.waitForURL(/sign-in\?return=%2Fproducts|sign-in\?return=%2Fcompanies/);
    await signIn(page, EMAIL, PASSWORD);
    await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
    await page.getByRole("button", { name: /^Account/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.waitForURL(/sign-in/);
  });
  await check("registration: errors of the server land on their fields, then the shell opens", async (page) => {
    await hook("reset", { signed_in: false });
    await page.goto("/register");
    await page.getByLabel("Full name").fill("Ana Whitfield");
    await page.getByLabel("Email").fill("new@kith.test");
    await page.getByLabel("Password").fill("long enough");
    await page.getByLabel("Organization").fill("Northwind Ltd");
    await accessible(page);
    await page.getByRole("button", { name: "Create organization" }).click();
    await page.waitForURL(/my-day/);
    await page.getByRole("heading", { name: "My day" }).waitFor();
  });
  await check("second factor: the code goes off by itself, a wrong one says so, a recovery code does too", async (page) => {
    await hook("reset", { signed_in: false });
    const posts = requestsOf(page, "POST");
    await signIn(page, "elif.kaya@kith.test", PASSWORD);
    const first = page.getByRole("textbox", { name: "Code from your authenticator app" });
    await first.waitFor();
    await accessible(page);
    await page.keyboard.type("000000");
    await page.getByRole("alert").getByText("not right").waitFor();
    // The places are empty again, and the first has the focus.
    await page.waitForFunction(() => document.activeElement?.matches("input") && document.activeElement.value === "");
    assert.equal(await first.inputValue(), "");
    await page.getByRole("button", { name: "Use a recovery code instead" }).click();
    await page.getByLabel("Recovery code").fill("k4t7-9wq2");
    await accessible(page);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL((url) => !/sign-in|password/.test(url.pathname));
    assert.deepEqual(
      posts.filter((post) => post.url.endsWith("/login")).map((post) => post.body.totp),
      [undefined, "000000", "k4t7-9wq2"],
    );
  });
  await check("second factor: six digits are enough, without a press of a button; Back begins anew", async (page) => {
    await hook("reset", { signed_in: false });
    await signIn(page, "elif.kaya@kith.test", PASSWORD);
    await page.getByRole("textbox", { name: "Code from your authenticator app" }).waitFor();
    await page.getByRole("button", { name: "Back" }).click();
    await signIn(page, "elif.kaya@kith.test", PASSWORD);
    await page.getByRole("textbox", { name: "Code from your authenticator app" }).waitFor();
    await page.keyboard.type("123456");
    await page.waitForURL((url) => !/sign-in|password/.test(url.pathname));
  });
  await check("password: asked for by mail, chosen by the link, once", async (page) => {
    await hook("reset", { signed_in: false });
    await page.goto("/sign-in");
    await page.getByRole("link", { name: "Forgot password?" }).click();
    await page.getByRole("heading", { name: "Forgot your password?" }).waitFor();
    await page.getByLabel("Email").fill("nobody@kith.test");
    await accessible(page);
    await page.getByRole("button", { name: "Send link" }).click();
    await page.getByRole("heading", { name: "Look into your mail" }).waitFor();
    await page.goto("/reset-password?token=used-already");
    await page.getByRole("textbox", { name: "New password" }).fill("quite another one");
    await page.getByRole("button", { name: "Set password" }).click();
    await page.getByRole("heading", { name: "This link holds no longer" }).waitFor();
    await accessible(page);
    await page.goto("/reset-password?token=reset-me");
    await page.getByRole("textbox", { name: "New password" }).fill("quite another one");
    await accessible(page);
    await page.getByRole("button", { name: "Set password" }).click();
    await page.getByRole("link", { name: "Sign in" }).click();
    await signIn(page, EMAIL, "quite another one");
    await page.waitForURL((url) => !/sign-in|password/.test(url.pathname));
  });
  await check("e-mail: a quiet banner until the address is confirmed, sent again, confirmed by the link", async (page) => {
    await hook("pretend", { is_verified: false });
    await openList(page, "/companies");
    const banner = page.getByRole("region", { name: "Confirm your e-mail address" });
    await banner.getByText(EMAIL).waitFor();
    await accessible(page);
    await banner.getByRole("button", { name: "Send again" }).click();
    await banner.getByText("is on its way").waitFor();
    await page.goto("/verify-email?token=verify-me");
    await page.getByRole("heading", { name: "Your address is confirmed" }).waitFor();
    await accessible(page);
    await page.getByRole("link", { name: "Continue" }).click();
    await page.waitForURL((url) => !url.pathname.includes("verify"));
    await banner.waitFor({ state: "detached" });
    await page.goto("/verify-email?token=wrong");
    await page.getByRole("heading", { name: "This link holds no longer" }).waitFor();
  });
  await check("invitation: a new person chooses a name and a password; errors land on their fields", async (page) => {
    await hook("reset", { signed_in: false });
    await page.goto("/accept-invitation?token=new-person");
    await page.getByRole("heading", { name: "Join Northwind Ltd" }).waitFor();
    await page.getByText("hana.sato@kith.test").waitFor();
    await accessible(page);
    await page.getByLabel("Full name").fill(" ");
    await page.getByLabel("Choose a password").fill("long enough");
    await page.getByRole("button", { name: "Accept invitation" }).click();
    await page.getByText("This is required.").waitFor();
    await page.getByLabel("Full name").fill("Hana Sato");
    await page.getByRole("button", { name: "Accept invitation" }).click();
    await page.waitForURL((url) => !url.pathname.includes("invitation"));
    await page.getByRole("button", { name: /Account.*Hana Sato/ }).waitFor();
  });
  await check("invitation: who has an account gives its password and second factor", async (page) => {
    await hook("reset", { signed_in: false });
    await page.goto("/accept-invitation?token=known-person");
    await page.getByText("You have an account already").waitFor();
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Accept invitation" }).click();
    await page.getByRole("alert").getByText("not right").waitFor();
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Accept invitation" }).click();
    await page.getByRole("textbox", { name: "Code from your authenticator app" }).waitFor();
    await page.keyboard.type("123456");
    await page.waitForURL((url) => !url.pathname.includes("invitation"));
    await page.goto("/accept-invitation?token=withdrawn");
    await page.getByRole("heading", { name: "This link holds no longer" }).waitFor();
  });
}
