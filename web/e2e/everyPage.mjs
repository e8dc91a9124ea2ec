// Every page that the metadata makes, and every page of the settings, held against the rules of accessibility in both
// themes. Pages change within the application and themes without a reload, so that hundreds of them take a minute.
import { violations } from "./lib.mjs";

const SETTINGS = ["account", "notifications", "organization", "people", "roles", "pipelines", "fields", "tags", "industries"];
const OTHERS = ["/my-day", "/overview", "/inbox", "/timesheet", "/imports", "/companies/import", "/companies/duplicates"];
const HEADERS = { "X-Kith-Client": "web" };
/** What only the colours decide: the rest is the same in both themes. */
const COLOURS = ["color-contrast"];

/** Where one can be: every list, its first record, the form for a new one, and the pages that are no list. */
async function addressesOf(page) {
  const ask = async (address) => (await page.context().request.get(`/api/v1${address}`, { headers: HEADERS })).json();
  const { entities } = await ask("/meta");
  const addresses = [...SETTINGS.map((name) => `/settings/${name}`), ...OTHERS];
  for (const entity of entities.filter(({ permissions }) => permissions.includes("read"))) {
    addresses.push(`/${entity.plural}`);
    const { data } = await ask(`/${entity.plural}?limit=1`);
    if (data?.[0]) addresses.push(`/${entity.plural}/${data[0].id}`);
    if (entity.layout.board) addresses.push(`/${entity.plural}?layout=board`);
    if (!entity.read_only && entity.permissions.includes("create")) addresses.push(`/${entity.plural}?create=true`);
  }
  return addresses;
}

/** Waits until nothing is asked for and nothing is a placeholder any more, without the half second that a reload needs. */
function watch(page) {
  let open = 0;
  const ended = () => {
    open -= 1;
  };
  page.on("request", () => {
    open += 1;
  });
  page.on("requestfinished", ended);
  page.on("requestfailed", ended);
  return async () => {
    for (let quiet = 0, tries = 0; quiet < 2; tries += 1) {
      if (tries > 400) throw new Error(`${page.url()} does not come to rest`);
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 20)));
      const waiting = await page.evaluate(() => document.querySelector(".skeleton, .grid-row-ghost") !== null);
      quiet = open <= 0 && !waiting ? quiet + 1 : 0;
    }
  };
}

/** Goes everywhere and answers what is wrong there, a line each. `seen` is told of each page as it stands. */
export async function everyPage(page, { only, seen = async () => {} } = {}) {
  const rest = watch(page);
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("/my-day");
  const wrong = [];
  for (const address of (await addressesOf(page)).filter((one) => !only || only.test(one))) {
    await page.evaluate((to) => history.pushState({}, "", to), address);
    await page.waitForFunction((to) => location.pathname + location.search === to, address).catch(() => {});
    if (address.includes("create=true")) await page.getByRole("dialog").first().waitFor();
    await page.getByRole("heading").first().waitFor();
    await rest();
    for (const theme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: theme });
      await page.waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, theme);
      const found = await violations(page, theme === "dark" ? COLOURS : undefined);
      wrong.push(...found.map((one) => `${address} (${theme}): ${one}`));
      await seen(address, theme);
    }
    await page.emulateMedia({ colorScheme: "light" });
  }
  return wrong;
}
