// My day and tasks: what is due, ticking off, putting off, jotting down.
import assert from "node:assert/strict";
import { accessible, openList, PHONE, requestsOf } from "./world.mjs";

const group = (page, bucket) => page.locator(`[data-bucket=${bucket}]`);
const row = (page, title) => page.locator("[data-task]").filter({ hasText: title });
const opened = async (page) => {
  await page.goto("/my-day");
  await row(page, "Send the revised offer").waitFor();
};

export default async function flows(check) {
  await check("day: it is where one begins; groups by day, what needs attention, what others did", async (page) => {
    await page.goto("/");
    await page.waitForURL(/my-day/);
    await group(page, "overdue").getByText("Call back about the invoice").waitFor();
    await group(page, "today").getByText("Call Mara about the pilot").waitFor();
    assert.equal(await group(page, "overdue").locator("[data-task]").count(), 2);
    await page.getByRole("region", { name: "My day" }).getByText("No next step").first().waitFor();
    await page.getByText("logged a call: Price question").waitFor();
    await accessible(page);
    await page.keyboard.press("Control+Shift+l");
    await accessible(page);
    await row(page, "Call Mara").getByRole("link", { name: "Mara Lindqvist" }).click();
    await page.waitForURL(/leads\//);
  });
  await check("day: worked by keys: j, x, s, c, Enter; undone from the message", async (page) => {
    await opened(page);
    const puts = requestsOf(page, "PUT");
    const patches = requestsOf(page, "PATCH");
    const posts = requestsOf(page, "POST");
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.waitForFunction(() => document.activeElement?.textContent === "Call back about the invoice");
    await page.keyboard.press("x");
    await group(page, "done").getByText("Call back about the invoice").waitFor();
    assert.match(puts[0].url, /\/complete$/);
    // The keyboard goes on with the next one.
    await page.waitForFunction(() => document.activeElement?.textContent === "Call Mara about the pilot");
    await page.getByRole("button", { name: "Undo" }).first().click();
    await group(page, "overdue").getByText("Call back about the invoice").waitFor();
    assert.match(puts[1].url, /\/reopen$/);
    // The first press finds the list again, where it was left.
    for (let times = 0; times < 3; times++) await page.keyboard.press("k");
    await page.waitForFunction(() => document.activeElement?.textContent === "Send the revised offer");
    await page.keyboard.press("s");
    await page.getByRole("button", { name: /^Tomorrow/ }).waitFor();
    await accessible(page);
    await page.getByRole("button", { name: /^Tomorrow/ }).click();
    await group(page, "tomorrow").getByText("Send the revised offer").waitFor();
    // Its hour stays what it was.
    assert.match(patches[0].body.due_at, /T15:00:00.000Z$/);
    await page.keyboard.press("c");
    await page.keyboard.type("call Ada tomorrow 9:00 !high");
    await page.getByText("tomorrow 9:00 AM").first().waitFor();
    await accessible(page);
    await page.keyboard.press("Enter");
    await group(page, "tomorrow").getByText("Call Ada", { exact: true }).waitFor();
    const { body } = posts.findLast((post) => post.url.endsWith("/tasks"));
    assert.deepEqual([body.title, body.type, body.priority], ["Call Ada", "call", "high"]);
    assert.match(body.due_at, /T09:00:00.000Z$/);
    await page.keyboard.press("Escape");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(/peek=/);
    await page.getByRole("complementary").getByRole("button", { name: "Complete" }).waitFor();
    await accessible(page);
    await page.keyboard.press("Escape");
    await page.waitForURL((url) => !url.search.includes("peek"));
  });
  await check("day: when everything is done it says what to do next", async (page) => {
    await opened(page);
    for (;;) {
      const box = page.getByRole("checkbox", { name: /^Tick off/ }).first();
      if ((await box.count()) === 0) break;
      const name = await box.getAttribute("aria-label");
      await box.click();
      await page.getByRole("checkbox", { name, exact: true }).waitFor({ state: "detached" });
    }
    await page.getByRole("heading", { name: "Nothing is due" }).waitFor();
    await accessible(page);
    await page.getByRole("button", { name: "Add a task" }).click();
    await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Add a task");
  });
  await check(
    "tasks: a table, and a list by day with everybody's; what one is about is chosen among several kinds",
    async (page) => {
      await openList(page, "/tasks?sort=title");
      await page.getByRole("button", { name: "List", exact: true }).click();
      await page.waitForURL(/layout=list/);
      await group(page, "overdue").waitFor();
      await accessible(page);
      await page.getByRole("button", { name: /New task/ }).click();
      const dialog = page.getByRole("dialog", { name: "New task" });
      await dialog.getByLabel("Title").fill("Ask about the gate");
      await dialog.getByRole("combobox", { name: "About" }).click();
      await page.getByRole("combobox", { name: "About" }).nth(1).fill("Mara Lind");
      await page.getByRole("option", { name: /Mara Lindqvist.*Lead/ }).click();
      await dialog.getByRole("textbox", { name: "Due" }).fill("tomorrow 14:00");
      const [request] = await Promise.all([
        page.waitForRequest((sent) => sent.method() === "POST" && sent.url().endsWith("/tasks")),
        dialog.getByRole("button", { name: /Create task/ }).click(),
      ]);
      const body = request.postDataJSON();
      assert.equal(body.subject_type, "lead");
      assert.ok(body.subject_id);
      assert.match(body.due_at, /T14:00:00.000Z$/);
      await row(page, "Ask about the gate").getByRole("link", { name: "Mara Lindqvist" }).waitFor();
      await page.getByRole("checkbox", { name: "Tick off Ask about the gate" }).click();
      await page.getByText("Task completed").first().waitFor();
    },
  );
  await check(
    "day: on a phone everything is in reach of a thumb",
    async (page) => {
      await opened(page);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      await accessible(page);
      const box = await row(page, "Send the revised offer").locator("label").first().boundingBox();
      assert.ok(box.width >= 40 && box.height >= 40, JSON.stringify(box));
      await row(page, "Send the revised offer").getByRole("checkbox").tap();
      await page.getByText("Task completed").first().waitFor();
    },
    PHONE,
  );
}
