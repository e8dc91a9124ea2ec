// What every browser test needs: the program or its stand-in, a browser, and the accessibility check.
import { spawn } from "node:child_process";
import fs from "node:fs";
import { chromium } from "playwright-core";

/** Where the pages are: KITH_URL of a started program, or the mock this library starts. */
export const MOCK_URL = `http://127.0.0.1:${process.env.PORT ?? 4610}`;

/** Starts the mock and waits until it answers. Returns how to stop it. */
export async function startMock(environment = {}) {
  const child = spawn(process.execPath, [new URL("../mock/server.mjs", import.meta.url).pathname], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...environment },
  });
  // However this ends, the stand-in ends with it.
  process.once("exit", () => child.kill());
  await new Promise((resolve, reject) => {
    child.stdout.once("data", resolve);
    child.once("exit", (code) => reject(new Error(`the mock ended with ${code}`)));
  });
  return () => child.kill();
}

export const launch = () =>
  chromium.launch({
    executablePath: process.env.KITH_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });

const axeSource = fs.readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/**
 * The accessibility violations of the page as it is now, each as one line. Empty is good. `rules` narrows it down to some
 * rules by their names, `within` to a part of the page.
 */
export async function violations(page, { rules = RULES, within = null } = {}) {
  // Evaluated by the debugger, which the page's content security policy does not reach; a script tag would be refused.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axeSource);
  const found = await page.evaluate(
    async ([runOnly, part]) => {
      // A popup that is still fading in has the contrast of neither state.
      await Promise.all(
        document
          .getAnimations()
          .map((animation) => (animation.effect?.getTiming().iterations === 1 ? animation.finished.catch(() => {}) : null)),
      );
      return (await globalThis.axe.run(part ?? document, { runOnly, preload: false, resultTypes: ["violations"] })).violations;
    },
    [rules, within],
  );
  return found.flatMap((violation) =>
    violation.nodes.map((node) => {
      const reason = [...node.any, ...node.all, ...node.none][0]?.message ?? violation.help;
      return `${violation.id}: ${node.target.join(" ")} (${reason.slice(0, 160)}) ${node.html.slice(0, 160)}`;
    }),
  );
}

/** Runs named checks one after the other, each in a fresh context and after `before`; counts failures and keeps a picture of each. */
export function createSuite(
  browser,
  { base, only, before = async () => {}, pictures = new URL("./results/", import.meta.url).pathname },
) {
  let failed = 0;
  let passed = 0;
  async function check(name, run, options = {}) {
    if (only && !name.match(only)) return;
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      locale: "en-US",
      baseURL: base,
      ...options,
    });
    const page = await context.newPage();
    // How long a page may take is measured elsewhere; a busy machine is no fault of the page.
    page.setDefaultTimeout(20_000);
    const noise = [];
    page.on("pageerror", (error) => noise.push(error.message));
    page.on("console", (message) => {
      // The browser reports every refused request by itself; those are the business of the check.
      if (message.type() === "error" && !/Failed to load resource/.test(message.text())) noise.push(message.text());
    });
    const started = Date.now();
    try {
      await before();
      await run(page, context);
      if (noise.length > 0) throw new Error(`the console says: ${noise.join(" | ").slice(0, 400)}`);
      passed += 1;
      console.log(`ok    ${name} (${Date.now() - started} ms)`);
    } catch (error) {
      failed += 1;
      console.log(
        `FAIL  ${name}: ${String(error.stack ?? error)
          .split("\n")
          .slice(0, 8)
          .join("\n        ")}`,
      );
      if (noise.length > 0) console.log(`        console: ${noise.join(" | ").slice(0, 600)}`);
      fs.mkdirSync(pictures, { recursive: true });
      await page.screenshot({ path: `${pictures}${name.replaceAll(/\W+/g, "-")}.png` }).catch(() => {});
    }
    await context.close();
  }
  return { check, result: () => ({ failed, passed }) };
}

/** Waits until assistive technology has been told something: what a drag does is known by that and by nothing sooner. */
export const heard = (page, words) =>
  page.waitForFunction(
    (source) =>
      [...document.querySelectorAll("[aria-live], [role=status]")].some((live) => new RegExp(source).test(live.textContent)),
    words.source,
  );

/** Waits until the command palette is there to be opened: it is fetched once the page has come to rest. */
export const rested = (page) =>
  page.waitForFunction(() => performance.getEntriesByType("resource").some((entry) => /\/Palette-[^/]*\.js/.test(entry.name)));
/** Waits until the page shows what it will show: nothing is being fetched, nothing is a placeholder, nothing moves. */
export async function still(page) {
  await page.waitForLoadState("networkidle");
  await page.waitForFunction(
    () =>
      !document.querySelector(".skeleton, .grid-row-ghost") &&
      document
        .getAnimations()
        .every((animation) => animation.playState !== "running" || animation.effect?.getTiming().iterations !== 1),
  );
}
/** Lets the page draw once. */
export const drawn = (page) => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => resolve())));

/** Waits until nothing is being dragged and the last drop has come to rest. */
export const settled = (page) =>
  page.waitForFunction(
    () => !document.querySelector("[data-dnd-dragging], [data-dnd-dropping], .cursor-grabbing, [data-card].opacity-40"),
  );
/** Waits until a card of the board stands in a stage, and nothing moves any more. */
export async function stands(page, id, stage) {
  await page.waitForFunction(
    ([one, wanted]) =>
      document.querySelector(`[data-card="${one}"]`)?.closest("[role=group]")?.getAttribute("aria-label") === wanted,
    [id, stage],
  );
  await settled(page);
}

/** The grid cell at a row and column, both counted from 0, the title being column 0. */
export const cell = (page, row, column) => page.locator(`[data-cell="${row}:${column}"]`);
/** The cell that holds the focus, as "row:column". */
export const activeCell = (page) => page.evaluate(() => document.activeElement?.getAttribute("data-cell") ?? null);
export const column = (page, stage) => page.getByRole("group", { name: stage, exact: true });
export async function signIn(page, email, password) {
  await page.goto("/sign-in");
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}
