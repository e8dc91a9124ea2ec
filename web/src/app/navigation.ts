import type { Entity, Meta } from "@/api/types";
import { hasSettingsPage } from "@/settings/pages";

/**
 * The parts of the navigation, in their order, and in each what stands first. What no part names stands under "more"; what
 * is set up once comes last.
 */
export const NAVIGATION_GROUPS = ["sales", "delivery", "support", "finance", "marketing", "insight", "more", "setup"] as const;
export type NavigationGroup = (typeof NAVIGATION_GROUPS)[number];
const MEMBERS: Record<Exclude<NavigationGroup, "more">, string[]> = {
  sales: ["lead", "company", "contact", "deal", "product"],
  delivery: ["project", "task", "time_entry"],
  support: ["ticket", "conversation"],
  finance: ["invoice", "payment", "refund"],
  marketing: ["campaign", "email_template", "inbound_form", "suppression"],
  insight: ["dashboard", "report", "metric", "activity"],
  setup: [
    "channel_account",
    "sla_policy",
    "business_hours",
    "holiday",
    "rate",
    "exchange_rate",
    "webhook_endpoint",
    "automation",
  ],
};

/** What is kept of everything that happened: lists for those who look after the organization. */
const RECORDS_KEPT = ["audit_entry"];
/** Parts of other records and links between them: seen on the records they belong to, never as a list of their own. */
const LINKS = [
  "company_member",
  "deal_item",
  "deal_stage",
  "team_member",
  "project_member",
  "campaign_member",
  "invoice_item",
  "ticket_comment",
  "message",
  "document_version",
  "webhook_delivery",
  "automation_run",
  "record_alias",
];
/** Written about other records, and read there. Their lists are found by name, not in the navigation. */
const WRITTEN = ["note", "interaction", "document"];
/** Kept for one person, who has another way to it, or for the machine: found by name as well. */
const ASIDE = ["notification", "notification_preference", "view", "job", "job_run", "merge", "erasure"];

const groupOf = (name: string): NavigationGroup =>
  NAVIGATION_GROUPS.find((group) => group !== "more" && MEMBERS[group].includes(name)) ?? "more";
const byPlace = (group: NavigationGroup) => (one: Entity, other: Entity) =>
  group === "more" ? 0 : MEMBERS[group].indexOf(one.name) - MEMBERS[group].indexOf(other.name);

/** Kinds of records that are worked on in a page of their own; their table is reached from there. */
export type OwnPage = "conversation" | "time_entry";
export const OWN_PAGES: Record<string, "/inbox" | "/timesheet"> = { conversation: "/inbox", time_entry: "/timesheet" };

export type NavigationPart = { group: NavigationGroup; entities: Entity[] };
export type Navigation = {
  /** Every list that the navigation names, in its order. */
  records: Entity[];
  parts: NavigationPart[];
  written: Entity[];
  kept: Entity[];
};

/** The lists of the navigation, made from what this person may see. What is set up has its place in the settings. */
export function navigationOf(meta: Meta): Navigation {
  const seen = meta.entities.filter(
    (entity) => entity.permissions.includes("read") && !LINKS.includes(entity.name) && !hasSettingsPage(entity.name),
  );
  const aside = [...RECORDS_KEPT, ...WRITTEN, ...ASIDE];
  const parts = NAVIGATION_GROUPS.map((group) => ({
    group,
    entities: seen.filter((entity) => !aside.includes(entity.name) && groupOf(entity.name) === group).sort(byPlace(group)),
  })).filter((part) => part.entities.length > 0);
  return {
    parts,
    records: parts.flatMap((part) => part.entities),
    written: seen.filter((entity) => WRITTEN.includes(entity.name)),
    kept: seen.filter((entity) => RECORDS_KEPT.includes(entity.name)),
  };
}

/** Entities that the palette can search for records. */
export function searchable(meta: Meta): Entity[] {
  const { records, written } = navigationOf(meta);
  return [...records, ...written].filter(
    (entity) => entity.searchable !== false && entity.fields.some((field) => field.searchable),
  );
}
/** Those that it searches without being told which: what people look for by name. Each is one request. */
export const searchedAlways = (entity: Entity): boolean => SEARCHED.includes(entity.name);
const SEARCHED = [
  ...["lead", "company", "contact", "deal", "product", "project", "task", "ticket", "conversation", "invoice", "campaign"],
  ...["note", "interaction", "document"],
];
/** Whether this person sees a kind of record at all. */
export const sees = (meta: Meta, name: string): boolean =>
  meta.entities.some((entity) => entity.name === name && entity.permissions.includes("read"));
/** Whether there is a day of one's own to begin with. */
export const hasDay = (meta: Meta): boolean => sees(meta, "task");
/** Whether there is anything that an overview would show. */
export const hasOverview = (meta: Meta): boolean => ["deal", "invoice", "ticket"].some((name) => sees(meta, name));
