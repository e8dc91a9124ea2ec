// What the flows against the stand-in server share: its hooks, who is signed in, and the first waits.
import assert from "node:assert/strict";
import { cell, column, MOCK_URL, violations } from "../lib.mjs";

/** Tells the stand-in to do what no page can ask for: start anew, end the session, change a record behind one's back. */
export const hook = (path, body = {}) =>
  fetch(`${MOCK_URL}/api/v1/test/${path}`, {
    method: "POST",
    headers: { "X-Kith-Client": "web", "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
export const EMAIL = "ana.whitfield@kith.test";
export const PASSWORD = "correct horse";
export const accessible = async (page) => assert.deepEqual(await violations(page), []);
export const ready = (page) => page.locator("[data-cell='0:0'] a").first().waitFor();
export const openList = async (page, address) => {
  await page.goto(address);
  await ready(page);
};
export const textOf = (page, row, at) => cell(page, row, at).innerText();
export const waitText = (page, row, at, text) =>
  page.waitForFunction(
    ([place, wanted]) => document.querySelector(`[data-cell="${place}"]`)?.innerText === wanted,
    [`${row}:${at}`, text],
  );
/** The requests of one method that the page sends from now on. */
export const requestsOf = (page, method) => {
  const seen = [];
  page.on(
    "request",
    (request) =>
      request.method() === method &&
      seen.push({ url: new URL(request.url()).pathname, body: request.postDataJSON(), headers: request.headers() }),
  );
  return seen;
};

/** A phone: narrow, touched. */
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

export const cardsOf = (page, stage) => column(page, stage).locator("[data-card]");
export const boardReady = (page) => cardsOf(page, "Lead").first().waitFor();
