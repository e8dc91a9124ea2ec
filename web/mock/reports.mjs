// What reports and dashboards answer in the stand-in: a few figures of each kind, narrowed by nothing but the interval.
import { choices, entity, field, stamps } from "./fields.mjs";

const column = (name, label, kind = "text") => ({ name, label, kind });
const TYPES = {
  conversion: {
    label: "Conversion",
    parameters: ["from", "to", "interval"],
    columns: [
      column("period", "From", "date"),
      column("leads", "Leads", "integer"),
      column("rate", "Conversion rate", "percent"),
    ],
    rows: (config) =>
      (config.interval === "year" ? ["2026-01-01"] : ["2026-09-01", "2026-10-01", "2026-11-01"])
        .filter((period) => !config.from || period >= config.from)
        .map((period, at) => ({ period, leads: 12 + at * 5, rate: 20.5 + at })),
  },
  source_performance: {
    label: "Source performance",
    parameters: ["from", "to"],
    columns: [column("source", "Source"), column("count", "Leads", "integer"), column("rate", "Conversion rate", "percent")],
    rows: () => [
      { source: "referral", count: 21, rate: 38.1 },
      { source: "cold_call", count: 9, rate: 11.1 },
    ],
  },
  pipeline: {
    label: "Sales pipeline",
    parameters: ["pipeline_id"],
    columns: [
      ...[column("stage", "Key"), column("name", "Stage"), column("currency", "Currency"), column("count", "Deals", "integer")],
      ...[column("amount", "Amount", "money"), column("weighted", "Weighted", "money")],
    ],
    rows: () => [
      { stage: "lead", name: "Lead", currency: "USD", count: 64, amount: "412000.00", weighted: "41200.00" },
      { stage: "offer", name: "Proposal", currency: "USD", count: 12, amount: "98000.50", weighted: "58800.30" },
      { stage: "offer", name: "Proposal", currency: "EUR", count: 2, amount: "7000.00", weighted: "4200.00" },
    ],
  },
};

export const reportEntities = [
  entity(
    "report",
    "reports",
    "Report",
    "Reports",
    "chart-column",
    "name",
    [
      field("name", "Name", "text", { r: true }),
      field("type", "Type", "choice", {
        r: true,
        choices: choices("conversion:Conversion:green,source_performance:Source performance:blue,pipeline:Sales pipeline:violet"),
      }),
      field("description", "Description", "long_text"),
      field("config", "Settings", "json"),
      field("data", "Kept answer", "json", { ro: true }),
      field("generated_at", "Kept", "timestamp", { ro: true }),
      ...stamps,
    ],
    { table: ["name", "type", "generated_at"] },
  ),
  entity(
    "dashboard",
    "dashboards",
    "Dashboard",
    "Dashboards",
    "layout-dashboard",
    "name",
    [
      field("name", "Name", "text", { r: true }),
      field("visibility", "Seen by", "choice", {
        default: "private",
        choices: choices("private:Only me:gray,shared:Everyone:blue"),
      }),
      field("widgets", "Widgets", "json"),
      ...stamps,
    ],
    { table: ["name", "visibility", "updated_at"] },
  ),
];
export const viewEntity = entity(
  "view",
  "views",
  "View",
  "Views",
  "panels-top-left",
  "name",
  [
    field("name", "Name", "text", { r: true }),
    field("entity", "List", "text", { r: true }),
    field("visibility", "Seen by", "choice", {
      default: "private",
      choices: choices("private:Only me:gray,shared:Everyone:blue"),
    }),
    field("layout", "Layout", "choice", { default: "table", choices: choices("table:Table:gray,board:Board:violet") }),
    ...["filter", "columns"].map((name) => field(name, name, "json")),
    ...["sort", "search", "archived", "pipeline_id"].map((name) => field(name, name, "text")),
    field("owner_id", "Owner", "user", { ro: true }),
    ...stamps,
  ],
  { table: ["name", "entity", "visibility"] },
  { soft_delete: false },
);

export const buildReports = (record) => ({
  reports: [record({ name: "Leads by month", type: "conversion", config: { interval: "month" } })],
  views: [],
  dashboards: [record({ name: "Monday", visibility: "shared", widgets: [{ type: "pipeline", width: 4 }] })],
});

export function createReports({ store, insert, update, entityOf, actor }) {
  const ask = (type, config = {}) => ({ type, columns: TYPES[type].columns, rows: TYPES[type].rows(config) });
  const saved = (id) => store.reports.find((one) => one.id === id && !one.deleted_at);
  function widget(one) {
    const report = one.report_id ? saved(one.report_id) : one;
    return report ? { ...one, answer: ask(report.type, report.config) } : { ...one, error: "There is no such record." };
  }
  return {
    answer(method, [first, second, third], body) {
      if (first === "views" && method === "POST") return [201, insert(entityOf.get("views"), { ...body, owner_id: actor().id })];
      if (first === "reports" && second === "types")
        return [200, { data: Object.entries(TYPES).map(([type, { rows, ...told }]) => ({ type, ...told })) }];
      if (first === "reports" && second === "run") return [200, ask(body.type, body.config)];
      if (first === "reports" && third === "data") return [200, ask(saved(second).type, saved(second).config)];
      if (first === "reports" && third === "generate") {
        const report = saved(second);
        const kept = { data: ask(report.type, report.config), generated_at: new Date().toISOString() };
        return [200, update(entityOf.get("reports"), report, kept)];
      }
      if (first === "dashboards" && third === "data") {
        const { id, name, widgets } = store.dashboards.find((one) => one.id === second);
        return [200, { id, name, widgets: widgets.map(widget) }];
      }
      return undefined;
    },
  };
}
