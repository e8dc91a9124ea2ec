import "@/i18n/auth";
import "@/i18n/settings";
import { Link, Outlet } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import { useMe, useMeta } from "@/api/queries";
import { EntityIcon } from "@/app/EntityIcon";
import { PageSkeleton } from "@/app/pages";
import { offeredPages, SETTINGS_GROUPS } from "./pages";

/** The frame of the settings: their own navigation beside the page. On narrow screens the navigation is a page itself. */
export default function SettingsLayout() {
  return (
    <div className="flex min-h-0 flex-1">
      <SettingsNavigation className="scroll hidden w-52 shrink-0 border-e p-2 pt-3 lg:flex" />
      <div className="flex min-w-0 flex-1 flex-col">
        <Suspense fallback={<PageSkeleton />}>
          <Outlet />
        </Suspense>
      </div>
    </div>
  );
}

/** The pages of the settings that this person is offered, in groups. `large` is the form it has as a page. */
export function SettingsNavigation({ className, large = false }: { className: string; large?: boolean }) {
  const { t } = useTranslation();
  const pages = offeredPages(useMe(), useMeta());
  return (
    <nav aria-label={t("settings.title")} className={`flex-col gap-4 ${className}`}>
      {SETTINGS_GROUPS.map((group) => {
        const own = pages.filter((page) => page.group === group);
        if (own.length === 0) return null;
        return (
          <div key={group}>
            <h2 className={large ? "px-1 pb-1.5 text-xs font-medium text-fg-2" : "px-2 pb-1 text-2xs font-medium text-fg-3"}>
              {t(`settings.groups.${group}`)}
            </h2>
            <ul
              className={
                large
                  ? "m-0 list-none overflow-hidden rounded-md bg-raised p-0 shadow-card"
                  : "m-0 flex list-none flex-col gap-px p-0"
              }
            >
              {own.map(({ name, icon, to }) => (
                <li key={name} className={large ? "border-b last:border-b-0" : ""}>
                  <Link
                    to={to}
                    activeProps={{ className: "active" }}
                    className={
                      large
                        ? "flex min-h-14 items-center gap-3 px-4 py-2 hover:bg-hover"
                        : "group flex h-7 items-center gap-2.5 rounded-sm px-2 font-medium text-fg-2 hover:bg-hover hover:text-fg pointer-coarse:h-10 [&.active]:bg-active [&.active]:text-fg"
                    }
                  >
                    <EntityIcon
                      name={icon}
                      size={large ? 18 : 15}
                      className="shrink-0 text-fg-3 group-hover:text-fg-2 group-[.active]:text-accent-text"
                    />
                    {large ? (
                      <>
                        <span className="min-w-0 flex-1">
                          <span className="block font-medium">{t(`settings.pages.${name}.title`)}</span>
                          <span className="block text-xs text-fg-2">{t(`settings.pages.${name}.hint`)}</span>
                        </span>
                        <ChevronRight size={16} className="shrink-0 text-fg-3 rtl:rotate-180" aria-hidden />
                      </>
                    ) : (
                      <span className="truncate">{t(`settings.pages.${name}.title`)}</span>
                    )}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}
