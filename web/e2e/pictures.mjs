// The pictures of the documentation, taken from the imported data set once it has been worked with for a while: the
// open deals get amounts, dates and names that people would give them, companies an owner and a state.
import path from "node:path";
import { still } from "./lib.mjs";

const HEADERS = { "X-Kith-Client": "web" };
const PURPOSES = ["licences", "rollout", "pilot", "renewal", "upgrade", "expansion"];
const DAY = 86_400_000;
const BATCH = 500;

/** The same "random" number for the same text, from 0 up to a limit. */
function pick(text, limit) {
  let sum = 7;
  for (const character of text) sum = (sum * 31 + character.codePointAt(0)) % 1_000_003;
  return sum % limit;
}

export async function takePictures(page, folder) {
  const { request } = page.context();
  const base = new URL(page.url()).origin;
  const ask = async (method, address, data) => {
    const response = await request.fetch(`${base}/api/v1${address}`, { method, headers: HEADERS, ...(data ? { data } : {}) });
    if (!response.ok()) throw new Error(`${method} ${address}: ${response.status()} ${(await response.text()).slice(0, 400)}`);
    return response.status() === 204 ? null : response.json();
  };
  const all = async (address) => {
    const rows = [];
    for (let cursor = ""; cursor !== null; ) {
      const answer = await ask("GET", `${address}${address.includes("?") ? "&" : "?"}limit=200${cursor && `&cursor=${cursor}`}`);
      rows.push(...answer.data);
      cursor = answer.page.next_cursor;
    }
    return rows;
  };
  const update = async (plural, changes) => {
    const operations = changes.map(([id, data]) => ({ op: "update", id, data }));
    for (let at = 0; at < operations.length; at += BATCH)
      await ask("POST", `/${plural}/bulk`, { operations: operations.slice(at, at + BATCH) });
  };

  const stages = Object.fromEntries((await all("/stages")).map((stage) => [stage.name, stage.id]));
  const products = await all("/products");
  const companies = await all("/companies");
  const users = (await all("/users")).filter((user) => user.team_id);
  for (const [name, color] of [
    ["Enterprise", "violet"],
    ["Partner", "teal"],
    ["EU", "blue"],
    ["Strategic", "red"],
  ])
    await ask("POST", "/tags", { name, color });
  const tags = (id) => ["Enterprise", "Partner", "EU", "Strategic"].filter((tag) => pick(tag + id, 5) === 0);

  const open = await all("/deals?status=open");
  const stay = { Lead: 23, Qualified: 16, Proposal: 12, Negotiation: 14 };
  const named = [...open].sort((one, other) => pick(one.id, 99_991) - pick(other.id, 99_991)).slice(0, 65);
  const order = Object.entries(stay).flatMap(([stage, count]) => Array.from({ length: count }, () => stage));
  const today = Date.now();
  const isoDay = (days) => new Date(today + days * DAY).toISOString().slice(0, 10);
  await update(
    "deals",
    named.map((deal, index) => {
      const product = products[pick(deal.id, products.length)];
      const seats = 2 + pick(`seats${deal.id}`, 40);
      return [
        deal.id,
        {
          name: `${product.name} ${PURPOSES[pick(`for${deal.id}`, PURPOSES.length)]}`,
          company_id: companies[pick(`of${deal.id}`, companies.length)].id,
          owner_id: users[pick(`by${deal.id}`, users.length)].id,
          stage_id: stages[order[index]],
          amount: String(Math.max(1_000, Math.round((Number(product.price) * seats) / 500) * 500)),
          expected_close_date: isoDay(pick(`on${deal.id}`, 75) - 6),
          tags: tags(deal.id),
        },
      ];
    }),
  );
  // What is left of the old pipeline is out of the picture, not out of the data.
  const kept = new Set(named.map((deal) => deal.id));
  const rest = open.filter((deal) => !kept.has(deal.id));
  for (let at = 0; at < rest.length; at += BATCH)
    await ask("POST", "/deals/bulk", { operations: rest.slice(at, at + BATCH).map(({ id }) => ({ op: "delete", id })) });
  // The set misspells one industry that is here already; the others only want a capital letter.
  const industries = await all("/industries");
  const misspelt = industries.find(({ name }) => name === "technolgy")?.id;
  const technology = industries.find(({ name }) => name === "Technology")?.id ?? misspelt;
  for (const { id, name } of industries)
    if (id !== misspelt && /^[a-z]/.test(name))
      await ask("PATCH", `/industries/${id}`, { name: name.charAt(0).toUpperCase() + name.slice(1) });
  const states = ["active", "active", "prospect", "lead", "active", "inactive"];
  await update(
    "companies",
    companies.map((company) => [
      company.id,
      {
        status: states[pick(company.id, states.length)],
        owner_id: users[pick(`by${company.id}`, users.length)].id,
        annual_revenue: String(Math.round(Number(company.annual_revenue ?? 1) * 1000) * 1000),
        currency: "USD",
        ...(company.industry_id === misspelt ? { industry_id: technology } : {}),
        website: `https://${company.name.toLowerCase().replaceAll(/[^a-z]/g, "")}.example`,
        tags: tags(company.id),
      },
    ]),
  );

  const shoot = async (name) => {
    await page.mouse.move(800, 5);
    await page.evaluate(() => document.activeElement?.blur());
    await still(page); // Hover and focus fade.
    await page.screenshot({ path: path.join(folder, name) });
  };
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("/deals?layout=board", { waitUntil: "networkidle" });
  await page.locator("[data-card]").first().waitFor();
  await shoot("board.png");
  await page.emulateMedia({ colorScheme: "dark" });
  await shoot("board-dark.png");
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("/companies?sort=-annual_revenue", { waitUntil: "networkidle" });
  await page.locator("[data-cell='0:0'] a").waitFor();
  await shoot("table.png");

  // A deal with a story: won after a while, by several hands.
  const deal = named[order.indexOf("Proposal")];
  await ask("PUT", `/deals/${deal.id}/stage`, { stage: "negotiation" });
  await ask("PATCH", `/deals/${deal.id}`, {
    amount: "48500.00",
    expected_close_date: isoDay(12),
    tags: ["Enterprise", "Strategic"],
  });
  await ask("PATCH", `/deals/${deal.id}`, {
    source: "referral",
    description: "Three sites, one contract. Legal has seen the draft.",
  });
  await ask("PUT", `/deals/${deal.id}/stage`, { stage: "won" });
  await page.goto(`/deals/${deal.id}`, { waitUntil: "networkidle" });
  await page.getByText(/moved this deal from .* to Won/).waitFor();
  await shoot("record.png");
}
