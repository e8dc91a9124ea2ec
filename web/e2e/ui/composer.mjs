// What is written about a record: notes, interactions, tasks, and the timeline they stand in.
import assert from "node:assert/strict";
import { accessible, openList, PHONE, requestsOf } from "./world.mjs";

const opened = async (page) => {
  await openList(page, "/companies");
  await page.locator("[data-cell='0:0'] a").click();
  await page.getByRole("article").first().waitFor();
};
const note = (page) => page.getByRole("textbox", { name: "Note", exact: true });
const entry = (page, text) => page.getByRole("article").filter({ hasText: text });

export default async function flows(check) {
  await check("composer: a note with a colleague and Markdown, sent by Ctrl+Enter, shown at once, undone", async (page) => {
    await opened(page);
    const posts = requestsOf(page, "POST");
    await page.keyboard.press("n");
    await page.keyboard.type("Ask @gra");
    await page.getByRole("option", { name: "Grace Liu" }).waitFor();
    await accessible(page);
    await page.keyboard.press("Enter");
    await page.keyboard.type("about **price** and <img src=x onerror=alert(1)>");
    assert.equal(await note(page).inputValue(), "Ask @Grace Liu about **price** and <img src=x onerror=alert(1)>");
    await page.keyboard.press("Control+Enter");
    await page.getByText("Note saved").first().waitFor();
    const sent = posts.find((post) => post.url.endsWith("/notes")).body;
    assert.match(sent.content, /^Ask @\[Grace Liu\]\(user:[\w-]+\) about \*\*price\*\*/);
    assert.equal(sent.subject_type, "company");
    const written = entry(page, "Ask @Grace Liu");
    await written.locator("strong").getByText("price").waitFor();
    assert.equal(await written.locator("img").count(), 0);
    assert.equal(await note(page).inputValue(), "");
    await accessible(page);
    // Pinned, it stands first; edited, its names are still names.
    await written.hover();
    await written.getByRole("button", { name: "Pin note" }).click();
    await page.getByRole("list", { name: "Pinned notes" }).getByText("Ask").waitFor();
    await written.hover();
    await written.getByRole("button", { name: "Note: more" }).click();
    await page.getByRole("menuitem", { name: "Edit note" }).click();
    const box = page.getByRole("article").getByRole("textbox", { name: "Note" });
    await box.fill("Ask @Grace Liu tomorrow");
    await page.keyboard.press("Control+Enter");
    await entry(page, "tomorrow").locator("[data-mention]").getByText("@Grace Liu").waitFor();
    await entry(page, "tomorrow").hover();
    await entry(page, "tomorrow").getByRole("button", { name: "Note: more" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByText("Note deleted").first().waitFor();
    await entry(page, "tomorrow").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Undo" }).first().click();
    await entry(page, "tomorrow").waitFor();
  });
  await check("composer: a call with a follow-up makes a task; the refusal of the server gives the text back", async (page) => {
    await opened(page);
    const posts = requestsOf(page, "POST");
    await page.keyboard.press("i");
    await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "What it was");
    await page.getByRole("textbox", { name: "What was said" }).fill("They want three sites.");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("alert").getByText("Type is required").waitFor();
    assert.equal(await page.getByRole("textbox", { name: "What was said" }).inputValue(), "They want three sites.");
    await page.getByRole("combobox", { name: "What it was" }).fill("Initial call");
    await page.getByLabel("Outcome").fill("Sends the order form");
    await page.getByLabel("Follow-up", { exact: true }).fill("tomorrow 9:00");
    await accessible(page);
    await page.getByRole("button", { name: /^Log it/ }).click();
    await page.getByText("The follow-up is in your tasks.").first().waitFor();
    const { body } = posts.findLast((post) => post.url.endsWith("/interactions"));
    assert.deepEqual([body.channel, body.type, body.outcome], ["phone", "Initial call", "Sends the order form"]);
    assert.match(body.follow_up_at, /T09:00:00.000Z$/);
    await entry(page, "They want three sites.").getByText("Follow-up tomorrow 9:00 AM").waitFor();
    await page.locator("[data-related=tasks]").getByText("Follow up: Initial call").waitFor();
    await page.goto("/my-day");
    await page.locator("[data-bucket=tomorrow]").getByText("Follow up: Initial call").waitFor();
  });
  await check("composer: a task from a sentence; a draft outlives the page; tabs by keys", async (page) => {
    await opened(page);
    const posts = requestsOf(page, "POST");
    await page.keyboard.press("t");
    await page.keyboard.type("send the offer friday 10:00");
    await page
      .getByText(/10:00 AM/)
      .first()
      .waitFor();
    await accessible(page);
    await page.reload();
    const task = page.getByRole("textbox", { name: "Task" });
    await task.waitFor();
    assert.equal(await task.inputValue(), "send the offer friday 10:00");
    await task.click();
    await page.keyboard.press("Control+Enter");
    await page.getByText("Task added").first().waitFor();
    const { body } = posts.findLast((post) => post.url.endsWith("/tasks"));
    assert.equal(body.title, "Send the offer");
    assert.equal(body.type, "todo");
    await page.locator("[data-related=tasks]").getByRole("checkbox", { name: "Tick off Send the offer" }).click();
    await page.getByText("Task completed").first().waitFor();
    await page.reload();
    await note(page).waitFor();
    await page.keyboard.press("t");
    assert.equal(await task.inputValue(), "");
  });
  await check("timeline: by kind, by day, pinned first; changes with old and new", async (page) => {
    await opened(page);
    await page.getByRole("list", { name: "Pinned notes" }).getByText("Key facts").waitFor();
    await page.getByRole("heading", { name: "Yesterday" }).waitFor();
    const kinds = page.getByRole("group", { name: "Show in the timeline" });
    await kinds.getByRole("button", { name: "Interactions" }).click();
    await entry(page, "Walked through pricing").waitFor();
    assert.equal(await page.getByRole("list", { name: "Pinned notes" }).count(), 0);
    assert.equal(await page.getByText("technical part").count(), 0);
    await kinds.getByRole("button", { name: "Changes" }).click();
    await page.getByText("Nothing of this kind yet").waitFor();
    await page.getByRole("button", { name: /^Employees/ }).click();
    await page.getByRole("textbox", { name: "Employees" }).fill("12");
    await page.keyboard.press("Enter");
    await page.getByText("changed Employees").first().waitFor();
    await accessible(page);
  });
  await check(
    "composer: on a phone the parts of a record are tabs, and writing is the first of them",
    async (page) => {
      await page.goto("/companies");
      await page.locator("main li a").first().click();
      await page.getByRole("textbox", { name: "Note", exact: true }).fill("From the train");
      await page.getByRole("button", { name: /^Save note/ }).tap();
      await entry(page, "From the train").waitFor();
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      await accessible(page);
      await page.getByRole("tab", { name: "Details" }).tap();
      await page.getByRole("button", { name: /^Employees/ }).waitFor();
      await accessible(page);
      await page.getByRole("tab", { name: "Related" }).tap();
      await page.locator("[data-related=contacts]").waitFor();
      await accessible(page);
    },
    PHONE,
  );
}
