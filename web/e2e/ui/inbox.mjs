// The inbox, and what one is told.
import assert from "node:assert/strict";
import { accessible, openList, PHONE, requestsOf } from "./world.mjs";

const rows = (page) => page.locator("[data-conversation]");
const opened = async (page) => {
  await page.goto("/inbox");
  await rows(page).first().waitFor();
};

export default async function flows(check) {
  await check(
    "inbox: what is new stands out, is read by being opened, answered by Ctrl+Enter, closed and opened again",
    async (page) => {
      await opened(page);
      await accessible(page);
      const posts = requestsOf(page, "POST");
      assert.equal(await rows(page).count(), 3);
      await rows(page).first().getByText("unread").waitFor({ state: "attached" });
      await page.keyboard.press("j");
      await page.getByText("can liability be capped?").waitFor();
      await page.getByText("Ask Ben for the discount first.").waitFor();
      await rows(page).first().getByText("unread").waitFor({ state: "detached" });
      assert.ok(posts.some((post) => post.url.endsWith("/read")));
      await accessible(page);
      await page.keyboard.press("r");
      await page.keyboard.type("Yes, at *twelve months* of fees.");
      await page.keyboard.press("Control+Enter");
      await page.getByRole("article").filter({ hasText: "twelve months" }).waitFor();
      assert.equal(posts.findLast((post) => post.url.endsWith("/messages")).body.content, "Yes, at *twelve months* of fees.");
      await page.getByRole("button", { name: "Internal" }).click();
      await page.getByRole("textbox", { name: "Internal note" }).fill("Legal agrees.");
      await accessible(page);
      await page.getByRole("button", { name: /^Add note/ }).click();
      await page.getByRole("article").filter({ hasText: "Legal agrees." }).waitFor();
      assert.equal(posts.findLast((post) => post.url.endsWith("/messages")).body.message_type, "internal");
      await page.getByRole("combobox", { name: "Templates" }).first().click();
      await page.getByRole("option", { name: "Offer" }).click();
      await page.waitForFunction(() =>
        [...document.querySelectorAll("textarea")].some((box) => box.value.includes("here is your offer")),
      );
      await page.getByRole("combobox", { name: "Templates" }).first().click();
      await page.getByRole("option", { name: "Reminder" }).click();
      await page.getByText("Still to be filled in: offer.number.").first().waitFor();
      await page.getByRole("combobox", { name: "Assigned to: Nobody" }).click();
      await page.getByRole("option", { name: "Ana Whitfield" }).click();
      await page.getByRole("combobox", { name: "Assigned to: Ana Whitfield" }).waitFor();
      await page.getByRole("button", { name: "Close", exact: true }).click();
      await page.getByRole("button", { name: "Reopen" }).waitFor();
      await page.getByRole("group", { name: "Which conversations" }).getByRole("button", { name: "Closed" }).click();
      await page.waitForURL(/box=closed/);
      await page.waitForFunction(() => document.querySelectorAll("[data-conversation]").length === 2);
    },
  );
  await check("inbox: what could not be delivered says why; nothing waits where nothing is mine", async (page) => {
    await opened(page);
    await rows(page).nth(1).click();
    await page.getByText("The number is not on WhatsApp.").waitFor();
    await page.getByText("not delivered").waitFor();
    await accessible(page);
    await page.getByRole("searchbox").fill("zzzz");
    await page.getByText("No conversation matches").waitFor();
  });
  await check(
    "inbox: on a phone the list and the conversation are two pages",
    async (page) => {
      await opened(page);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      await accessible(page);
      await rows(page).first().tap();
      await page.getByText("can liability be capped?").waitFor();
      assert.equal(await rows(page).count(), 0);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      await accessible(page);
      await page.getByRole("button", { name: "Back to the list" }).tap();
      await rows(page).first().waitFor();
    },
    PHONE,
  );
  await check("inbox: from a person's page to the conversation with them, a new one where there is none", async (page) => {
    const posts = requestsOf(page, "POST");
    await openList(page, "/contacts");
    await page.locator("[data-cell='0:0'] a").click();
    await page.getByRole("button", { name: "Write" }).click();
    await page.waitForURL(/inbox\?c=/);
    await page.getByText("can liability be capped?").waitFor();
    await openList(page, "/contacts");
    await page.locator("[data-cell='2:0'] a").click();
    await page.getByRole("button", { name: "Write" }).click();
    await page.waitForURL(/inbox\?c=/);
    await page.getByText("Nothing has been said yet.").waitFor();
    assert.deepEqual(posts.find((post) => post.url.endsWith("/conversations")).body.subject_type, "contact");
    await accessible(page);
  });
  await check("notifications: the bell counts what is new; each leads to its record and is read by that", async (page) => {
    await openList(page, "/companies");
    const bell = page.getByRole("button", { name: "Notifications: 3 unread" });
    await bell.click();
    const list = page.getByRole("dialog", { name: "Notifications" });
    await list.locator("[data-notification]").first().waitFor();
    assert.equal(await list.locator("[data-notification]").count(), 4);
    await accessible(page);
    await page.keyboard.press("Control+Shift+l");
    await accessible(page);
    await list.getByRole("link", { name: /A deadline is near/ }).click();
    await page.waitForURL(/tickets\//);
    await page.getByRole("button", { name: "Notifications: 2 unread" }).click();
    await list.getByRole("button", { name: /^Mark as unread: A deadline/ }).click();
    await page.getByRole("button", { name: "Notifications: 3 unread" }).waitFor();
    await list.getByRole("button", { name: "Mark all as read" }).click();
    await list.getByRole("button", { name: "Unread", exact: true }).click();
    await list.getByText("Everything is read").waitFor();
    await list.getByRole("link", { name: "What you are told" }).click();
    await page.waitForURL(/settings\/notifications/);
    const puts = requestsOf(page, "PUT");
    await page.getByRole("checkbox", { name: "Mentions: By mail" }).click();
    await page.getByRole("combobox", { name: "Assignments: Digest" }).selectOption("daily");
    await page.waitForFunction(() => document.querySelector("[data-kind=assignment] select")?.value === "daily");
    await page.reload();
    await page.getByRole("checkbox", { name: "Mentions: By mail", checked: true }).waitFor();
    assert.deepEqual(puts[0].body, { data: [{ kind: "mention", email: true }] });
    await accessible(page);
  });
}
