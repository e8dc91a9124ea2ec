// A small in-memory stand-in for the server: enough of the interface for the user interface's own tests, and for
// working on pages without a database. It keeps no data and knows nothing of permissions.
//   PORT (default 4610)  address it listens on (loopback only)
//   SIGNED_IN=1          every visitor is signed in already
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import zlib from "node:zlib";
import { createConnect } from "./connect.mjs";
import { build, uuid } from "./data.mjs";
import { exported } from "./export.mjs";
import { createFloor } from "./floor.mjs";
import { createImports } from "./imports.mjs";
import { currencies, entities } from "./meta.mjs";
import { createPeople } from "./people.mjs";
import { find, problem, queryRows, withIncludes } from "./records.mjs";
import { createReports } from "./reports.mjs";
import { createStages } from "./stages.mjs";
import { createTrust } from "./trust.mjs";
import { createWork } from "./work.mjs";

const PORT = Number(process.env.PORT ?? 4610);
const DIST = new URL("../dist/", import.meta.url).pathname;
const CSP =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
const TYPES = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".woff2": "font/woff2",
  ".svg": "image/svg+xml",
};

const store = {};
const history = new Map();
const activities = new Map();
const entityOf = new Map(entities.map((entity) => [entity.plural, entity]));
let actor;
const organizations = [
  {
    id: "01930000-0000-7000-9000-000000000001",
    name: "Northwind Ltd",
    slug: "northwind",
    base_currency: "USD",
    timezone: "UTC",
    locale: "en",
  },
  {
    id: "01930000-0000-7000-9000-000000000002",
    name: "Harbor Group",
    slug: "harbor",
    base_currency: "EUR",
    timezone: "UTC",
    locale: "en",
  },
];
const session = {};

/** The world as it begins: the same records, nobody's changes. */
function reset(signedIn) {
  Object.assign(store, build(Number(process.env.COMPANIES ?? 5000)));
  history.clear();
  activities.clear();
  actor = store.users[0];
  Object.assign(session, { organization: organizations[0], signedIn, expired: false });
  people.reset();
  work.reset();
  trust.reset();
  for (const plural of ["tasks", "interactions", "notes"])
    for (const record of store[plural].toReversed())
      floor.tellSubject(plural, record, record.created_at, find(store.users, record.created_by) ?? actor);
}
const floor = createFloor({
  store,
  entityOf,
  insert,
  update,
  tell,
  actor: () => actor,
  remove: (entity, record) => {
    record.deleted_at = new Date().toISOString();
    log(entity, record, "DELETE", []);
  },
});
const people = createPeople({
  ...{ store, session, entityOf, entities, insert, update, uuid, sessionBody },
  actor: () => actor,
  become: (user) => {
    actor = user;
  },
});
const stages = createStages({ store, entities, update, me: () => actor.id });
const work = createWork({
  ...{ store, uuid, insert, update, entityOf },
  include: (entity, record, names) => withIncludes(entity, record, store, entities, names),
  actor: () => actor,
});
const trust = createTrust({
  ...{ store, update, entityOf },
  include: (entity, record, names) => withIncludes(entity, record, store, entities, names),
  actor: () => actor,
});
const connect = createConnect({ store });
const reports = createReports({ store, insert, update, entityOf, actor: () => actor });
reset(process.env.SIGNED_IN === "1");

function sessionBody() {
  const { id, email, full_name, phone = null, locale = "en", timezone = "UTC", is_verified, avatar_url = null } = actor;
  return {
    token_type: "Bearer",
    expires_in: 900,
    organization: session.organization,
    user: { id, email, full_name, phone, locale, timezone, is_verified, avatar_url },
  };
}

/** Writes a record down in its history and its timeline, as the server's triggers do. */
function log(entity, record, action, changes, words = {}) {
  const change_set_id = uuid();
  const at = new Date().toISOString();
  const user = { id: actor.id, full_name: actor.full_name };
  const key = `${entity.plural}/${record.id}`;
  const entry = {
    id: uuid(),
    at,
    action,
    version: record.version,
    user,
    change_set_id,
    origin: "web",
    ip: "127.0.0.1",
    user_agent: null,
    changes,
  };
  history.set(key, [entry, ...(history.get(key) ?? [])]);
  const type = words.type ?? { INSERT: "created", UPDATE: "updated", DELETE: "deleted" }[action];
  const activity = {
    id: uuid(),
    type,
    subject: `${entity.label} ${type.replace("_", " ")}`,
    description: null,
    entity_type: entity.name,
    entity_id: record.id,
    user_id: actor.id,
    user,
    change_set_id,
    metadata: { fields: changes.map((change) => change.field), ...words.metadata },
    created_at: at,
    updated_at: at,
    version: 1,
  };
  activities.set(key, [activity, ...(activities.get(key) ?? [])]);
  store.activities.unshift(activity);
  store["audit-log"].unshift({
    id: entry.id,
    version: 1,
    action,
    table_name: entity.plural,
    user_id: actor.id,
    ip: entry.ip,
    changes,
    at,
    created_at: at,
    updated_at: at,
  });
}

/** Required fields that rules fill in, and what a lead can be called by. */
const FILLED_IN = new Set(["pipeline_id", "stage_id"]);
const NAMES = ["first_name", "last_name", "company_name", "email"];

/** An entry in the timeline of a record that tells of something written about it. */
function tell(entity, record, { type, subject, description, metadata, at, author }) {
  const key = `${entity.plural}/${record.id}`;
  const activity = {
    ...{ id: uuid(), type, subject, description, metadata, entity_type: entity.name, entity_id: record.id },
    ...{ user_id: author.id, user: { id: author.id, full_name: author.full_name }, change_set_id: uuid() },
    ...{ created_at: at, updated_at: at, version: 1 },
  };
  const held = [activity, ...(activities.get(key) ?? [])].sort((one, other) => other.created_at.localeCompare(one.created_at));
  activities.set(key, held);
  store.activities.unshift(activity);
}

function validate(entity, values, creating, record) {
  const errors = [];
  const known = new Map(entity.fields.flatMap((field) => [field.name].map((name) => [name, field])));
  for (const name of Object.keys(values))
    if (!known.has(name)) errors.push({ field: name, code: "unknown", message: `There is no field ${name}.` });
  for (const field of entity.fields) {
    const given = field.name in values;
    if (
      field.required &&
      ((creating && !given && field.default === null && !FILLED_IN.has(field.name)) ||
        (given && (values[field.name] === null || values[field.name] === "")))
    )
      errors.push({ field: field.name, code: "required", message: `${field.label} is required.` });
  }
  if (creating && entity.name === "lead" && !NAMES.some((name) => values[name]))
    errors.push({ field: "last_name", code: "required", message: "A lead needs a name, a company or an e-mail address." });
  for (const field of entity.fields) {
    const value = values[field.name];
    const taken = (row) => row !== record && !row.deleted_at && row[field.name]?.toLowerCase() === value.toLowerCase();
    if ((field.unique || (creating && entity.name === "company" && field.name === "name")) && typeof value === "string")
      if (store[entity.plural].some(taken))
        errors.push({
          field: field.name,
          code: "duplicate",
          message: `A ${entity.label.toLowerCase()} with this ${field.label.toLowerCase()} exists already.`,
        });
  }
  const stage = values.stage_id && find(store.stages, values.stage_id);
  if (stage?.kind === "lost" && !values.lost_reason)
    errors.push({
      ...{ field: "lost_reason", code: "required", message: `A lost ${entity.label.toLowerCase()} needs its reason.` },
    });
  return errors;
}

function insert(entity, values) {
  const at = new Date().toISOString();
  const { custom_fields, ...plain } = values;
  const defaults = Object.fromEntries(
    entity.fields.filter((field) => !field.custom && field.default !== null).map((field) => [field.name, field.default]),
  );
  const record = {
    id: uuid(),
    version: 1,
    created_at: at,
    updated_at: at,
    deleted_at: null,
    ...defaults,
    ...plain,
    custom_fields: custom_fields ?? {},
  };
  if (entity.name === "contact") record.full_name = `${record.first_name} ${record.last_name}`;
  if (entity.name === "deal") {
    record.stage_id ??= store.stages[0].id;
    record.pipeline_id ??= find(store.stages, record.stage_id).pipeline_id;
    record.board_position = `000000${record.id}`;
    record.probability ??= find(store.stages, record.stage_id).probability;
    record.status = find(store.stages, record.stage_id).kind;
  }
  floor.prepare(entity.name, record);
  people.prepare(entity, values, record);
  store[entity.plural].unshift(record);
  log(entity, record, "INSERT", []);
  floor.afterInsert(entity.name, record);
  work.afterWrite(entity.name, record);
  if (entity.name === "custom_field") people.syncFields();
  return record;
}

function update(entity, record, values, words) {
  const { custom_fields, ...plain } = values;
  const changes = [];
  for (const [field, value] of Object.entries(plain))
    if (JSON.stringify(record[field] ?? null) !== JSON.stringify(value)) {
      changes.push({ field, old: record[field] ?? null, new: value });
      record[field] = value;
    }
  for (const [key, value] of Object.entries(custom_fields ?? {})) {
    changes.push({ field: `custom.${key}`, old: record.custom_fields[key] ?? null, new: value });
    record.custom_fields = { ...record.custom_fields, [key]: value };
  }
  if (entity.name === "contact") record.full_name = `${record.first_name} ${record.last_name}`;
  if (entity.name === "deal" && plain.stage_id) {
    const { probability, kind } = find(store.stages, plain.stage_id);
    Object.assign(record, { probability, status: kind });
  }
  floor.prepare(entity.name, record);
  people.prepare(entity, plain, record);
  if (changes.length === 0) return record;
  work.afterWrite(entity.name, record);
  record.version += 1;
  record.updated_at = new Date().toISOString();
  log(entity, record, "UPDATE", changes, words);
  if (entity.name === "custom_field") people.syncFields();
  return record;
}

/** A stale write merges where nobody else touched its fields, and is a conflict where somebody did. */
function conflictsOf(entity, record, given, values) {
  const since = (history.get(`${entity.plural}/${record.id}`) ?? []).filter((entry) => entry.version > given);
  return Object.keys(values).flatMap((name) => {
    const change = since
      .findLast((entry) => entry.changes.some((touched) => touched.field === name))
      ?.changes.find((touched) => touched.field === name);
    return change ? [{ field: name, mine: values[name], theirs: record[name], was: change.old }] : [];
  });
}

const page = (rows, query) => {
  const limit = Math.min(200, Number(query.limit ?? 50));
  const offset = query.cursor ? Number(query.cursor) : Number(query.offset ?? 0);
  const more = offset + limit < rows.length;
  return {
    data: rows.slice(offset, offset + limit),
    page: {
      limit,
      next_cursor: more ? String(offset + limit) : null,
      total: String(query.total) === "true" ? rows.length : null,
      total_is_lower_bound: false,
    },
  };
};
const list = (entity, query) => {
  const rows = queryRows(entity, store, entities, { ...query, me: actor.id });
  const result = page(rows, query);
  return { ...result, data: result.data.map((record) => withIncludes(entity, record, store, entities, query.include)) };
};

function bulk(entity, body) {
  const apply = ({ op, id, data }) => {
    const record = id ? find(store[entity.plural], id) : null;
    if (op === "create") return { op, record: insert(entity, data) };
    if (!record) throw problem(404, "not_found", "There is no such record.");
    if (op === "update") update(entity, record, data);
    else {
      record.deleted_at = op === "delete" ? new Date().toISOString() : null;
      work.afterWrite(entity.name, record);
      log(entity, record, op === "delete" ? "DELETE" : "UPDATE", [], op === "restore" ? { type: "restored" } : undefined);
    }
    return { op, id, record };
  };
  if (body.operations) return { results: body.operations.map(apply) };
  const rows = queryRows(entity, store, entities, { filter: body.filter, me: actor.id });
  if (body.expected !== undefined && body.expected !== rows.length)
    throw problem(409, "changed", `The filter matches ${rows.length} records now, not ${body.expected}.`);
  for (const record of rows) apply({ op: body.op, id: record.id, data: body.data });
  return { affected: rows.length };
}

const imports = createImports({ store, insert, update, uuid });

async function auth(name, body) {
  switch (name) {
    case "options":
      return [200, { registration_open: true, first: false }];
    case "register":
      if (String(body.password ?? "").length < 8)
        throw problem(422, "validation", "Some fields are not right.", [
          { field: "password", code: "too_short", message: "The password needs at least 8 characters." },
        ]);
      people.register(String(body.email).toLowerCase(), body.password);
      Object.assign(actor, { full_name: body.full_name, email: body.email });
      Object.assign(session, {
        signedIn: true,
        expired: false,
        organization: { ...organizations[0], name: body.organization_name },
      });
      return [201, sessionBody()];
    case "refresh":
      if (!session.signedIn) throw problem(401, "session_over", "The session is over.");
      session.expired = false;
      return [200, sessionBody()];
    case "logout":
      session.signedIn = false;
      return [204, null];
    case "me":
      return [
        200,
        {
          ...sessionBody(),
          ...people.me(),
          memberships: organizations.map((one) => ({
            organization_id: one.id,
            organization_name: one.name,
            role_key: people.me().role.key,
            status: "active",
          })),
        },
      ];
    case "switch-organization":
      session.organization = organizations.find((one) => one.id === body.organization_id) ?? session.organization;
      return [200, sessionBody()];
    default:
      throw problem(404, "not_found", "Not found.");
  }
}

async function answer(request, url, parts, raw) {
  const query = Object.fromEntries(url.searchParams);
  const { method } = request;
  const json = raw.length > 0 && /json/.test(request.headers["content-type"] ?? "") ? JSON.parse(raw.toString("utf8")) : {};
  if (method !== "GET" && request.headers["x-kith-client"] !== "web")
    throw problem(403, "csrf", "The request lacks the header of the application.");
  const [first, second, third, fourth] = parts;
  // Hooks for the tests: end the access token or the whole session, and change a record behind the page's back.
  if (first === "test") {
    if (second === "reset") reset(json.signed_in !== false);
    if (second === "expire") session.expired = true;
    if (second === "end") session.signedIn = false;
    if (second === "pretend") people.pretend(json);
    if (second === "change") update(entityOf.get(third), find(store[third], fourth), json);
    return [200, {}];
  }
  const anybody = first === "auth" && !third ? people.open(method, second, json, query) : null;
  if (anybody) return anybody;
  if (first === "auth" && ["options", "register", "refresh"].includes(second)) return auth(second, json);
  if (!session.signedIn) throw problem(401, "unauthenticated", "Please sign in.");
  if (session.expired) throw problem(401, "token_expired", "The session has to be renewed.");
  if (first === "auth") return people.own(method, second, third, json) ?? auth(second, json);
  if (first === "permissions") return people.permissions();
  if (first === "organization") {
    const { settings, ...rest } = json;
    Object.assign(session.organization, rest, { version: (session.organization.version ?? 1) + (method === "PATCH" ? 1 : 0) });
    session.organization.settings = { ...session.organization.settings, ...settings };
    return [200, { country: null, branding: {}, ...session.organization }];
  }
  if (first === "meta") return [200, { entities: people.entities(), currencies }];
  if (first === "imports") return imports.jobs(method, second, third);
  const worked =
    work.answer(method, parts, json, query, raw) ??
    trust.answer(method, parts, json, query) ??
    reports.answer(method, parts, json) ??
    connect.answer(method, parts);
  if (worked) return worked;
  const entity = entityOf.get(first);
  if (!entity) throw problem(404, "not_found", "Not found.");
  if (second === "import") return imports.receive(entity, third, request, raw);
  if (second === "pipeline" && entity.layout.board) return [200, stages.totals(entity, query)];
  if (second === "export") return exported(entity, list(entity, { ...query, limit: 200 }).data, query);
  if (first === "tasks" && second === "my-tasks") {
    const { rows, counts } = floor.myTasks(query);
    const result = page(rows, { limit: 50, ...query });
    const data = result.data.map((record) => withIncludes(entity, record, store, entities, "subject"));
    return [200, { data, page: { ...result.page, counts } }];
  }
  if (second === "bulk") return [200, bulk(entity, json)];
  if (second === "query") return [200, list(entity, { ...json, filter: json.filter })];
  if (!second && method === "GET") return [200, list(entity, query)];
  if (first === "users" && second === "invite") return people.invite(json);
  if (first === "roles" && !second && method === "POST") return people.makeRole(json);
  if (!second && method === "POST") {
    const errors = validate(entity, json, true);
    if (errors.length > 0) throw problem(422, "validation", "Some fields are not right.", errors);
    return [201, insert(entity, json)];
  }
  const record = find(store[first], second);
  if (!record) throw problem(404, "not_found", "There is no such record.");
  const key = `${first}/${second}`;
  if (third === "stage" && method === "PUT") return [200, stages.move(entity, record, json)];
  const given = Number(/\d+/.exec(request.headers["if-match"] ?? "")?.[0] ?? record.version);
  const special = floor.answer(method, first, record, third, json) ?? people.answer(method, first, record, third, json, given);
  if (special) return special;
  if (third === "restore") {
    record.deleted_at = null;
    log(entity, record, "UPDATE", [], { type: "restored" });
    return [200, record];
  }
  if (third === "history") return [200, page(history.get(key) ?? [], query)];
  if (third === "activities") {
    const wanted = query.filter ? JSON.parse(query.filter).value : null;
    return [
      200,
      page(
        (activities.get(key) ?? []).filter((one) => !wanted || wanted.includes(one.type)),
        query,
      ),
    ];
  }
  if (third) {
    const child = entity.children.find((one) => one.name === third);
    const target = child && entities.find((one) => one.name === child.entity);
    if (!target) throw problem(404, "not_found", "Not found.");
    const own = { field: child.field, op: "eq", value: second };
    const filter = query.filter ? { and: [own, JSON.parse(query.filter)] } : own;
    // Pinned ones come first, then the newest.
    const sort = target.name === "note" ? "-created_at" : query.sort;
    const found = list(target, { ...query, sort, filter: JSON.stringify(filter) });
    if (target.name === "note") found.data.sort((one, other) => Number(other.is_pinned) - Number(one.is_pinned));
    return [200, found];
  }
  if (method === "GET") return [200, withIncludes(entity, record, store, entities, query.include)];
  if (method === "DELETE") {
    record.deleted_at = new Date().toISOString();
    log(entity, record, "DELETE", []);
    if (entity.name === "custom_field") people.syncFields();
    return [204, null];
  }
  const errors = validate(entity, json, false, record);
  if (errors.length > 0) throw problem(422, "validation", "Some fields are not right.", errors);
  const conflicts = given < record.version ? conflictsOf(entity, record, given, json) : [];
  if (conflicts.length > 0)
    throw problem(412, "conflict", "Somebody else changed the same fields.", [], { conflicts, current: record });
  return [200, update(entity, record, json)];
}

function sendFile(response, pathname) {
  let file = path.join(DIST, path.normalize(pathname));
  if (!file.startsWith(DIST) || !fs.existsSync(file) || fs.statSync(file).isDirectory()) file = path.join(DIST, "index.html");
  const body = fs.readFileSync(file);
  const packed = /\.(js|css|html|svg)$/.test(file);
  response.writeHead(200, {
    "content-type": TYPES[path.extname(file)] ?? "application/octet-stream",
    "content-security-policy": CSP,
    "cache-control": file.includes("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
    ...(packed ? { "content-encoding": "gzip" } : {}),
  });
  response.end(packed ? zlib.gzipSync(body) : body);
}

const readBody = (request) =>
  new Promise((resolve) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk)).on("end", () => resolve(Buffer.concat(chunks)));
  });

http
  .createServer(async (request, response) => {
    const url = new URL(request.url, "http://mock");
    if (!url.pathname.startsWith("/api/v1/")) return sendFile(response, url.pathname);
    try {
      const [status, body, headers] = await answer(
        request,
        url,
        url.pathname.slice("/api/v1/".length).split("/"),
        await readBody(request),
      );
      const text = body === null ? "" : typeof body === "string" ? body : JSON.stringify(body);
      const type = typeof body === "string" ? "text/csv" : "application/json";
      response.writeHead(status, headers ?? (body === null ? {} : { "content-type": type }));
      response.end(status === 204 ? undefined : text);
    } catch (error) {
      const held = error.problem ?? {
        type: "about:blank",
        title: "Error",
        status: 500,
        code: "internal",
        detail: String(error.stack ?? error),
      };
      if (!error.problem) console.error(error);
      response.writeHead(held.status, { "content-type": "application/problem+json" });
      response.end(JSON.stringify(held));
    }
  })
  .listen(PORT, "127.0.0.1", () => console.log(`mock on http://127.0.0.1:${PORT}`));
