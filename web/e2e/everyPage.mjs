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

/**
 * Goes everywhere and answers what is wrong there, a line each. Two pages of one browser share the way, as there are two
 * things to do: to draw, and to look. `seen` is told of each page as it stands.
 */
export async function everyPage(page, { only, seen = async () => {} } = {}) {
  await page.goto("/my-day");
  const addresses = (await addressesOf(page)).filter((one) => !only || only.test(one));
  const other = await page.context().newPage();
  await other.goto("/my-day");
  const halves = [0, 1].map((half) => addresses.filter((_, at) => at % 2 === half));
  const found = await Promise.all([walk(page, halves[0], seen), walk(other, halves[1], seen)]);
  return found.flat();
}

async function walk(page, addresses, seen) {
  const rest = watch(page);
  const wrong = [];
  for (const [at, address] of addresses.entries()) {
    await page.emulateMedia({ colorScheme: "light" });
    await page.evaluate((to) => history.pushState({}, "", to), address);
    const form = address.includes("create=true");
    if (form) await page.getByRole("dialog").first().waitFor();
    await page.getByRole("heading").first().waitFor();
    await rest();
    // What stands around every page is looked at once; what lies behind a form, on its own page.
    const within = form ? "[role=dialog]" : at === 0 ? null : "main";
    for (const theme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: theme });
      await page.waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, theme);
      const found = await violations(page, { within, ...(theme === "dark" ? { rules: COLOURS } : {}) });
      wrong.push(...found.map((one) => `${address} (${theme}): ${one}`));
      await seen(address, theme);
    }
  }
  return wrong;
}
