// The user interface against the stand-in server: every flow a person lives in, quickly. `node e2e/ui.mjs [name pattern]`.
import { createSuite, launch, MOCK_URL, startMock } from "./lib.mjs";
import account from "./ui/account.mjs";
import board from "./ui/board.mjs";
import composer from "./ui/composer.mjs";
import connect from "./ui/connect.mjs";
import day from "./ui/day.mjs";
import everything from "./ui/everything.mjs";
import imports from "./ui/imports.mjs";
import inbox from "./ui/inbox.mjs";
import leads from "./ui/leads.mjs";
import people from "./ui/people.mjs";
import phone from "./ui/phone.mjs";
import records from "./ui/records.mjs";
import roles from "./ui/roles.mjs";
import setup from "./ui/setup.mjs";
import shell from "./ui/shell.mjs";
import signIn from "./ui/signIn.mjs";
import table from "./ui/table.mjs";
import trust from "./ui/trust.mjs";
import views from "./ui/views.mjs";
import work from "./ui/work.mjs";
import { hook } from "./ui/world.mjs";

const stop = await startMock();
const browser = await launch();
const { check, result } = createSuite(browser, {
  base: MOCK_URL,
  only: process.argv[2],
  // Every check finds the same world, whatever ran before it.
  before: () => hook("reset"),
});

const all = [
  ...[signIn, shell, table, views, records, composer, board, leads, day, inbox, work, trust, imports],
  ...[account, people, roles, setup, connect, phone, everything],
];
for (const flows of all) await flows(check);

await browser.close();
stop();
const { failed, passed } = result();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
