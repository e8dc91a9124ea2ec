// Leads, tasks, notes and interactions for the stand-in: made-up, connected to the records of data.mjs.

const GIVEN = "Ada Boris Carla Denis Esra Felix Greta Hanna Ivan Jana Karim Lotte Milan Nora Otto Pia".split(" ");
const FAMILY = "Quist Rahman Sorel Tessmer Ulrich Varga Winkler Xavier Yilmaz Zeller Arnold Brandt Cortez Dvorak".split(" ");
const FIRMS = "Borealis Cascade Driftwood Evergreen Foxglove Glacier Hazel Indigo Jasper Kelp Larkspur Mistral".split(" ");
const KINDS = "Analytics Brewery Clinics Design Estates Farms Gears Hotels Insights Jewellery".split(" ");
const JOBS = ["Founder", "Head of Sales", "Operations Manager", "Buyer", "Marketing Lead", "CTO"];

export function buildFloor(world, { record, pick, random, stamp, day, now }) {
  const { users, companies, contacts, deals, products } = world;
  const [ana] = users;
  const pipeline = record({ name: "Leads", entity: "lead", is_default: true });
  const stage = (key, name, position, probability, kind, color, lead_status = key) =>
    record({ name, key, pipeline_id: pipeline.id, position, probability, kind, color, lead_status, is_active: true });
  const stages = [
    stage("new", "New", 1, 5, "open", "gray"),
    stage("contacted", "Contacted", 2, 15, "open", "blue"),
    stage("qualified", "Qualified", 3, 35, "open", "violet"),
    stage("proposal", "Proposal", 4, 55, "open", "amber"),
    stage("negotiation", "Negotiation", 5, 75, "open", "orange", "proposal"),
    stage("converted", "Converted", 6, 100, "won", "green"),
    stage("lost", "Lost", 7, 0, "lost", "red"),
  ];
  const leads = Array.from({ length: 130 }, (_, index) => {
    const first_name = pick(GIVEN);
    const last_name = pick(FAMILY);
    const company_name = `${pick(FIRMS)} ${pick(KINDS)}`;
    const slug = company_name.toLowerCase().replace(/[^a-z0-9]+/g, "");
    const at = stages[index < 46 ? 0 : Math.min(4, Math.floor(random() ** 1.3 * 5))];
    return record(
      {
        first_name,
        last_name,
        full_name: `${first_name} ${last_name}`,
        company_name,
        email: `${first_name}.${last_name}@${slug}.example`.toLowerCase(),
        phone: `+4989555${String(1000 + index)}`,
        job_title: pick(JOBS),
        website: `https://${slug}.example`,
        product_id: random() < 0.5 ? pick(products).id : null,
        source: pick(["website", "referral", "cold_call", "inbound", "partner", "event", "google_ads", "organic"]),
        source_detail: null,
        status: at.lead_status,
        pipeline_id: pipeline.id,
        stage_id: at.id,
        score: Math.floor(random() * 100),
        estimated_value: random() < 0.85 ? `${Math.round(random() ** 2 * 90 + 2) * 500}.00` : null,
        currency: random() < 0.85 ? "USD" : "EUR",
        expected_close_date: random() < 0.6 ? day(Math.floor(random() * 60) - 6) : null,
        owner_id: random() < 0.85 ? pick(users).id : null,
        notes: null,
        lost_reason: null,
        is_archived: index > 121,
        converted_at: null,
        converted_company_id: null,
        converted_contact_id: null,
        converted_deal_id: null,
        tags: [],
        board_position: String(index).padStart(6, "0"),
      },
      random() * 40,
    );
  });
  // One lead whose company and person are known already, so that conversion has something to find.
  Object.assign(leads[0], {
    first_name: "Mara",
    last_name: "Lindqvist",
    full_name: "Mara Lindqvist",
    company_name: companies[0].name,
    website: companies[0].website,
    email: `mara.lindqvist@${new URL(companies[0].website).host}`,
    owner_id: ana.id,
    estimated_value: "18500.00",
    currency: "USD",
    stage_id: stages[2].id,
    status: "qualified",
  });
  const about = (entity, held) => ({ subject_type: entity, subject_id: held.id });
  const hour = (ahead, at) => `${day(ahead)}T${at}:00.000Z`;
  const task = (title, type, due_at, subject, extra = {}) =>
    record(
      {
        title,
        type,
        due_at,
        description: null,
        status: "todo",
        priority: "medium",
        reminder_at: null,
        recurrence: null,
        completed_at: null,
        assigned_to_id: ana.id,
        estimated_hours: null,
        actual_hours: null,
        parent_id: null,
        tags: [],
        ...(subject ?? { subject_type: null, subject_id: null }),
        ...extra,
      },
      3 + random() * 20,
    );
  const mine = deals.filter((deal) => deal.owner_id === ana.id && deal.status === "open");
  const tasks = [
    task("Send the revised offer", "email", hour(-3, "15:00"), about("deal", mine[0]), { priority: "high" }),
    task("Call back about the invoice", "call", hour(-1, "10:00"), about("company", companies[0])),
    task("Call Mara about the pilot", "call", hour(0, "09:30"), about("lead", leads[0]), { priority: "urgent" }),
    task("Prepare the demo for Thursday", "demo", hour(0, "23:59"), about("deal", mine[1])),
    task("Follow up on the contract", "follow_up", hour(0, "16:00"), about("contact", contacts[0])),
    task("Review the migration plan", "todo", hour(1, "11:00"), about("deal", mine[2])),
    task("Meet the new head of operations", "meeting", hour(1, "14:00"), about("company", companies[2])),
    task("Book the site visit", "todo", hour(3, "23:59"), about("company", companies[3])),
    task("Quarterly review", "meeting", hour(16, "13:00"), about("company", companies[4])),
    task("Read the procurement guide", "todo", null, null, { priority: "low" }),
    ...Array.from({ length: 34 }, (_, index) =>
      task(
        pick(["Call about renewal", "Send references", "Check the order form", "Agree on a date", "Share the roadmap"]),
        pick(["call", "email", "todo", "meeting", "follow_up"]),
        hour(Math.floor(random() * 24) - 6, "12:00"),
        about("contact", contacts[20 + index]),
        { assigned_to_id: users[1 + (index % 6)].id, priority: pick(["low", "medium", "medium", "high"]) },
      ),
    ),
  ];
  const written = (held, subject, author, age) => {
    const made = record({ ...held, ...subject }, age);
    made.created_at = stamp(age);
    made.updated_at = made.created_at;
    made.created_by = author.id;
    return made;
  };
  const notes = [
    written(
      {
        content:
          "**Key facts** before every call:\n\n- three sites, one of them abroad\n- budget is approved until *March*\n- decision maker: the head of operations\n\nSee [their site](https://example.com) for the locations.",
        is_pinned: true,
        mentions: [],
      },
      about("company", companies[0]),
      users[2],
      12,
    ),
    written(
      {
        content: `Spoke to @[Ben Okafor](user:${users[1].id}): he takes over the technical part.`,
        is_pinned: false,
        mentions: [users[1].id],
      },
      about("company", companies[0]),
      ana,
      2.2,
    ),
    written(
      { content: "Asked for references from the same industry. `REF-2026` is the folder.", is_pinned: false, mentions: [] },
      about("lead", leads[0]),
      ana,
      1.1,
    ),
  ];
  const interactions = [
    written(
      {
        type: "Initial call",
        channel: "phone",
        note: "Walked through pricing for three sites. They want the annual plan, budget is approved.",
        outcome: "Connected, 14 min",
        // A whole day ago, so that it is of yesterday at every hour at which the mock may be started.
        occurred_at: stamp(1),
        follow_up_at: null,
        product_id: products[0].id,
      },
      about("company", companies[0]),
      ana,
      1,
    ),
    written(
      {
        type: "Order form for the pilot",
        channel: "email",
        note: "Legal has one question on clause 4.2: can we cap liability at twelve months of fees?",
        outcome: null,
        occurred_at: stamp(0.3),
        follow_up_at: null,
        product_id: null,
      },
      about("company", companies[0]),
      users[3],
      0.3,
    ),
    written(
      {
        type: "Short chat",
        channel: "whatsapp",
        note: "Will look at the offer on Monday.",
        outcome: null,
        occurred_at: new Date(now - 5 * 36e5).toISOString(),
        follow_up_at: null,
        product_id: null,
      },
      about("lead", leads[0]),
      ana,
      0.21,
    ),
  ];
  // What others wrote about Ana's records.
  const others = [
    [mine[1], users[2], "Price question", "phone", "They compare us with one other offer and decide next week.", 0.1],
    [mine[3], users[4], "Site visit", "meeting", "Walked through both halls. The second one needs a new gate.", 0.6],
    [mine[0], users[1], "Contract sent", "email", "Sent the contract with the changes of last week.", 2.3],
  ];
  for (const [deal, author, type, channel, note, age] of others)
    interactions.push(
      written(
        { type, channel, note, outcome: null, occurred_at: stamp(age), follow_up_at: null, product_id: null },
        about("deal", deal),
        author,
        age,
      ),
    );
  return { leads, tasks, notes, interactions, pipelines: [pipeline], stages };
}
