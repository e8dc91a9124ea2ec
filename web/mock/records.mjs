// Filtering, sorting and nesting for the mock: the plain reading of the interface, without any cleverness.

export const find = (rows, id) => rows?.find((row) => row.id === id);

export function problem(status, code, detail, errors = [], extra = {}) {
  const error = new Error(detail);
  error.problem = { type: "about:blank", title: detail, status, code, detail, errors, request_id: "mock", ...extra };
  return error;
}

/** The value of a field; of one that a reference leads to ("pipeline.entity"), looked up there. */
function valueIn(record, name, store) {
  if (name.startsWith("custom.")) return record.custom_fields?.[name.slice(7)];
  const [first, second] = name.split(".");
  if (!second || !store) return record[name];
  const id = record[`${first}_id`];
  for (const rows of Object.values(store)) {
    const held = id && find(rows, id);
    if (held) return held[second];
  }
  return undefined;
}
const NUMERIC = new Set(["integer", "decimal", "money", "percent"]);

const iso = (date) => date.toISOString().slice(0, 10);
/** First and last day of a named or relative day. */
function spanOf(value) {
  const today = new Date();
  const at = (days) => iso(new Date(today.getTime() + days * 864e5));
  const month = (from, to) => [
    iso(new Date(Date.UTC(today.getFullYear(), from, 1))),
    iso(new Date(Date.UTC(today.getFullYear(), to, 0))),
  ];
  const quarter = Math.floor(today.getMonth() / 3) * 3;
  const weekday = (today.getDay() + 6) % 7;
  const named = {
    today: () => [at(0), at(0)],
    yesterday: () => [at(-1), at(-1)],
    tomorrow: () => [at(1), at(1)],
    this_week: () => [at(-weekday), at(6 - weekday)],
    last_week: () => [at(-weekday - 7), at(-weekday - 1)],
    this_month: () => month(today.getMonth(), today.getMonth() + 1),
    last_month: () => month(today.getMonth() - 1, today.getMonth()),
    next_month: () => month(today.getMonth() + 1, today.getMonth() + 2),
    this_quarter: () => month(quarter, quarter + 3),
    last_quarter: () => month(quarter - 3, quarter),
    next_quarter: () => month(quarter + 3, quarter + 6),
    this_year: () => month(0, 12),
  }[value];
  if (named) return named();
  const offset = /^([+-]?\d+)d$/.exec(value);
  return offset ? [at(Number(offset[1])), at(Number(offset[1]))] : null;
}

function matches(entity, record, tree, me, store) {
  if (tree.and) return tree.and.every((one) => matches(entity, record, one, me, store));
  if (tree.or) return tree.or.some((one) => matches(entity, record, one, me, store));
  if (tree.not) return !matches(entity, record, tree.not, me, store);
  const field = entity.fields.find((one) => one.name === tree.field) ?? { kind: "text" };
  const held = valueIn(record, tree.field, store);
  const wanted = (value) => (value === "me" ? me : value);
  const list = [tree.value].flat().map(wanted);
  const blank = held === null || held === undefined || held === "" || (Array.isArray(held) && held.length === 0);
  if (tree.op === "is_null") return blank === (tree.value !== false && tree.value !== "false");
  if (tree.op === "has") return Array.isArray(held) && held.some((one) => list.includes(one));
  if (tree.op === "ne") return held !== list[0];
  if (tree.op === "nin") return !list.includes(held);
  if (blank) return false;
  if (tree.op === "in") return list.includes(held);
  if (tree.op === "contains") return String(held).toLowerCase().includes(String(list[0]).toLowerCase());
  if (tree.op === "starts") return String(held).toLowerCase().startsWith(String(list[0]).toLowerCase());
  if (NUMERIC.has(field.kind))
    return compare(
      tree.op,
      Number(held),
      list.map(Number).map((value) => [value, value]),
    );
  if (field.kind === "date" || field.kind === "timestamp")
    return compare(
      tree.op,
      String(held).slice(0, 10),
      list.map((value) => spanOf(value) ?? [String(value).slice(0, 10), String(value).slice(0, 10)]),
    );
  return compare(
    tree.op,
    typeof held === "boolean" ? held : String(held),
    list.map((value) => [value, value]),
  );
}
function compare(op, held, [[low, high], second]) {
  switch (op) {
    case "gt":
      return held > high;
    case "gte":
      return held >= low;
    case "lt":
      return held < low;
    case "lte":
      return held <= high;
    case "between":
      return held >= low && held <= second[1];
    default:
      return low === high ? held === low : held >= low && held <= high;
  }
}

export function queryRows(entity, store, entities, { filter, q, sort, deleted, archived, me }) {
  const tree = typeof filter === "string" && filter ? JSON.parse(filter) : filter;
  let rows = (store[entity.plural] ?? []).filter((row) => (deleted === "only" ? row.deleted_at : !row.deleted_at));
  // Archived ones are left out unless they are asked for, one way or the other.
  if (entity.archive && !JSON.stringify(tree ?? "").includes(entity.archive) && archived !== "with")
    rows = rows.filter((row) => (row[entity.archive] === true) === (archived === "only"));
  if (tree) rows = rows.filter((row) => matches(entity, row, tree, me, store));
  if (q) {
    const words = String(q).toLowerCase();
    const searched = entity.fields.filter((field) => field.searchable).map((field) => field.name);
    rows = rows.filter((row) =>
      searched.some((name) =>
        String(valueIn(row, name) ?? "")
          .toLowerCase()
          .includes(words),
      ),
    );
  }
  if (sort) {
    const descending = sort.startsWith("-");
    const name = sort.replace(/^-/, "");
    const field = entity.fields.find((one) => one.name === name);
    const target = field?.reference && entities.find((one) => one.name === field.reference);
    const key = (row) => {
      const value = valueIn(row, name);
      if (value === null || value === undefined) return null;
      if (target) return String(find(store[target.plural], value)?.[target.title_field] ?? "");
      return NUMERIC.has(field?.kind) ? Number(value) : value;
    };
    rows = rows
      .map((row) => [key(row), row])
      .sort(([one], [other]) => {
        if (one === null) return 1;
        if (other === null) return -1;
        return (one < other ? -1 : one > other ? 1 : 0) * (descending ? -1 : 1);
      })
      .map(([, row]) => row);
  }
  return rows;
}

export function withIncludes(entity, record, store, entities, include) {
  if (!include) return record;
  const nested = {};
  for (const name of String(include).split(",")) {
    const field = entity.fields.find((one) => one.include === name);
    if (field?.kind === "any_reference") {
      nested[name] = subjectOf(field, record, store, entities);
      continue;
    }
    const target = field && entities.find((one) => one.name === field.reference);
    if (!target) continue;
    const held = find(store[target.plural], record[field.name]);
    nested[name] = held
      ? { id: held.id, [target.title_field]: held[target.title_field], ...(held.color ? { color: held.color } : {}) }
      : null;
  }
  return { ...record, ...nested };
}

/** The record that something is about, by its name. */
function subjectOf(field, record, store, entities) {
  const target = entities.find((one) => one.name === record[field.entity_field]);
  const held = target && find(store[target.plural], record[field.name]);
  return held ? { id: held.id, entity: target.name, title: held[target.title_field] } : null;
}
