// The board: paging, dragging by mouse, keyboard and touch, the menu.
import assert from "node:assert/strict";
import { column, drawn, heard, stands } from "../lib.mjs";
import { accessible, boardReady, cardsOf, ready, requestsOf } from "./world.mjs";

const countOf = async (page, stage) => Number((await column(page, stage).locator("[data-count]").innerText()).replace(/\D/g, ""));

export default async function flows(check) {
  await check("board: counts and sums per currency, cards page by column", async (page) => {
    await page.goto("/deals/board");
    await page.waitForURL(/layout=board/);
    await boardReady(page);
    assert.ok((await countOf(page, "Lead")) > 60);
    assert.equal(await cardsOf(page, "Lead").count(), 50);
    assert.ok((await column(page, "Lead").locator("[data-currency]").count()) >= 2);
    await accessible(page);
    await column(page, "Lead").getByRole("button", { name: /^Load/ }).click();
    await page.waitForFunction(() => document.querySelectorAll("[aria-label=Lead] [data-card]").length > 60);
  });
  await check("board: drag by mouse, one request, counts follow, undo", async (page) => {
    await page.goto("/deals?layout=board");
    await boardReady(page);
    await cardsOf(page, "Qualified").first().waitFor();
    const puts = requestsOf(page, "PUT");
    const before = await countOf(page, "Qualified");
    const card = cardsOf(page, "Lead").nth(1);
    const id = await card.getAttribute("data-card");
    const from = await card.boundingBox();
    const to = await cardsOf(page, "Qualified").nth(1).boundingBox();
    await page.mouse.move(from.x + 60, from.y + 70);
    await page.mouse.down();
    await page.mouse.move(from.x + 90, from.y + 80, { steps: 5 });
    await page.mouse.move(to.x + 60, to.y + 40, { steps: 18 });
    await heard(page, /is over Qualified/);
    await page.mouse.up();
    await page
      .getByText(/→ Qualified/)
      .first()
      .waitFor();
    await stands(page, id, "Qualified");
    assert.equal(puts.length, 1);
    assert.ok(puts[0].body.before || puts[0].body.after, JSON.stringify(puts[0].body));
    await page.waitForFunction(
      (count) => Number(document.querySelector("[aria-label=Qualified] [data-count]")?.textContent) === count,
      before + 1,
    );
    await page.getByRole("button", { name: "Undo" }).first().click();
    await page.waitForFunction(
      (one) => document.querySelector(`[data-card="${one}"]`)?.closest("[role=group]")?.getAttribute("aria-label") === "Lead",
      id,
    );
  });
  await check("board: drag by keyboard, announced in words; Escape takes it back", async (page) => {
    await page.goto("/deals?layout=board");
    await boardReady(page);
    await cardsOf(page, "Qualified").first().waitFor();
    const card = cardsOf(page, "Lead").first();
    const id = await card.getAttribute("data-card");
    await card.getByRole("button", { name: /^Drag / }).focus();
    await page.keyboard.press("Space");
    await heard(page, /picked up|is over Lead/);
    await page.keyboard.press("ArrowRight");
    await heard(page, /is over Qualified/);
    await page.keyboard.press("Escape");
    await heard(page, /Cancelled/);
    await stands(page, id, "Lead");
    // The handle gets the focus back once the card has settled.
    await page.waitForFunction((one) => document.activeElement?.closest("[data-card]")?.getAttribute("data-card") === one, id);
    await stands(page, id, "Lead");
    await card.getByRole("button", { name: /^Drag / }).press("Space");
    await heard(page, /picked up|is over Lead/);
    await page.keyboard.press("ArrowRight");
    await heard(page, /is over Qualified/);
    await page.keyboard.press("Space");
    await page
      .getByText(/→ Qualified/)
      .first()
      .waitFor();
    await stands(page, id, "Qualified");
  });
  await check("board: the menu moves too, and a lost deal asks for its reason", async (page) => {
    await page.goto("/deals?layout=board");
    await boardReady(page);
    const puts = requestsOf(page, "PUT");
    const card = cardsOf(page, "Proposal").first();
    await card.waitFor();
    const id = await card.getAttribute("data-card");
    await card.hover();
    await card.getByRole("button", { name: /^Move / }).click();
    await page.getByRole("menuitem", { name: "Lost" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(/^Why was/).waitFor();
    await accessible(page);
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await dialog.waitFor({ state: "detached" });
    await stands(page, id, "Proposal");
    await card.hover();
    await card.getByRole("button", { name: /^Move / }).click();
    await page.getByRole("menuitem", { name: "Lost" }).click();
    await dialog.getByRole("combobox").click();
    await page.getByRole("option", { name: "Competitor" }).click();
    await dialog.getByRole("button", { name: "Save" }).click();
    await page
      .getByText(/→ Lost/)
      .first()
      .waitFor();
    assert.equal(puts.at(-1).body.lost_reason, "competitor");
    await stands(page, id, "Lost");
  });
  await check("board: the pipeline can be changed; filters are shared with the table", async (page) => {
    await page.goto(
      `/deals?layout=board&f=${encodeURIComponent(JSON.stringify([{ field: "currency", op: "in", value: ["EUR"] }]))}`,
    );
    await boardReady(page);
    await page.getByRole("button", { name: "Table" }).click();
    await ready(page);
    await page.getByRole("button", { name: "Remove filter Currency" }).waitFor();
    await page.getByRole("button", { name: "Board" }).click();
    await page.getByRole("button", { name: "Remove filter Currency" }).click();
    await page.getByRole("button", { name: /^Pipeline:/ }).click();
    await page.getByRole("menuitem", { name: "Renewals" }).click();
    await column(page, "Upcoming").waitFor();
  });
  await check(
    "board: drag by touch",
    async (page, context) => {
      await page.goto("/deals?layout=board");
      await boardReady(page);
      await cardsOf(page, "Qualified").first().waitFor();
      const card = cardsOf(page, "Lead").first();
      const id = await card.getAttribute("data-card");
      const grip = await card.getByRole("button", { name: /^Drag / }).boundingBox();
      const to = await cardsOf(page, "Qualified").first().boundingBox();
      const session = await context.newCDPSession(page);
      const touch = (type, x, y) =>
        session.send("Input.dispatchTouchEvent", { type, touchPoints: type === "touchEnd" ? [] : [{ x, y }] });
      await touch("touchStart", grip.x + 12, grip.y + 12);
      await heard(page, /picked up|is over Lead/); // A card is lifted by holding it for a moment.
      for (let step = 1; step <= 14; step++) {
        await touch(
          "touchMove",
          grip.x + 12 + ((to.x + 60 - grip.x) * step) / 14,
          grip.y + 12 + ((to.y + 40 - grip.y) * step) / 14,
        );
        await drawn(page);
      }
      await heard(page, /is over Qualified/);
      await touch("touchEnd");
      await page
        .getByText(/→ Qualified/)
        .first()
        .waitFor();
      await stands(page, id, "Qualified");
    },
    { viewport: { width: 1100, height: 800 }, hasTouch: true },
  );
  await check("board: projects and tickets stand by their status, and move to another one", async (page) => {
    await page.goto("/projects?layout=board");
    const active = column(page, "Active");
    await active.locator("[data-card]").first().waitFor();
    await accessible(page);
    const patches = requestsOf(page, "PATCH");
    const before = await active.locator("[data-card]").count();
    assert.equal(await active.locator("[data-count]").innerText(), String(before));
    const card = active.locator("[data-card]").first();
    const id = await card.getAttribute("data-card");
    await card
      .getByRole("button", { name: /^Move / })
      .first()
      .click();
    await page.getByRole("menuitem", { name: "Paused" }).click();
    await stands(page, id, "Paused");
    assert.deepEqual(patches[0].body, { status: "paused" });
    await page.getByRole("button", { name: "Undo" }).first().click();
    await stands(page, id, "Active");
    await page.goto("/tickets?layout=board");
    await column(page, "Waiting for customer").locator("[data-card]").first().waitFor();
    await accessible(page);
  });
}
