// Duplicates, merging and who sees what, in the stand-in.
import { find, problem } from "./records.mjs";

export function createTrust({ store, update, include, entityOf, actor }) {
  const apart = new Set();
  const merges = [];
  const pair = (one, other) => [one, other].sort().join("/");

  function reset() {
    apart.clear();
    merges.length = 0;
    // Somebody typed a company in twice.
    const [first] = store.companies;
    store.companies[1] = {
      ...store.companies[1],
      ...{ name: `${first.name} Ltd`, website: first.website, phone: "+4930555999", employee_count: null, tags: ["EU"] },
    };
  }
  function groups(entity) {
    const rows = store[entity.plural].filter((row) => !row.deleted_at);
    const bySite = new Map();
    for (const row of rows) if (row.website) bySite.set(row.website, [...(bySite.get(row.website) ?? []), row]);
    return [...bySite.values()]
      .filter((same) => same.length === 2 && !apart.has(pair(same[0].id, same[1].id)))
      .slice(0, 5)
      .map((records) => ({
        score: 92,
        reasons: [{ field: "website", code: "domain", similarity: 1 }],
        records: records.map((record) => include(entity, record, "owner,industry")),
        pairs: [],
      }));
  }
  function merge(entity, stays, { with: other, fields }) {
    const goes = find(store[entity.plural], other);
    if (!goes || goes === stays)
      throw problem(422, "validation", "Some fields are not right.", [
        { field: "with", code: "same_record", message: "must be another record" },
      ]);
    const before = { ...stays };
    const taken = Object.fromEntries(
      Object.entries(fields).flatMap(([name, side]) => (side === "theirs" ? [[name, goes[name]]] : [])),
    );
    update(entity, stays, { ...taken, tags: [...new Set([...(stays.tags ?? []), ...(goes.tags ?? [])])] });
    goes.deleted_at = new Date().toISOString();
    merges.push({ stays, goes, before });
    return [200, stays];
  }
  function undo(entity, stays) {
    const last = merges.pop();
    if (!last) throw problem(409, "no_merge", "There is nothing to undo.");
    last.goes.deleted_at = null;
    const { version, updated_at, ...held } = last.before;
    update(entity, stays, held);
    return [200, { record: stays, restored: last.goes }];
  }
  function access(record) {
    const mine = record.owner_id === actor().id;
    const right = (allowed) => ({
      allowed,
      scope: "all",
      reasons: allowed ? [{ by: mine ? "owner" : "role", field: "owner_id" }] : [],
    });
    const rights = { read: right(true), update: right(true), delete: right(false) };
    return [
      200,
      {
        you: rights,
        people: store.users.slice(0, 4).map(({ id, full_name, role_id }) => ({
          user: { id, full_name, role: { key: "member", name: find(store.roles, role_id)?.name ?? "Member" } },
          ...rights,
        })),
        page: { limit: 50, next_offset: null },
      },
    ];
  }

  return {
    reset,
    answer(method, [first, second, third, fourth], body, query) {
      const entity = entityOf.get(first);
      if (!entity) return null;
      if (entity.mergeable && second === "duplicates")
        return [200, { data: groups(entity), page: { limit: 20, next_cursor: null } }];
      const record = second && find(store[first], second);
      if (!record) return null;
      if (third === "access") return access(record);
      if (!entity.mergeable) return null;
      if (third === "not-duplicates") {
        if (method === "POST") apart.add(pair(record.id, body.with));
        else apart.delete(pair(record.id, query.with));
        return [204, null];
      }
      if (third === "merge") return fourth === "undo" ? undo(entity, record) : merge(entity, record, body);
      return null;
    },
  };
}
