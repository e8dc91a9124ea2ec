import { type Grant, type GrantableResource, SCOPES, type Scope } from "@/api/people";
import { inUsualOrder } from "../actions";

/** What a role grants, by "resource:action". What is not in it is not granted. */
export type Grants = ReadonlyMap<string, Scope>;
export type Row = {
  resource: string;
  label: string /** By action: the scopes that may be chosen. */;
  scopes: ReadonlyMap<string, Scope[]>;
};
export type Group = { name: GroupName; rows: Row[] };

const GROUPS = {
  records: ["companies", "company_members", "contacts", "leads", "deals", "products"],
  work: ["tasks", "notes", "interactions", "activities"],
  people: ["organization", "users", "teams", "roles"],
  setup: ["pipelines", "industries", "tags", "custom_fields"],
  data: ["personal_data", "imports", "audit_log"],
} as const;
export type GroupName = keyof typeof GROUPS | "other";
const GROUP_NAMES = Object.keys(GROUPS) as (keyof typeof GROUPS)[];

export const keyOf = (resource: string, action: string) => `${resource}:${action}`;
export const grantsOf = (list: Grant[]): Grants => new Map(list.map((one) => [keyOf(one.resource, one.action), one.scope]));
export const listOfGrants = (grants: Grants): Grant[] =>
  [...grants].map(([key, scope]) => {
    const at = key.lastIndexOf(":");
    return { resource: key.slice(0, at), action: key.slice(at + 1), scope };
  });

/** The rows in groups, and the columns that any of them has. */
export function matrixOf(resources: GrantableResource[]): { groups: Group[]; actions: string[] } {
  const row = ({ resource, label, actions }: GrantableResource): Row => ({
    resource,
    label,
    scopes: new Map(actions.map(({ action, scopes }) => [action, [...scopes].sort(byBreadth)])),
  });
  const groups: Group[] = GROUP_NAMES.map((name) => ({
    name,
    rows: GROUPS[name].flatMap((resource) => resources.filter((one) => one.resource === resource).map(row)),
  }));
  const known = new Set<string>(Object.values(GROUPS).flat());
  groups.push({ name: "other", rows: resources.filter((one) => !known.has(one.resource)).map(row) });
  const actions = inUsualOrder(resources.flatMap((one) => one.actions.map(({ action }) => action)));
  return { groups: groups.filter(({ rows }) => rows.length > 0), actions };
}
const byBreadth = (one: Scope, other: Scope) => SCOPES.indexOf(one) - SCOPES.indexOf(other);

/** Whether who holds one scope holds the other with it. */
export function covers(held: Scope | undefined, wanted: Scope): boolean {
  if (held === undefined) return false;
  if (held === wanted || held === "all") return true;
  return wanted === "assigned" && (held === "team" || held === "assigned_or_unowned");
}

/** Whether a role may do something that the person in front of the screen may not: then only others may change or copy it. */
export const exceedsMine = (role: Grants, mine: Grants): boolean =>
  [...role].some(([key, scope]) => !covers(mine.get(key), scope));

/** The keys under which two sets of grants say different things. */
export function differences(one: Grants, other: Grants): string[] {
  return [...new Set([...one.keys(), ...other.keys()])].filter((key) => one.get(key) !== other.get(key));
}

/** The grants with one cell set; null takes the permission away. */
export function withGrant(grants: Grants, key: string, scope: Scope | null): Grants {
  const next = new Map(grants);
  if (scope === null) next.delete(key);
  else next.set(key, scope);
  return next;
}

/**
 * The grants with several cells set at once, each to the scope asked for or to the widest narrower one that it offers
 * and that may be granted. A cell without any such scope stays as it is.
 */
export function withAll(grants: Grants, cells: { key: string; scopes: Scope[] }[], wanted: Scope | null, mine: Grants): Grants {
  let next = grants;
  for (const { key, scopes } of cells) {
    if (wanted === null) next = withGrant(next, key, null);
    else {
      const best = scopes.findLast((scope) => covers(wanted, scope) && covers(mine.get(key), scope));
      if (best) next = withGrant(next, key, best);
    }
  }
  return next;
}

export type Place = { row: number; column: number };
/** Where a key leads in the grid of cells, or null where it is no key of the grid. */
export function moveBy(
  event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey">,
  { row, column }: Place,
  rows: number,
  columns: number,
): Place | null {
  const far = event.ctrlKey || event.metaKey;
  const within = (next: Place): Place => ({
    row: Math.min(rows - 1, Math.max(0, next.row)),
    column: Math.min(columns - 1, Math.max(0, next.column)),
  });
  switch (event.key) {
    case "ArrowUp":
      return within({ row: far ? 0 : row - 1, column });
    case "ArrowDown":
      return within({ row: far ? rows - 1 : row + 1, column });
    case "ArrowLeft":
      return within({ row, column: far ? 0 : column - 1 });
    case "ArrowRight":
      return within({ row, column: far ? columns - 1 : column + 1 });
    case "Home":
      return within({ row: far ? 0 : row, column: 0 });
    case "End":
      return within({ row: far ? rows - 1 : row, column: columns - 1 });
    case "PageUp":
      return within({ row: row - 10, column });
    case "PageDown":
      return within({ row: row + 10, column });
    default:
      return null;
  }
}

/** One scope further or back among those that may be chosen, beginning with none: what + and − do. */
export function stepScope(now: Scope | null, allowed: Scope[], by: 1 | -1): Scope | null {
  const ladder: (Scope | null)[] = [null, ...allowed];
  const at = Math.max(0, ladder.indexOf(now));
  return ladder[Math.min(ladder.length - 1, Math.max(0, at + by))] ?? null;
}
