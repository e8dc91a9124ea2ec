// Made-up people with their roles and teams, and what each shipped role may do.

const OWNED = ["assigned", "assigned_or_unowned", "team", "all"];
const WRITTEN = ["assigned", "team", "all"];
const WHOLE = ["all"];
const EVERYTHING = ["create", "read", "update", "delete", "import", "export", "bulk", "assign"];
const scopesOf = (resource, action) => {
  if (!["companies", "contacts", "leads", "deals", "tasks", "notes", "interactions", "activities", "imports"].includes(resource))
    return WHOLE;
  if (action !== "read") return WRITTEN;
  return resource === "companies" ? [...OWNED.slice(0, 3), "active", "all"] : OWNED;
};
const resource = (name, label, actions) => ({
  resource: name,
  label,
  actions: actions.map((action) => ({ action, scopes: scopesOf(name, action) })),
});
/** Everything that can be permitted, as GET /permissions answers it. */
export const RESOURCES = [
  resource("activities", "Activities", ["read", "export"]),
  resource("audit_log", "Audit log", ["read", "export"]),
  resource("companies", "Companies", EVERYTHING),
  resource("company_members", "Company members", ["create", "read", "update", "delete", "import", "export"]),
  resource("contacts", "Contacts", EVERYTHING),
  resource("custom_fields", "Custom fields", ["create", "read", "update", "delete"]),
  resource("deals", "Deals", EVERYTHING),
  resource("imports", "Imports", ["create", "read", "update"]),
  resource("industries", "Industries", ["create", "read", "update", "delete", "import", "export"]),
  resource("interactions", "Interactions", ["create", "read", "import", "export"]),
  resource("leads", "Leads", EVERYTHING),
  resource("notes", "Notes", ["create", "read", "update", "delete", "export"]),
  resource("organization", "Organization", ["read", "configure"]),
  resource("personal_data", "Personal data", ["read"]),
  resource("pipelines", "Pipelines", ["create", "read", "update", "delete"]),
  resource("products", "Products", EVERYTHING),
  resource("roles", "Roles", ["create", "read", "update", "delete"]),
  resource("tags", "Tags", ["create", "read", "update", "delete"]),
  resource("tasks", "Tasks", EVERYTHING),
  resource("teams", "Teams", ["create", "read", "update", "delete", "import", "export"]),
  resource("users", "Users", ["create", "read", "update", "import", "export"]),
  resource("projects", "Projects", EVERYTHING),
  resource("time_entries", "Time entries", [...EVERYTHING, "approve"]),
  resource("tickets", "Tickets", EVERYTHING),
  resource("invoices", "Invoices", EVERYTHING),
  resource("payments", "Payments", ["create", "read", "export"]),
  resource("refunds", "Refunds", ["create", "read", "export"]),
  resource("conversations", "Conversations", EVERYTHING),
  resource("email_templates", "Email templates", EVERYTHING),
  resource("campaigns", "Campaigns", EVERYTHING),
  resource("documents", "Documents", EVERYTHING),
  resource("reports", "Reports", ["create", "read", "update", "delete", "export"]),
  resource("views", "Views", ["create", "read", "update", "delete"]),
  resource("dashboards", "Dashboards", ["create", "read", "update", "delete"]),
  resource("webhooks", "Webhooks", ["create", "read", "update", "delete"]),
  resource("automations", "Automations", ["create", "read", "update", "delete"]),
  resource("sla_policies", "SLA policies", ["create", "read", "update", "delete"]),
  resource("channel_accounts", "Channel accounts", ["create", "read", "update", "delete"]),
  resource("inbound_forms", "Inbound forms", ["create", "read", "update", "delete"]),
];

const SETUP = ["organization", "users", "roles", "teams", "industries", "tags", "custom_fields", "pipelines", "audit_log"];
const widest = (scopes, wanted) => [...wanted, "assigned", "all"].find((scope) => scopes.includes(scope));
/** What a role of this key starts with. */
export function shippedGrants(key) {
  const grants = [];
  for (const { resource: name, actions } of RESOURCES)
    for (const { action, scopes } of actions) {
      const setup = SETUP.includes(name);
      const scope =
        key === "owner" || key === "admin"
          ? "all"
          : key === "manager"
            ? setup
              ? action === "read" && name !== "audit_log"
                ? "all"
                : null
              : action === "delete"
                ? widest(scopes, ["team"])
                : "all"
            : key === "sales" || key === "member"
              ? setup
                ? action === "read" && !["roles", "audit_log"].includes(name)
                  ? "all"
                  : null
                : ["delete", "export", "bulk", "assign"].includes(action)
                  ? null
                  : widest(scopes, action === "read" && key === "sales" ? ["assigned_or_unowned"] : ["assigned"])
              : action === "read" && !["roles", "audit_log", "users", "imports"].includes(name)
                ? widest(scopes, ["active", "all"])
                : null;
      if (scope) grants.push({ resource: name, action, scope });
    }
  return grants;
}

const ROLES = [
  ["owner", "Owner", "Everything, always. There is at least one."],
  ["admin", "Admin", "Sets the organization up and looks after its people."],
  ["manager", "Manager", "Leads a team and sees everybody's records."],
  ["sales", "Sales", "Works with one's own records and those that nobody has."],
  ["member", "Member", "Works with what is assigned."],
  ["viewer", "Viewer", "Looks, and changes nothing."],
];
const ROLE_OF = ["owner", "manager", "sales", "sales", "admin", "sales", "viewer"];

/** Roles, teams and members for the people there are, and two more: one invited, one who has left. */
export function buildPeople(users, { record, stamp }) {
  const roles = ROLES.map(([key, name, description]) => record({ name, key, description, is_system: true }));
  const teams = [
    record({ name: "Field sales", description: "Visits customers in the north and the west." }),
    record({ name: "Inside sales", description: null }),
  ];
  const roleId = (key) => roles.find((role) => role.key === key).id;
  users.forEach((user, index) => {
    Object.assign(user, {
      role_id: roleId(ROLE_OF[index] ?? "sales"),
      status: "active",
      team_id: index === 0 ? null : teams[index % 2].id,
      manager_id: index > 1 ? users[1].id : null,
      phone: null,
      job_title: ["Managing director", "Head of sales", "Account executive"][index] ?? "Account executive",
      is_verified: true,
    });
    delete user.is_active;
  });
  const more = [
    record({
      full_name: "Hana Sato",
      email: "hana.sato@kith.test",
      status: "invited",
      role_id: roleId("sales"),
      team_id: teams[0].id,
      last_login_at: null,
      is_verified: false,
      manager_id: null,
    }),
    record({
      full_name: "Igor Petrov",
      email: "igor.petrov@kith.test",
      status: "suspended",
      role_id: roleId("sales"),
      team_id: null,
      last_login_at: stamp(140),
      is_verified: true,
      manager_id: null,
    }),
  ];
  return {
    roles,
    teams,
    users: [...users, ...more],
    "team-members": users.filter((user) => user.team_id).map((user) => record({ team_id: user.team_id, user_id: user.id })),
    tags: [
      ["Enterprise", "violet"],
      ["Partner", "teal"],
      ["EU", "blue"],
      ["VIP", "pink"],
      ["At risk", "red"],
    ].map(([name, color]) => record({ name, color })),
    "custom-fields": [
      record({
        entity: "company",
        key: "tier",
        label: "Tier",
        kind: "choice",
        choices: [
          { value: "gold", label: "Gold", hue: "amber" },
          { value: "silver", label: "Silver", hue: "gray" },
          { value: "bronze", label: "Bronze", hue: "orange" },
        ],
        position: 1,
        is_required: false,
        is_unique: false,
        is_filterable: true,
        help: null,
      }),
      record({
        entity: "company",
        key: "visits",
        label: "Visits",
        kind: "integer",
        choices: [],
        position: 2,
        is_required: false,
        is_unique: false,
        is_filterable: true,
        help: "Visits in person, this year.",
      }),
    ],
  };
}

const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1";
const FIREFOX = "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0";
const ago = (hours) => new Date(Date.now() - hours * 36e5).toISOString();
export const buildSessions = (uuid) =>
  [
    [true, CHROME, "203.0.113.7", 72, 0],
    [false, IPHONE, "198.51.100.24", 400, 5],
    [false, FIREFOX, "203.0.113.9", 900, 190],
  ].map(([current, user_agent, ip_address, made, used]) => ({
    id: uuid(),
    current,
    user_agent,
    ip_address,
    created_at: ago(made),
    last_used_at: ago(used),
    expires_at: ago(-700),
  }));
export const buildKeys = (uuid) => [
  {
    ...{ id: uuid(), name: "Website form", prefix: "kith_3fA9", scopes: ["leads:create", "leads:read"] },
    ...{ created_at: ago(2000), last_used_at: ago(2), expires_at: null },
  },
  {
    ...{ id: uuid(), name: "Revenue sheet", prefix: "kith_Zk2q", scopes: ["read"] },
    ...{ created_at: ago(3000), last_used_at: null, expires_at: ago(200) },
  },
];
