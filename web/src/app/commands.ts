import type { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { can } from "@/api/queries";
import type { Me, Meta } from "@/api/types";
import i18n from "@/i18n";
import { BOARD_JUMPS, JUMPS, KEYS } from "@/lib/shortcuts";
import { within } from "@/lib/words";
import { undoLast } from "@/records/undo";
import { offeredPages } from "@/settings/pages";
import { hasDay, hasOverview, navigationOf, OWN_PAGES, type OwnPage } from "./navigation";
import { signOut } from "./session";
import { setTheme, toggleTheme } from "./theme";

export type Command = {
  id: string;
  /** `here` is what can be done with what the page shows. */
  group: "here" | "actions" | "pages" | "view";
  label: string;
  icon: { entity: string } | { name: CommandIcon };
  keys?: string;
  run: () => void;
};

export type CommandIcon =
  | "plus"
  | "upload"
  | "board"
  | "light"
  | "dark"
  | "system"
  | "out"
  | "undo"
  | "help"
  | "day"
  | "edit"
  | "archive"
  | "delete"
  | "link"
  | "convert"
  | "note"
  | "talk"
  | "done";

/** What the pages and parts that are open right now offer, each under the one who offers it. */
const offered = new Map<object, Command[]>();
/** Offers commands in the palette while the component is there. */
export function useCommands(commands: Command[]) {
  const key = useRef({});
  useEffect(() => {
    offered.set(key.current, commands);
  });
  useEffect(() => {
    const own = key.current;
    return () => void offered.delete(own);
  }, []);
}
export const commandsHere = (): Command[] => [...offered.values()].flat();

/** Every command of the application, in one place: the palette, the keys and the shortcut sheet all read it. */
export function commandsOf(meta: Meta, me: Me, navigate: ReturnType<typeof useNavigate>, showShortcuts: () => void): Command[] {
  const { records, kept, written } = navigationOf(meta);
  const go = (entity: string, search: object = {}) => void navigate({ to: "/$entity", params: { entity }, search });
  return [
    ...records
      .filter((entity) => can(entity, "create") && !entity.read_only)
      .map(
        (entity): Command => ({
          id: `new.${entity.name}`,
          group: "actions",
          label: i18n.t("list.new", { label: within(entity.label) }),
          icon: { name: "plus" },
          run: () => go(entity.plural, { create: true }),
        }),
      ),
    ...records
      .filter((entity) => can(entity, "import"))
      .map(
        (entity): Command => ({
          id: `import.${entity.name}`,
          group: "actions",
          label: i18n.t("imports.into", { label: within(entity.label_plural) }),
          icon: { name: "upload" },
          run: () => void navigate({ to: "/$entity/import", params: { entity: entity.plural } }),
        }),
      ),
    {
      id: "undo",
      group: "actions",
      label: i18n.t("common.undo"),
      icon: { name: "undo" },
      keys: KEYS["everywhere.undo"],
      run: undoLast,
    },
    ...(hasDay(meta)
      ? [
          {
            id: "go.day",
            group: "pages" as const,
            label: i18n.t("day.title"),
            icon: { name: "day" as const },
            keys: KEYS["everywhere.day"],
            run: () => void navigate({ to: "/my-day" }),
          },
        ]
      : []),
    ...(hasOverview(meta)
      ? [
          {
            id: "go.overview",
            group: "pages" as const,
            label: i18n.t("nav.overview"),
            icon: { entity: "chart-column" },
            keys: KEYS["everywhere.overview"],
            run: () => void navigate({ to: "/overview" }),
          },
        ]
      : []),
    ...[...records, ...written, ...kept].map((entity): Command => {
      const key = JUMPS[entity.name];
      return {
        id: `go.${entity.name}`,
        group: "pages",
        label: OWN_PAGES[entity.name] ? i18n.t(`nav.pages.${entity.name as OwnPage}`) : entity.label_plural,
        icon: { entity: entity.icon },
        ...(key ? { keys: `g ${key}` } : {}),
        run: () => {
          const own = OWN_PAGES[entity.name];
          if (own) void navigate({ to: own });
          else go(entity.plural);
        },
      };
    }),
    ...records
      .filter((entity) => entity.layout.board)
      .map(
        (entity): Command => ({
          id: `board.${entity.name}`,
          group: "pages",
          label: i18n.t("board.of", { label: entity.label_plural }),
          icon: { name: "board" },
          ...(BOARD_JUMPS[entity.name] ? { keys: `g ${BOARD_JUMPS[entity.name]}` } : {}),
          run: () => go(entity.plural, { layout: "board" }),
        }),
      ),
    {
      id: "go.imports",
      group: "pages",
      label: i18n.t("imports.title"),
      icon: { name: "upload" },
      run: () => void navigate({ to: "/imports" }),
    },
    ...offeredPages(me, meta).map(
      (page): Command => ({
        id: `settings.${page.name}`,
        group: "pages",
        label: i18n.t("settings.of", { page: i18n.t(`settings.pages.${page.name}.title`) }),
        icon: { entity: page.icon },
        ...(page.name === "account" ? { keys: "g s" } : {}),
        run: () => void navigate({ to: page.to }),
      }),
    ),
    {
      id: "theme.toggle",
      group: "view",
      label: i18n.t("theme.toggle"),
      icon: { name: "dark" },
      keys: KEYS["everywhere.theme"],
      run: toggleTheme,
    },
    { id: "theme.light", group: "view", label: i18n.t("theme.light"), icon: { name: "light" }, run: () => setTheme("light") },
    { id: "theme.dark", group: "view", label: i18n.t("theme.dark"), icon: { name: "dark" }, run: () => setTheme("dark") },
    { id: "theme.system", group: "view", label: i18n.t("theme.system"), icon: { name: "system" }, run: () => setTheme("system") },
    {
      id: "help",
      group: "view",
      label: i18n.t("shortcuts.title"),
      icon: { name: "help" },
      keys: KEYS["everywhere.help"],
      run: showShortcuts,
    },
    { id: "sign-out", group: "view", label: i18n.t("session.signOut"), icon: { name: "out" }, run: () => void signOut() },
  ];
}
