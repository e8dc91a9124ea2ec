// What connects the organization with others and what happens by itself, in the stand-in: webhooks and their deliveries,
// automations, forms of other sites, accounts of channels, and when support is open.
import { choices, entity, field, stamps } from "./fields.mjs";
import { find, problem } from "./records.mjs";

const json = (name, label, options) => field(name, label, "json", options);
const readOnly = { permissions: ["read"], read_only: true, soft_delete: false };

export const connectEntities = [
  entity(
    "webhook_endpoint",
    "webhook-endpoints",
    "Webhook",
    "Webhooks",
    "webhook",
    "name",
    [
      field("name", "Name", "text", { r: true }),
      field("url", "Address", "url", { r: true }),
      field("description", "Description", "long_text"),
      json("events", "Events", { r: true }),
      field("status", "Status", "choice", {
        ...{ r: true, default: "active", choices: choices("active:Active:green,paused:Paused:gray,disabled:Disabled:red") },
      }),
      field("failures", "Failures in a row", "integer", { ro: true }),
      field("last_error", "Last error", "text", { ro: true }),
      field("has_secret", "Signed", "boolean", { ro: true }),
      field("secret_changed_at", "Secret changed", "timestamp", { ro: true }),
      ...stamps,
    ],
    {
      table: ["name", "url", "status", "failures"],
      sections: [{ label: "Webhook", fields: ["name", "url", "events", "status", "description"] }],
    },
    {
      resource: "webhooks",
      soft_delete: false,
      children: [{ name: "deliveries", label: "Deliveries", entity: "webhook_delivery", field: "endpoint_id" }],
    },
  ),
  entity(
    "webhook_delivery",
    "webhook-deliveries",
    "Webhook delivery",
    "Webhook deliveries",
    "send",
    "event",
    [
      field("endpoint_id", "Webhook", "reference", { ro: true, reference: "webhook_endpoint" }),
      field("event", "Event", "text", { ro: true }),
      field("record_id", "Record", "uuid", { ro: true }),
      json("payload", "Content", { ro: true }),
      field("status", "Status", "choice", {
        ro: true,
        choices: choices("queued:Queued:gray,delivered:Delivered:green,failed:Failed and tried again:orange,dead:Given up:red"),
      }),
      field("attempts", "Attempts", "integer", { ro: true }),
      field("response_status", "Answer", "integer", { ro: true }),
      field("last_error", "Last error", "text", { ro: true }),
      field("created_at", "Created", "timestamp", { ro: true }),
    ],
    {
      table: ["created_at", "endpoint_id", "event", "status", "attempts", "response_status", "last_error"],
      sections: [
        { label: "Delivery", fields: ["endpoint_id", "event", "status", "attempts", "response_status", "last_error", "payload"] },
      ],
    },
    { resource: "webhooks", ...readOnly },
  ),
  entity(
    "automation",
    "automations",
    "Automation",
    "Automations",
    "zap",
    "name",
    [
      field("name", "Name", "text", { r: true }),
      field("description", "Description", "long_text"),
      field("is_active", "Active", "boolean", { default: false }),
      field("trigger_entity", "When a record of", "text", { r: true, help: "An entity, such as deal" }),
      field("trigger_event", "is", "choice", {
        ...{ r: true, choices: choices("created:Created:green,updated:Changed:blue,deleted:Deleted:red,restored:Restored:teal") },
      }),
      json("trigger_fields", "in one of these fields", { help: "For changes: a list of fields; empty for any" }),
      json("conditions", "and", { help: "A filter, as lists take it" }),
      json("actions", "then", { r: true, help: 'A list: {"do": "update", "set": {…}}' }),
      field("run_count", "Runs", "integer", { ro: true }),
      field("last_run_at", "Last run", "timestamp", { ro: true }),
      ...stamps,
    ],
    {
      table: ["name", "trigger_entity", "trigger_event", "is_active", "run_count", "last_run_at"],
      sections: [
        { label: "Automation", fields: ["name", "description", "is_active"] },
        { label: "When and what", fields: ["trigger_entity", "trigger_event", "trigger_fields", "conditions", "actions"] },
      ],
    },
    { soft_delete: false, children: [{ name: "runs", label: "Runs", entity: "automation_run", field: "automation_id" }] },
  ),
  entity(
    "automation_run",
    "automation-runs",
    "Automation run",
    "Automation runs",
    "play",
    "id",
    [
      field("automation_id", "Automation", "reference", { ro: true, reference: "automation" }),
      field("record_id", "Record", "uuid", { ro: true }),
      field("status", "Status", "choice", {
        ro: true,
        choices: choices(
          "queued:Queued:gray,running:Running:blue,completed:Completed:green,failed:Failed:red,skipped:Skipped:gray",
        ),
      }),
      field("error", "Error", "text", { ro: true }),
      field("created_at", "Created", "timestamp", { ro: true }),
    ],
    { table: ["created_at", "automation_id", "record_id", "status", "error"] },
    { resource: "automations", ...readOnly },
  ),
  entity(
    "business_hours",
    "business-hours",
    "Business hours",
    "Business hours",
    "clock",
    "name",
    [
      field("name", "Name", "text", { r: true, u: true }),
      field("timezone", "Time zone", "text", { r: true, help: "Such as Europe/Berlin" }),
      json("weekly_hours", "Weekly hours", { r: true, help: '{"monday": [["09:00", "12:30"]]}' }),
      ...stamps,
    ],
    {
      table: ["name", "timezone", "weekly_hours", "updated_at"],
      sections: [{ label: "Business hours", fields: ["name", "timezone", "weekly_hours"] }],
    },
    { resource: "sla_policies", soft_delete: false },
  ),
  entity(
    "channel_account",
    "channel-accounts",
    "Channel account",
    "Channel accounts",
    "plug",
    "name",
    [
      field("name", "Name", "text", { r: true }),
      field("channel", "Channel", "choice", {
        ...{ r: true, create_only: true, choices: choices("email:Email:blue,whatsapp:WhatsApp:green,sms:SMS:violet") },
      }),
      field("provider", "Provider", "choice", {
        ...{ r: true, choices: choices("smtp_imap:Mailbox (SMTP and IMAP):blue,postmark:Postmark:amber,twilio:Twilio:red") },
      }),
      field("address", "Address", "text", { r: true, u: true, create_only: true }),
      field("is_active", "Active", "boolean", { default: true }),
      field("status", "Status", "choice", {
        ...{ ro: true, choices: choices("unverified:Not tried yet:gray,connected:Connected:green,failed:Failed:red") },
      }),
      json("settings", "Settings", { help: "What is no secret: server names, ports, folders" }),
      json("secret_names", "Secrets", { ro: true }),
      field("secrets_set_at", "Secrets set", "timestamp", { ro: true }),
      ...stamps,
    ],
    {
      table: ["name", "channel", "provider", "address", "status"],
      sections: [{ label: "Account", fields: ["name", "channel", "provider", "address", "is_active", "settings"] }],
    },
    { soft_delete: false },
  ),
  entity(
    "inbound_form",
    "inbound-forms",
    "Inbound form",
    "Inbound forms",
    "file-text",
    "name",
    [
      field("name", "Name", "text", { r: true }),
      field("is_active", "Active", "boolean", { default: true }),
      field("public_id", "Public id", "text", { ro: true }),
      json("fields", "Fields", { help: '[{"name": "mail", "field": "email"}]' }),
      json("allowed_origins", "Sites", { help: '["https://www.example.com"]; empty: any site' }),
      field("honeypot", "Trap", "text", { r: true, default: "company_fax" }),
      field("submission_count", "Submissions", "integer", { ro: true }),
      ...stamps,
    ],
    {
      table: ["name", "is_active", "submission_count"],
      sections: [{ label: "Form", fields: ["name", "is_active", "public_id", "fields", "honeypot", "allowed_origins"] }],
    },
  ),
];

export function buildConnect({ users, deals }, record) {
  const endpoint = record({
    ...{ name: "Data warehouse", url: "https://warehouse.example/in", events: ["deal.*", "company.created"], status: "active" },
    ...{ failures: 2, has_secret: true, secret_changed_at: "2026-10-01T09:00:00Z", last_error: null, description: null },
  });
  const deliveries = ["delivered", "failed", "dead", "queued"].map((status, at) =>
    record({
      ...{ endpoint_id: endpoint.id, event: at === 0 ? "company.created" : "deal.updated", record_id: deals[at].id, status },
      ...{ attempts: at, response_status: [200, 503, 410, null][at], last_error: at === 2 ? "The other side is gone." : null },
      ...{ payload: { id: deals[at].id, event: "deal.updated" }, created_at: `2026-11-2${at}T10:00:00Z` },
    }),
  );
  const automation = record({
    ...{ name: "Look at big deals", description: null, is_active: true, run_count: 2, last_run_at: "2026-11-20T10:00:00Z" },
    ...{ trigger_entity: "deal", trigger_event: "updated", trigger_fields: ["amount", "stage_id"] },
    conditions: {
      and: [
        { field: "amount", op: "gte", value: "25000" },
        { field: "owner_id", op: "in", value: [users[1].id] },
        { not: { field: "status", op: "eq", value: "lost" } },
      ],
    },
    actions: [
      { do: "notify", users: ["owner_id", users[1].id], title: "A big deal has moved", extra: "kept" },
      { do: "dance", how: "well" },
    ],
  });
  const day = [
    ["09:00", "12:30"],
    ["13:00", "17:00"],
  ];
  return {
    "webhook-endpoints": [endpoint],
    "webhook-deliveries": deliveries,
    automations: [automation],
    "automation-runs": ["completed", "failed"].map((status, at) =>
      record({ automation_id: automation.id, record_id: deals[at].id, status, error: at ? "Amount is required." : null }),
    ),
    "business-hours": [
      record({
        ...{ name: "Office", timezone: "Europe/Berlin" },
        weekly_hours: { monday: day, tuesday: day, wednesday: day, thursday: day, friday: [["09:00", "15:00"]] },
      }),
    ],
    "channel-accounts": [
      record({
        ...{
          name: "Hello mailbox",
          channel: "email",
          provider: "smtp_imap",
          address: "hello@northwind.example",
          is_active: true,
        },
        ...{ status: "connected", secret_names: ["password"], secrets_set_at: "2026-10-01T09:00:00Z" },
        settings: { imap_host: "mail.northwind.example", imap_port: 993, smtp_tls: true },
      }),
    ],
    "inbound-forms": [
      record({
        ...{ name: "Contact page", is_active: true, public_id: "f0rm1d", honeypot: "company_fax", submission_count: 0 },
        fields: [
          { name: "email", field: "email", label: "Your address", required: true },
          { name: "question", label: "Your question", required: false },
        ],
        allowed_origins: ["https://www.northwind.example"],
      }),
    ],
  };
}

export function createConnect({ store }) {
  return {
    answer(method, [first, second, third]) {
      if (first === "inbound-forms" && third === "submissions")
        return [200, { data: [], page: { limit: 20, next_cursor: null, total: null, total_is_lower_bound: false } }];
      if (first !== "webhook-deliveries" || third !== "resend" || method !== "POST") return undefined;
      const delivery = find(store[first], second);
      if (!delivery) throw problem(404, "not_found", "There is no such record.");
      if (delivery.status === "queued") throw problem(409, "conflict", "It is waiting to be sent already.");
      Object.assign(delivery, { status: "queued", last_error: null });
      return [200, delivery];
    },
  };
}
