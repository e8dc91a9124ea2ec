import { Link } from "@tanstack/react-router";
import { ArrowLeft, ChevronRight, Settings } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useTitle } from "@/app/pages";
import { cx, ScrollRegion } from "@/ui";
import { type SettingsPageName, settingsPages } from "./pages";

/** A page of the settings: where it is, what can be done here, and its content in a column. */
export function SettingsPage({
  page,
  name,
  actions,
  wide = false,
  footer,
  children,
}: {
  page: SettingsPageName;
  /** What is looked at on a page below this one, such as one role. */
  name?: string | undefined;
  actions?: ReactNode;
  wide?: boolean;
  /** Stays in sight below what scrolls. */
  footer?: ReactNode;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const title = t(`settings.pages.${page}.title`);
  useTitle(name ?? title);
  const here = settingsPages.find((one) => one.name === page);
  return (
    <>
      <div className="flex h-12 shrink-0 items-center gap-2 border-b px-4 max-sm:h-14 max-sm:gap-1">
        <nav aria-label={t("record.breadcrumb")} className="flex min-w-0 items-center gap-1.5">
          <Link
            to={name === undefined || !here ? "/settings" : here.to}
            aria-label={name === undefined ? t("settings.title") : title}
            className="-ms-2 flex size-8 shrink-0 items-center justify-center rounded-sm text-fg-2 hover:bg-hover hover:text-fg sm:hidden pointer-coarse:size-10"
          >
            <ArrowLeft size={17} className="rtl:rotate-180" aria-hidden />
          </Link>
          <Link to="/settings" className={CRUMB}>
            <Settings size={15} aria-hidden />
            {t("settings.title")}
          </Link>
          <Separator />
          {name !== undefined && here && (
            <>
              <Link to={here.to} className={CRUMB}>
                {title}
              </Link>
              <Separator />
            </>
          )}
          <h1 className="truncate font-medium max-sm:text-base max-sm:font-semibold" aria-current="page">
            {name ?? title}
          </h1>
        </nav>
        <div className="ms-auto flex items-center gap-2">{actions}</div>
      </div>
      <ScrollRegion label={name ?? title} className="min-h-0 flex-1 bg-sunken">
        <div className={cx("mx-auto flex flex-col gap-4 p-4 lg:p-6", wide ? "max-w-[1120px]" : "max-w-[760px]")}>{children}</div>
      </ScrollRegion>
      {footer}
    </>
  );
}
const CRUMB = "flex items-center gap-1.5 rounded-xs text-fg-2 hover:text-fg max-sm:hidden pointer-coarse:min-h-10";
const Separator = () => <ChevronRight size={14} className="shrink-0 text-fg-3 max-sm:hidden rtl:rotate-180" aria-hidden />;

/** One matter of a page: what it is, what it means, and what stands beside its name. */
export function Card({
  title,
  hint,
  aside,
  flush = false,
  children,
}: {
  title: string;
  hint?: ReactNode;
  aside?: ReactNode;
  /** The content reaches the edges: a list with lines. */
  flush?: boolean;
  children?: ReactNode;
}) {
  return (
    <section aria-label={title} className="rounded-md bg-raised shadow-card">
      <div className="flex flex-wrap items-start gap-x-4 gap-y-2 px-4 pt-4 lg:px-5">
        <div className="min-w-0 flex-1 basis-44">
          <h2 className="font-semibold">{title}</h2>
          {hint && <p className="mt-0.5 text-fg-2">{hint}</p>}
        </div>
        {aside && <div className="flex flex-wrap items-center gap-2">{aside}</div>}
      </div>
      <div className={flush ? "mt-3 border-t" : "p-4 lg:px-5"}>{children}</div>
    </section>
  );
}

/** Fields beside each other where there is room. */
export const Fields = ({ children }: { children: ReactNode }) => (
  <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">{children}</div>
);

/** What waits to be saved, and the two ways out of it. In sight for as long as there is something. */
export function SaveBar({ words, children }: { words: string; children: ReactNode }) {
  return (
    <div
      role="status"
      className="flex shrink-0 flex-wrap items-center justify-end gap-2 border-t bg-raised px-4 py-2.5 shadow-[0_-4px_12px_-8px_oklch(0.25_0.02_264/0.2)]"
    >
      <span className="me-auto font-medium">{words}</span>
      {children}
    </div>
  );
}
