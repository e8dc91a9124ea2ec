import type { Entity, Field, Hue, Meta, Rec } from "@/api/types";
import type { PeopleSearch } from "../search";

export const statusOf = (user: Rec): string => String(user.status ?? "active");
export const STATUS_HUE: Record<string, Hue> = { active: "green", invited: "amber", suspended: "gray" };
export const roleOf = (user: Rec) => String(user.role_id ?? "");

/** The people that a search leaves: by name or address, status and role. */
export function found(people: Rec[], { q, status, role }: PeopleSearch): Rec[] {
  const wanted = (q ?? "").trim().toLowerCase();
  return people.filter(
    (user) =>
      (!status || statusOf(user) === status) &&
      (!role || roleOf(user) === role) &&
      (!wanted || `${user.full_name ?? ""} ${user.email ?? ""}`.toLowerCase().includes(wanted)),
  );
}
/** How many people there are of each status. */
export function counted(people: Rec[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const user of people) counts[statusOf(user)] = (counts[statusOf(user)] ?? 0) + 1;
  return counts;
}

/** Whether somebody is the only active owner left, who can neither be deactivated nor lose the role. */
export function isLastOwner(user: Rec, people: Rec[], ownerRole: string | undefined): boolean {
  if (!ownerRole || roleOf(user) !== ownerRole || statusOf(user) !== "active") return false;
  return people.filter((one) => roleOf(one) === ownerRole && statusOf(one) === "active").length === 1;
}

const OWNERS = ["owner_id", "assigned_to_id"];
/** The kinds of record that belong to somebody, with the field that says to whom. */
export const ownedKinds = (meta: Meta): { entity: Entity; field: Field }[] =>
  meta.entities.flatMap((entity) => {
    if (entity.read_only) return [];
    const field = entity.fields.find((one) => one.kind === "user" && OWNERS.includes(one.name) && one.filterable);
    return field ? [{ entity, field }] : [];
  });
