// Made-up records, the same on every start.
import { buildConnect } from "./connect.mjs";
import { buildFloor } from "./floorData.mjs";
import { buildPeople } from "./peopleData.mjs";
import { buildWork } from "./workData.mjs";

const SEED = 20261121;
let seed = SEED;
const random = () => {
  seed = (seed * 1664525 + 1013904223) % 4294967296;
  return seed / 4294967296;
};
const pick = (list) => list[Math.floor(random() * list.length)];
const NOW = Date.now();
const DAY = 864e5;
const stamp = (daysAgo) => new Date(NOW - daysAgo * DAY).toISOString();
const day = (ahead) => new Date(NOW + ahead * DAY).toISOString().slice(0, 10);
let counter = 0;
export const uuid = () => `01930000-0000-7000-8000-${String(++counter).padStart(12, "0")}`;
const record = (values, age = random() * 200) => ({
  id: uuid(),
  version: 1,
  created_at: stamp(age),
  updated_at: stamp(age * random()),
  created_by: null,
  updated_by: null,
  deleted_at: null,
  custom_fields: {},
  ...values,
});

const FIRST =
  "Northwind Willow Ridge Beacon Juniper Delta Acme Pioneer Lumen Cobalt Umber Orchard Quarry Vertex Lattice Summit Granite Harbor Cedar Ember Fable Helix Ivory Keystone Meridian Nimbus Tidal Vista Zephyr Atlas".split(
    " ",
  );
const LAST =
  "Bio Systems Partners Studio Dynamics Media Freight Foods Capital Health Works Energy Robotics Retail Supply Cloud Networks Interiors Labs Logistics".split(
    " ",
  );
const GIVEN = "Mara Jonas Aiko Priya Tomas Leila Oscar Nadia Ewan Ingrid Samir Clara Hugo Yuki Petra Dario".split(" ");
const FAMILY = "Lind Becker Tanaka Nair Novak Haddad Silva Petrov Murray Dahl Aziz Fontaine Weber Mori Kovac Ricci".split(" ");
const JOBS = ["Head of Operations", "Finance Director", "Procurement Lead", "Chief Executive", "Office Manager", "Head of IT"];
const DEALS = [
  "Annual platform licence",
  "Pilot for 3 sites",
  "Expansion seats",
  "Data migration",
  "Support retainer",
  "Renewal 2027",
  "Warehouse rollout",
  "API add-on",
];

export function build(companyCount = 5000) {
  seed = SEED;
  counter = 0;
  const users = ["Ana Whitfield", "Ben Okafor", "Chloe Martin", "Dev Raman", "Elif Kaya", "Farid Aziz", "Grace Liu"].map(
    (full_name) =>
      record({
        full_name,
        email: `${full_name.toLowerCase().replace(" ", ".")}@kith.test`,
        is_active: true,
        last_login_at: stamp(random() * 9),
      }),
  );
  const industries = ["Software", "Finance", "Healthcare", "Retail", "Manufacturing", "Energy", "Media", "Education"].map(
    (name) => record({ name }),
  );
  const sales = record({ name: "Sales", entity: "deal", is_default: true });
  const renewals = record({ name: "Renewals", entity: "deal", is_default: false });
  const stage = (pipeline, name, position, probability, kind, color, key = name.toLowerCase()) =>
    record({ name, key, pipeline_id: pipeline.id, position, probability, kind, color, is_active: true });
  const stages = [
    stage(sales, "Lead", 1, 10, "open", "gray"),
    stage(sales, "Qualified", 2, 25, "open", "blue"),
    stage(sales, "Proposal", 3, 50, "open", "violet"),
    stage(sales, "Negotiation", 4, 75, "open", "amber"),
    stage(sales, "Won", 5, 100, "won", "green"),
    stage(sales, "Lost", 6, 0, "lost", "red"),
    stage(renewals, "Upcoming", 1, 60, "open", "blue"),
    stage(renewals, "Renewed", 2, 100, "won", "green"),
    stage(renewals, "Cancelled", 3, 0, "lost", "red"),
  ];
  const sites = new Map();
  const companies = Array.from({ length: companyCount }, (_, index) => {
    const name = `${pick(FIRST)} ${pick(LAST)}${index >= 200 ? ` ${1 + Math.floor(index / 200)}` : ""}`;
    const word = name.toLowerCase().replace(/[^a-z0-9]+/g, "");
    // Those who are called the same are different companies all the same, each with its own address in the web.
    const again = sites.get(word) ?? 0;
    sites.set(word, again + 1);
    const slug = again > 0 ? `${word}-${again + 1}` : word;
    return record({
      name,
      status: pick(["lead", "prospect", "prospect", "active", "active", "inactive", "churned"]),
      owner_id: random() < 0.92 ? pick(users).id : null,
      industry_id: pick(industries).id,
      annual_revenue: random() < 0.95 ? `${Math.round(random() ** 3 * 9e4 + 40) * 1000}.00` : null,
      currency: random() < 0.8 ? "USD" : "EUR",
      employee_count: Math.ceil(random() ** 3 * 9000) + 2,
      company_size: pick(["1-10", "11-50", "51-200", "201-500", "500+"]),
      tags: ["Enterprise", "Partner", "EU", "VIP", "At risk"].filter(() => random() < 0.2),
      website: `https://${slug}.example`,
      email: `hello@${slug}.example`,
      phone: `+1415555${String(1000 + (index % 9000))}`,
      billing_address: {
        line1: `${1 + Math.floor(random() * 200)} Market Street`,
        city: pick(["Berlin", "Lisbon", "Austin", "Oslo"]),
        postal_code: "10115",
        country: "DE",
      },
      parent_id: null,
      renewal_on: random() < 0.7 ? day(Math.floor(random() * 360) - 30) : null,
      is_partner: random() < 0.3,
      score: Math.floor(random() * 100),
      description: random() < 0.3 ? "A long-standing customer with several sites." : null,
      custom_fields: random() < 0.5 ? { tier: pick(["gold", "silver", "bronze"]), visits: Math.floor(random() * 12) } : {},
    });
  });
  const contacts = Array.from({ length: 240 }, (_, index) => {
    const first_name = pick(GIVEN);
    const last_name = pick(FAMILY);
    return record({
      first_name,
      last_name,
      full_name: `${first_name} ${last_name}`,
      company_id: companies[index % 90].id,
      email: `${first_name}.${last_name}.${index}@mail.example`.toLowerCase(),
      phone: `+4930555${String(1000 + index)}`,
      job_title: pick(JOBS),
      status: pick(["active", "active", "active", "inactive", "bounced"]),
      is_primary: index < 90,
      owner_id: pick(users).id,
      country: pick(["DE", "PT", "US", "NO", "FR"]),
      notes: null,
    });
  });
  const deals = Array.from({ length: 190 }, (_, index) => {
    const stage = index < 70 ? stages[0] : stages[Math.min(5, Math.floor(random() ** 1.2 * 6))];
    return record({
      name: pick(DEALS),
      company_id: companies[Math.floor(random() * 60)].id,
      contact_id: random() < 0.6 ? pick(contacts).id : null,
      pipeline_id: sales.id,
      stage_id: stage.id,
      status: stage.kind,
      amount: `${Math.round(random() ** 2 * 180 + 4) * 1000}.00`,
      currency: random() < 0.85 ? "USD" : "EUR",
      probability: stage.probability,
      expected_close_date: day(Math.floor(random() * 80) - 8),
      owner_id: pick(users).id,
      lost_reason: stage.kind === "lost" ? "price" : null,
      description: null,
      board_position: String(index).padStart(6, "0"),
    });
  });
  for (let index = 0; index < 6; index++)
    deals.push(
      record({
        name: "Renewal 2027",
        company_id: companies[index].id,
        contact_id: null,
        pipeline_id: renewals.id,
        stage_id: stages[6 + (index % 2)].id,
        status: stages[6 + (index % 2)].kind,
        amount: "12000.00",
        currency: "USD",
        probability: 60,
        expected_close_date: day(30 + index),
        owner_id: pick(users).id,
        lost_reason: null,
        board_position: String(index).padStart(6, "0"),
      }),
    );
  const products = ["Platform licence", "Premium support", "Onboarding"].map((name, index) =>
    record({
      name,
      sku: `KITH-${index + 1}`,
      price: `${(index + 1) * 490}.00`,
      currency: "USD",
      is_active: true,
      description: null,
    }),
  );
  const floor = buildFloor({ users, companies, contacts, deals, products }, { record, pick, random, stamp, day, now: NOW });
  return {
    ...floor,
    ...buildWork({ users, companies, contacts, products, leads: floor.leads }, { record, day }),
    ...buildPeople(users, { record, stamp }),
    ...buildConnect({ users, deals }, record),
    companies,
    contacts,
    deals,
    products,
    pipelines: [sales, renewals, ...floor.pipelines],
    stages: [...stages, ...floor.stages],
    industries,
    activities: [],
    "audit-log": [],
    "deal-items": [],
  };
}
