// Projects, time, tickets, invoices and conversations for the stand-in: made-up, connected to the records of data.mjs.
import { buildReports } from "./reports.mjs";

const MINUTE = 60_000;

export function buildWork(world, { record, day }) {
  const { users, companies, contacts, leads, products } = world;
  const [ana, ben] = users;
  const at = (minutes) => new Date(Date.now() + minutes * MINUTE).toISOString();
  const projects = [
    ["Website relaunch", "active", 60, "40", "31.5", "20000.00", "17200.00", 12],
    ["CRM rollout", "active", 25, "120", "20", "60000.00", "9000.00", 40],
    ["Data migration", "planning", 0, "30", "0", null, "0.00", null],
    ["Trade fair stand", "active", 80, "16", "21", "8000.00", "9100.00", -3],
  ].map(([name, status, progress, estimated_hours, actual_hours, budget, actual_cost, due], index) =>
    record({
      ...{ name, status, progress, estimated_hours, actual_hours, budget, actual_cost, currency: "USD", priority: "medium" },
      ...{
        company_id: companies[index].id,
        deal_id: null,
        description: null,
        start_date: day(-30),
        due_date: due === null ? null : day(due),
      },
      ...{ task_count: 10, completed_task_count: Math.round(progress / 10), owner_id: ana.id, project_manager_id: ben.id },
    }),
  );
  const members = [
    [projects[0], ana, "manager"],
    [projects[0], ben, "member"],
    [projects[1], ana, "member"],
  ].map(([project, user, role]) => record({ project_id: project.id, user_id: user.id, role }));
  const monday = -((new Date().getUTCDay() + 6) % 7);
  const entry = (project, offset, hours, more = {}) =>
    record({
      ...{ user_id: ana.id, project_id: project.id, task_id: null, date: day(offset), hours, billable: true },
      ...{ status: "draft", description: null, rejection_reason: null, invoice_item_id: null, ...more },
    });
  const entries = [
    entry(projects[0], monday - 7, "6", { status: "approved" }),
    entry(projects[0], monday - 6, "4.5", { status: "rejected", rejection_reason: "Which meeting was this?" }),
    entry(projects[1], monday - 6, "2", { status: "approved" }),
    entry(projects[0], monday - 5, "3", { user_id: ben.id, status: "pending" }),
    entry(projects[1], monday - 5, "5.25", { user_id: ben.id, status: "pending" }),
  ];
  const SUBJECTS = [
    ["Invoices show the wrong tax rate", "urgent", "bug", 18],
    ["Sign-in loops for new users", "high", "incident", 41],
    ["CSV import stops at row 9,800", "high", "bug", 300],
    ["How do I archive a pipeline?", "medium", "question", 1500],
    ["Dark theme for the portal", "low", "feature_request", -95],
    ["Two contacts with one address", "medium", "question", 600],
  ];
  const tickets = SUBJECTS.map(([subject, priority, category, minutes], index) =>
    record({
      ...{ subject, priority, category, number: `T-${String(index + 1).padStart(6, "0")}` },
      description: `${subject}. It began this morning; **two colleagues** see the same.`,
      status: index === 3 ? "waiting_customer" : index === 5 ? "resolved" : "open",
      ...{ company_id: companies[index].id, contact_id: contacts[index].id, assigned_to_id: index % 2 ? ana.id : null },
      first_response_due_at: at(minutes - 15),
      first_responded_at: index > 1 ? at(minutes - 60) : null,
      sla_due_at: at(minutes),
      resolved_at: index === 5 ? at(-30) : null,
    }),
  );
  const comment = (ticket, text, more = {}) =>
    record({
      ticket_id: ticket.id,
      comment: text,
      is_internal: false,
      author_kind: "agent",
      contact_id: null,
      created_by: ana.id,
      ...more,
    });
  const comments = [
    comment(tickets[0], "We are looking into it."),
    comment(tickets[0], "The rate of the **old** country is used.", { is_internal: true, created_by: ben.id }),
    comment(tickets[0], "Thank you, it is urgent for us.", {
      author_kind: "customer",
      contact_id: contacts[0].id,
      created_by: null,
    }),
  ];
  const invoice = (more) =>
    record({
      ...{ title: "Draft invoice", number: null, kind: "invoice", status: "draft", company_id: companies[0].id, deal_id: null },
      ...{ corrects_id: null, issue_date: null, due_date: null, currency: "USD", discount_percent: "0", fixed_discount: "0" },
      ...{ subtotal: "0.00", discount_amount: "0.00", tax_amount: "0.00", total_amount: "0.00", tax_breakdown: [] },
      ...{ amount_paid: "0.00", amount_credited: "0.00", balance: "0.00", owner_id: ana.id, notes: null, ...more },
    });
  const invoices = [
    invoice({}),
    invoice({
      ...{ title: "INV-2026-00001", number: "INV-2026-00001", status: "overdue", issue_date: day(-45), due_date: day(-15) },
      ...{ subtotal: "2450.00", tax_amount: "490.00", total_amount: "2940.00", balance: "2940.00", company_id: companies[1].id },
      tax_breakdown: [{ rate: "20", taxable: "2450.00", tax: "490.00" }],
    }),
  ];
  const item = (of, description, quantity, unit_price, tax_rate, position) =>
    record({
      ...{ invoice_id: of.id, product_id: products[0].id, description, quantity, unit: null, unit_price, tax_rate, position },
      ...{ discount_percent: "0", currency: "USD", amount: (Number(quantity) * Number(unit_price)).toFixed(2) },
    });
  const items = [
    item(invoices[1], "Platform licence", "4", "490.00", "20", 0),
    item(invoices[1], "Onboarding", "1", "490.00", "20", 1),
  ];
  const conversation = (subject_type, subject, channel, minutes, more = {}) =>
    record({
      ...{ subject_type, subject_id: subject.id, channel, status: "active", assigned_to_id: null },
      title: subject.full_name ?? subject.name,
      ...{ last_message_at: at(-minutes), message_count: 1, unread_count: 0, ...more },
    });
  const conversations = [
    conversation("contact", contacts[0], "email", 4, { unread_count: 2, message_count: 3 }),
    conversation("lead", leads[0], "whatsapp", 55, { assigned_to_id: ana.id, message_count: 2 }),
    conversation("company", companies[3], "sms", 900),
    conversation("contact", contacts[5], "email", 3000, { status: "closed", assigned_to_id: ben.id }),
  ];
  const message = (of, minutes, direction, content, more = {}) => ({
    ...record({
      ...{
        conversation_id: of.id,
        direction,
        content,
        message_type: of.channel,
        status: direction === "outbound" ? "delivered" : "read",
      },
      ...{ sender_user_id: direction === "outbound" ? ana.id : null, occurred_at: at(-minutes), ...more },
    }),
  });
  const messages = [
    message(conversations[0], 1500, "inbound", "Hello, could you send us an offer for three sites?"),
    message(conversations[0], 1440, "outbound", "Gladly. You have it **tomorrow**."),
    message(conversations[0], 1439, "outbound", "Ask Ben for the discount first.", { message_type: "internal" }),
    message(conversations[0], 4, "inbound", "Thank you! One question on clause 4.2: can liability be capped?"),
    message(conversations[1], 60, "inbound", "Hi, is the demo still on?"),
    message(conversations[1], 55, "outbound", "Yes, at two.", {
      status: "failed",
      failure_reason: "The number is not on WhatsApp.",
    }),
    message(conversations[2], 900, "inbound", "Please call back."),
    message(conversations[3], 3000, "outbound", "Settled, thank you."),
  ];
  return {
    projects,
    "project-members": members,
    "time-entries": entries,
    tickets,
    "ticket-comments": comments,
    invoices,
    "invoice-items": items,
    payments: [],
    refunds: [],
    conversations,
    messages,
    documents: [],
    ...buildReports(record),
    campaigns: [
      record({ name: "Autumn mailing", type: "email", status: "active", budget: "5000.00", currency: "USD", owner_id: ana.id }),
    ],
    "email-templates": [
      record({ name: "Reminder", subject: "Your offer", body_text: "Our offer {{ offer.number }} ends soon.", is_active: true }),
      record({
        name: "Offer",
        subject: "Your offer",
        body_text: "Dear {{contact.first_name}},\n\nhere is your offer.",
        is_active: true,
      }),
    ],
  };
}

const minutesAgo = (minutes) => new Date(Date.now() - minutes * MINUTE).toISOString();
export const buildNotifications = (uuid, store) =>
  [
    [
      "mention",
      "Ben Okafor mentioned you",
      "Ask @Ana Whitfield about the price",
      "info",
      `/companies/${store.companies[0].id}`,
      5,
    ],
    [
      "assignment",
      "Ben Okafor assigned a ticket to you",
      store.tickets[1].subject,
      "info",
      `/tickets/${store.tickets[1].id}`,
      50,
    ],
    ["sla_warning", "A deadline is near", store.tickets[0].subject, "warning", `/tickets/${store.tickets[0].id}`, 70],
    ["import", "Your import is done", "companies.csv: 40 created", "success", null, 2000],
  ].map(([kind, title, message, type, action_url, minutes], index) => ({
    ...{ id: uuid(), kind, title, message, type, action_url, is_read: index > 2, read_at: null },
    ...{ entity: null, record_id: null, created_at: minutesAgo(minutes), created_by: null },
  }));
export const buildPreferences = () =>
  [
    ["mention", "Mentions", "Somebody names you in a note"],
    ["assignment", "Assignments", "A task, lead, deal or ticket is given to you"],
    ["sla_warning", "Deadlines ahead", "A ticket of yours is about to miss its deadline"],
  ].map(([kind, label, description]) => ({ kind, label, description, in_app: true, email: false, digest: "off" }));
