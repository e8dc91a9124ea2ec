// Pictures of the demo organization for the documentation, in the dark theme: what the data set of sales does not show.
//   node e2e/demo.mjs <folder>      KITH_BIN as for the other checks with the program
import { execFileSync } from "node:child_process";
import path from "node:path";
import { launch, signIn, still } from "./lib.mjs";
import { mailbox } from "./mailbox.mjs";
import { startProgram } from "./program.mjs";

const folder = path.resolve(process.argv[2] ?? new URL("../../docs/images", import.meta.url).pathname);
const binary = path.resolve(process.env.KITH_BIN ?? new URL("../../target/debug/kith", import.meta.url).pathname);

const program = await startProgram();
const browser = await launch();
try {
  const said = execFileSync(binary, ["demo"], {
    cwd: path.dirname(program.data),
    encoding: "utf8",
    env: { ...process.env, KITH_DATA_DIR: program.data, KITH_LISTEN: "127.0.0.1:0" },
  });
  const [, address] = /address\s+(\S+)/.exec(said) ?? [];
  const [, password] = /password\s+(\S+)/.exec(said) ?? [];
  if (!address || !password) throw new Error(`the demo does not say how to sign in:\n${said}`);
  const context = await browser.newContext({
    baseURL: program.base,
    viewport: { width: 1440, height: 900 },
    colorScheme: "dark",
    locale: "en-US",
    timezoneId: "Europe/Berlin",
  });
  const page = await context.newPage();
  await signIn(page, address, password);
  await page.getByRole("button", { name: "Send again" }).click();
  await page.goto(await mailbox(program.data).link(address, "verify-email"));
  await page.getByRole("heading", { level: 1 }).waitFor();
  const shoot = async (name) => {
    await page.mouse.move(800, 5);
    await page.evaluate(() => document.activeElement?.blur());
    await still(page);
    await page.screenshot({ path: path.join(folder, name) });
  };
  await page.goto("/overview");
  await page.getByText("What is owed, by age").waitFor();
  await shoot("overview-dark.png");
  await page.goto("/inbox");
  await page.locator("[data-conversation]").first().click();
  await page.getByRole("button", { name: "Send", exact: false }).last().waitFor();
  await shoot("inbox-dark.png");
} finally {
  await browser.close();
  await program.stop();
}
