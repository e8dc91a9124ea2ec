import { can, findEntity, isGranted } from "@/api/queries";
import type { Me, Meta, Permission } from "@/api/types";

export const SETTINGS_PAGES = [
  "account",
  "notifications",
  "organization",
  "people",
  "roles",
  "pipelines",
  "fields",
  "tags",
  "industries",
] as const;
export type SettingsPageName = (typeof SETTINGS_PAGES)[number];
export const SETTINGS_GROUPS = ["you", "organization", "records"] as const;

type SettingsPage = {
  name: SettingsPageName;
  group: (typeof SETTINGS_GROUPS)[number];
  icon: string;
  to: `/settings/${SettingsPageName}`;
  /** Whether the page is offered: what one may only look at is left out of the navigation, and still opens by its address. */
  offered: (me: Me, meta: Meta) => boolean;
};

const may = (entity: string, ...permissions: Permission[]) => {
  return (_: Me, meta: Meta) => {
    const held = findEntity(meta, entity);
    return held !== undefined && permissions.some((permission) => can(held, permission));
  };
};
const page = (
  name: SettingsPageName,
  group: SettingsPage["group"],
  icon: string,
  offered: SettingsPage["offered"],
): SettingsPage => ({ name, group, icon, offered, to: `/settings/${name}` });

/** Every page of the settings, in the order of their navigation. */
export const settingsPages: SettingsPage[] = [
  page("account", "you", "user-cog", () => true),
  page("notifications", "you", "bell", () => true),
  page("organization", "organization", "building-2", (me) => isGranted(me, "organization", "configure")),
  page("people", "organization", "users", may("user", "read")),
  page("roles", "organization", "shield-check", may("role", "create", "update")),
  page("pipelines", "records", "git-branch", may("pipeline", "create", "update")),
  page("fields", "records", "sliders-horizontal", may("custom_field", "create", "update")),
  page("tags", "records", "tag", may("tag", "create", "update")),
  page("industries", "records", "factory", may("industry", "create", "update")),
];
export const offeredPages = (me: Me, meta: Meta): SettingsPage[] => settingsPages.filter((one) => one.offered(me, meta));

/** The page on which records of an entity are looked after, where there is one. */
const HOMES: Record<string, SettingsPageName> = {
  user: "people",
  team: "people",
  role: "roles",
  pipeline: "pipelines",
  stage: "pipelines",
  custom_field: "fields",
  tag: "tags",
  industry: "industries",
};
export const hasSettingsPage = (entity: string): boolean => Object.hasOwn(HOMES, entity);
