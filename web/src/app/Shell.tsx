import { Dialog } from "@base-ui/react/dialog";
import { Outlet, useNavigate } from "@tanstack/react-router";
import { Menu, RefreshCw, Search, X } from "lucide-react";
import { Suspense, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMe, useMeta } from "@/api/queries";
import { VerifyBanner } from "@/auth/VerifyBanner";
import { useHotkeys } from "@/lib/hotkeys";
import { lazyNow, whenIdle } from "@/lib/lazyNow";
import { KEYS } from "@/lib/shortcuts";
import { Bell } from "@/notifications/Bell";
import { ConflictDialog } from "@/records/ConflictDialog";
import { ConfirmDialog, QuestionDialog } from "@/records/QuestionDialog";
import { HOSTS } from "@/records/special";
import { Button } from "@/ui";
import { Brand } from "./Brand";
import { commandsOf } from "./commands";
import { PageSkeleton } from "./pages";
import { Navigation, OrganizationSwitcher, PersonMenu, SearchButton } from "./Sidebar";
import { useOnline } from "./useOnline";
import { useNewVersion } from "./version";

const Palette = lazyNow(() => import("./Palette"));
const ShortcutSheet = lazyNow(() => import("./ShortcutSheet"));

/** The frame around every page of a signed-in person. */
export function Shell() {
  const { t } = useTranslation();
  const meta = useMeta();
  const me = useMe();
  const navigate = useNavigate();
  const online = useOnline();
  const newVersion = useNewVersion();
  const [palette, setPalette] = useState(false);
  const [sheet, setSheet] = useState(false);
  const [drawer, setDrawer] = useState(false);
  const commands = useMemo(() => commandsOf(meta, me, navigate, () => setSheet(true)), [meta, me, navigate]);
  useEffect(() => whenIdle(Palette.preload, ShortcutSheet.preload), []);
  useHotkeys({
    ...Object.fromEntries(commands.flatMap((command) => (command.keys ? [[command.keys, command.run]] : []))),
    [KEYS["everywhere.palette"]]: () => setPalette(true),
  });
  return (
    <div className="flex h-full">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:start-2 focus:top-2 focus:z-50 focus:rounded-sm focus:bg-raised focus:px-3 focus:py-2 focus:shadow-pop"
      >
        {t("nav.skip")}
      </a>
      <aside className="hidden w-56 shrink-0 flex-col md:flex" aria-label={t("nav.sidebar")}>
        <div className="flex h-14 items-center gap-1 px-2 pt-1">
          <OrganizationSwitcher />
          <Bell />
        </div>
        <SearchButton onOpen={() => setPalette(true)} />
        <Navigation />
        <PersonMenu onShortcuts={() => setSheet(true)} />
      </aside>
      <div className="flex min-w-0 flex-1 flex-col md:py-2 md:pe-2">
        <header className="flex h-14 shrink-0 items-center justify-between gap-2 px-2 md:hidden">
          <Dialog.Root open={drawer} onOpenChange={setDrawer}>
            <Dialog.Trigger render={<Button variant="ghost" size="icon" aria-label={t("nav.open")} />}>
              <Menu size={18} />
            </Dialog.Trigger>
            <Dialog.Portal>
              <Dialog.Backdrop className="backdrop z-40" />
              <Dialog.Popup
                data-layer="dialog"
                className="fixed inset-y-0 start-0 z-40 flex w-72 flex-col bg-sunken shadow-dialog transition-transform data-[ending-style]:-translate-x-full data-[starting-style]:-translate-x-full"
              >
                <Dialog.Title className="sr-only">{t("nav.main")}</Dialog.Title>
                <div className="flex h-14 items-center gap-1 px-2">
                  <OrganizationSwitcher />
                  <Dialog.Close render={<Button variant="ghost" size="icon" aria-label={t("nav.close")} />}>
                    <X size={18} />
                  </Dialog.Close>
                </div>
                <Navigation onGo={() => setDrawer(false)} />
                <PersonMenu onShortcuts={() => setSheet(true)} onGo={() => setDrawer(false)} />
              </Dialog.Popup>
            </Dialog.Portal>
          </Dialog.Root>
          <span className="flex min-w-0 items-center gap-2 font-semibold">
            <Brand />
            <span className="truncate">{me.organization.name}</span>
          </span>
          <span className="flex items-center">
            <Bell />
            <Button variant="ghost" size="icon" aria-label={t("nav.search")} onClick={() => setPalette(true)}>
              <Search size={18} />
            </Button>
          </span>
        </header>
        {!online && (
          <p role="status" className="mb-2 rounded-sm bg-warning-soft px-3 py-1.5 text-center font-medium text-warning-text">
            {t("errors.offline")}
          </p>
        )}
        {newVersion && (
          <div
            role="status"
            className="mb-2 flex flex-wrap items-center justify-center gap-x-3 rounded-sm bg-accent-soft px-3 py-1 font-medium text-accent-text"
          >
            {t("errors.newVersion")}
            <Button size="sm" onClick={() => location.reload()}>
              <RefreshCw size={13} /> {t("errors.reload")}
            </Button>
          </div>
        )}
        {me.user.is_verified === false && <VerifyBanner email={me.user.email ?? ""} />}
        <main
          id="main"
          tabIndex={-1}
          className="flex min-h-0 flex-1 flex-col overflow-hidden bg-canvas outline-none md:rounded-lg md:shadow-card"
        >
          <Suspense fallback={<PageSkeleton />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
      <Suspense>
        {palette && <Palette commands={commands} onClose={() => setPalette(false)} />}
        {sheet && <ShortcutSheet commands={commands} onClose={() => setSheet(false)} />}
      </Suspense>
      <ConflictDialog />
      <QuestionDialog />
      <ConfirmDialog />
      {HOSTS.map((Host, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a fixed list
        <Host key={index} />
      ))}
    </div>
  );
}
