import { Menu } from "@base-ui/react/menu";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import {
  Check,
  ChevronDown,
  ChevronsUpDown,
  HelpCircle,
  LayoutDashboard,
  LogOut,
  Monitor,
  Moon,
  Search,
  Settings,
  Sun,
  SunMedium,
  Upload,
  UserCog,
} from "lucide-react";
import { useTranslation } from "react-i18next";
import { useMe, useMeta } from "@/api/queries";
import type { Entity } from "@/api/types";
import { number } from "@/lib/format";
import { KEYS } from "@/lib/shortcuts";
import { useRemembered } from "@/lib/storage";
import { myCountsQuery } from "@/tasks/tasks";
import { Avatar, Button, cx, DropMenu, Keys, Tip } from "@/ui";
import { Brand } from "./Brand";
import { EntityIcon } from "./EntityIcon";
import { hasDay, hasOverview, navigationOf, OWN_PAGES, type OwnPage } from "./navigation";
import { signOut, switchOrganization } from "./session";
import { setTheme, toggleTheme, useChosenTheme, useShownTheme } from "./theme";

const ITEM =
  "group flex h-7 items-center gap-2.5 rounded-sm px-2 font-medium text-fg-2 hover:bg-hover hover:text-fg pointer-coarse:h-10 [&.active]:bg-active [&.active]:text-fg";
const MARK = "text-fg-3 group-hover:text-fg-2 group-[.active]:text-accent-text";
const LIST = "m-0 flex list-none flex-col gap-px p-0";
/** What is set up once is out of the way until it is asked for. */
const FOLDED = ["setup"];
const isNames = (value: unknown): value is string[] => Array.isArray(value) && value.every((entry) => typeof entry === "string");

export function Navigation({ onGo }: { onGo?: () => void }) {
  const { t } = useTranslation();
  const meta = useMeta();
  const { parts, kept } = navigationOf(meta);
  const [folded, setFolded] = useRemembered<string[]>("navigation.folded", FOLDED, isNames);
  const item = (entity: Entity) => {
    const own = OWN_PAGES[entity.name];
    return (
      <li key={entity.name}>
        {own ? (
          <Link to={own} activeProps={{ className: "active" }} className={ITEM} onClick={() => onGo?.()}>
            <EntityIcon name={entity.icon} className={MARK} />
            <span className="truncate">{t(`nav.pages.${entity.name as OwnPage}`)}</span>
          </Link>
        ) : (
          <Link
            to="/$entity"
            params={{ entity: entity.plural }}
            activeProps={{ className: "active" }}
            className={ITEM}
            onClick={() => onGo?.()}
          >
            <EntityIcon name={entity.icon} className={MARK} />
            <span className="truncate">{entity.label_plural}</span>
          </Link>
        )}
      </li>
    );
  };
  return (
    <nav aria-label={t("nav.main")} className="scroll flex min-h-0 flex-1 flex-col gap-3 px-2 pb-3">
      {hasDay(meta) && (
        <ul className={LIST}>
          <MyDayItem onGo={onGo} />
        </ul>
      )}
      {parts.map(({ group, entities }) => {
        const open = !folded.includes(group);
        const id = `navigation-${group}`;
        return (
          <section key={group} aria-labelledby={id}>
            <h2>
              <button
                type="button"
                id={id}
                aria-expanded={open}
                onClick={() => setFolded(open ? [...folded, group] : folded.filter((name) => name !== group))}
                className="group flex h-6 w-full items-center gap-1 rounded-sm px-2 text-start text-2xs font-medium text-fg-3 hover:text-fg pointer-coarse:h-10"
              >
                {t(`nav.groups.${group}`)}
                <ChevronDown
                  size={12}
                  aria-hidden
                  className={cx(
                    "transition-transform",
                    open ? "opacity-0 group-hover:opacity-100 group-focus-visible:opacity-100" : "-rotate-90 rtl:rotate-90",
                  )}
                />
              </button>
            </h2>
            {open && (
              <ul className={LIST}>
                {group === "insight" && hasOverview(meta) && (
                  <li>
                    <Link to="/overview" activeProps={{ className: "active" }} className={ITEM} onClick={() => onGo?.()}>
                      <LayoutDashboard size={15} strokeWidth={1.9} className={MARK} aria-hidden />
                      <span className="truncate">{t("nav.overview")}</span>
                    </Link>
                  </li>
                )}
                {entities.map(item)}
              </ul>
            )}
          </section>
        );
      })}
      <ul className={cx(LIST, "mt-auto")}>
        <li>
          <Link to="/imports" activeProps={{ className: "active" }} className={ITEM} onClick={() => onGo?.()}>
            <Upload size={15} strokeWidth={1.9} className={MARK} aria-hidden />
            <span className="truncate">{t("imports.title")}</span>
          </Link>
        </li>
        {kept.map(item)}
        <li>
          <Link to="/settings" activeProps={{ className: "active" }} className={ITEM} onClick={() => onGo?.()}>
            <Settings size={15} strokeWidth={1.9} className={MARK} aria-hidden />
            <span className="truncate">{t("settings.title")}</span>
          </Link>
        </li>
      </ul>
    </nav>
  );
}

/** The way to one's own day, with how much of it is due. */
function MyDayItem({ onGo }: { onGo?: (() => void) | undefined }) {
  const { t } = useTranslation();
  const { data } = useQuery(myCountsQuery);
  const due = (data?.page.counts?.overdue ?? 0) + (data?.page.counts?.today ?? 0);
  const late = (data?.page.counts?.overdue ?? 0) > 0;
  return (
    <li>
      <Link to="/my-day" activeProps={{ className: "active" }} className={ITEM} onClick={() => onGo?.()}>
        <SunMedium size={15} strokeWidth={1.9} className={MARK} aria-hidden />
        <span className="truncate">{t("day.title")}</span>
        {due > 0 && (
          <span className={`tabular ms-auto text-2xs ${late ? "text-danger-text" : "text-fg-3"}`}>
            {number(due)}
            <span className="sr-only"> {t("day.due")}</span>
          </span>
        )}
      </Link>
    </li>
  );
}

/** The organization in use, and the way to the others. */
export function OrganizationSwitcher() {
  const { t } = useTranslation();
  const me = useMe();
  const others = me.memberships.filter((membership) => membership.status === "active");
  return (
    <Menu.Root>
      <Menu.Trigger
        aria-label={t("nav.organization", { name: me.organization.name })}
        className="flex h-9 min-w-0 flex-1 items-center gap-2 rounded-sm px-1 text-start font-semibold hover:bg-hover data-[popup-open]:bg-hover pointer-coarse:h-10"
      >
        <Brand />
        <span className="min-w-0 flex-1 truncate">{me.organization.name}</span>
        <ChevronsUpDown size={13} className="me-1 shrink-0 text-fg-3" aria-hidden />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={4} align="start" className="z-50">
          <Menu.Popup className="popup min-w-56 p-1">
            <div className="px-2 pt-1.5 pb-1 text-2xs font-medium text-fg-3">{t("nav.organizations")}</div>
            {others.map((membership) => {
              const current = membership.organization_id === me.organization.id;
              return (
                <Menu.Item
                  key={membership.organization_id}
                  className="menu-item"
                  onClick={() => {
                    if (!current) void switchOrganization(membership.organization_id);
                  }}
                >
                  <Avatar name={membership.organization_name} square size={18} />
                  <span className="min-w-0 flex-1 truncate">{membership.organization_name}</span>
                  {current && <Check size={14} className="text-accent-text" aria-label={t("nav.current")} />}
                </Menu.Item>
              );
            })}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

/** Who is signed in, the theme, and the way out. */
export function PersonMenu({ onShortcuts, onGo }: { onShortcuts: () => void; onGo?: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const navigate = useNavigate();
  const shown = useShownTheme();
  const chosen = useChosenTheme();
  return (
    <div className="flex items-center gap-1 border-t p-2">
      <DropMenu
        label={t("nav.account")}
        trigger={
          <button
            type="button"
            className="flex h-9 min-w-0 flex-1 items-center gap-2 rounded-sm px-1 text-start hover:bg-hover data-[popup-open]:bg-hover pointer-coarse:h-10"
          >
            <span className="sr-only">{t("nav.account")}</span>
            <Avatar name={me.user.full_name} size={24} />
            <span className="min-w-0 flex-1">
              <span className="block truncate leading-4 font-medium">{me.user.full_name}</span>
              <span className="block truncate text-2xs leading-[14px] text-fg-3">{me.role.name}</span>
            </span>
          </button>
        }
        items={[
          { heading: me.user.email ?? me.user.full_name },
          {
            label: t("settings.pages.account.title"),
            icon: <UserCog size={14} />,
            onSelect: () => {
              onGo?.();
              void navigate({ to: "/settings/account" });
            },
          },
          "separator",
          { label: t("theme.light"), icon: <Sun size={14} />, checked: chosen === "light", onSelect: () => setTheme("light") },
          { label: t("theme.dark"), icon: <Moon size={14} />, checked: chosen === "dark", onSelect: () => setTheme("dark") },
          {
            label: t("theme.system"),
            icon: <Monitor size={14} />,
            checked: chosen === "system",
            onSelect: () => setTheme("system"),
          },
          "separator",
          { label: t("shortcuts.title"), icon: <HelpCircle size={14} />, keys: KEYS["everywhere.help"], onSelect: onShortcuts },
          { label: t("session.signOut"), icon: <LogOut size={14} />, onSelect: () => void signOut() },
        ]}
      />
      <Tip label={t("theme.toggle")} keys={KEYS["everywhere.theme"]}>
        <Button variant="ghost" size="icon" aria-label={t("theme.toggle")} onClick={toggleTheme}>
          {shown === "dark" ? <Sun size={15} /> : <Moon size={15} />}
        </Button>
      </Tip>
    </div>
  );
}

export function SearchButton({ onOpen }: { onOpen: () => void }) {
  const { t } = useTranslation();
  return (
    <button
      type="button"
      aria-keyshortcuts="Control+K"
      onClick={onOpen}
      className="mx-2 mb-3 flex h-8 shrink-0 items-center gap-2 rounded-sm bg-canvas px-2 text-fg-2 shadow-[inset_0_0_0_1px_var(--line)] hover:shadow-[inset_0_0_0_1px_var(--line-strong)]"
    >
      <Search size={14} className="text-fg-3" aria-hidden />
      <span className="flex-1 truncate text-start">{t("nav.search")}</span>
      <Keys keys={KEYS["everywhere.palette"]} />
    </button>
  );
}
