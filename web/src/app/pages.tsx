import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { FileQuestion, TriangleAlert } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { explain, requestIdOf } from "@/records/errors";
import { Button, buttonClass, cx, Empty, Skeleton } from "@/ui";

/** Names the browser's tab. */
export function useTitle(title: string) {
  useEffect(() => {
    document.title = title ? `${title} · Kith` : "Kith";
  }, [title]);
}

/** The head of a page: what it is, and what can be done here. */
export function PageHead({
  icon,
  title,
  aside,
  children,
}: {
  icon?: ReactNode;
  title: ReactNode;
  aside?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <div className="flex h-12 shrink-0 items-center gap-2 border-b px-4 max-sm:h-14">
      {icon && <span className="text-fg-3">{icon}</span>}
      <h1 className="truncate text-base font-semibold tracking-[-0.01em]">{title}</h1>
      {aside}
      <div className="ms-auto flex items-center gap-2">{children}</div>
    </div>
  );
}

export function PageSkeleton() {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t("common.loading")} className="flex flex-col">
      <div className="flex h-12 items-center border-b px-4">
        <Skeleton className="h-5 w-40" />
      </div>
      <div className="flex flex-col gap-4 p-4">
        {[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((line) => (
          <Skeleton key={line} className={cx("h-5", line % 3 === 0 ? "w-full" : line % 3 === 1 ? "w-11/12" : "w-4/5")} />
        ))}
      </div>
    </div>
  );
}

export function NotFound() {
  const { t } = useTranslation();
  useTitle(t("errors.notFoundTitle"));
  return (
    <Empty icon={<FileQuestion size={20} />} title={t("errors.notFoundTitle")} hint={t("errors.notFoundHint")}>
      <Link to="/" className={buttonClass("secondary")}>
        {t("errors.home")}
      </Link>
    </Empty>
  );
}

export function Failure({ error, reset }: Pick<ErrorComponentProps, "error" | "reset">) {
  const { t } = useTranslation();
  const requestId = requestIdOf(error);
  return (
    <Empty
      icon={<TriangleAlert size={20} />}
      title={t("errors.title")}
      hint={`${explain(error)}${requestId ? ` (${requestId})` : ""}`}
    >
      <Button variant="primary" onClick={reset}>
        {t("errors.retry")}
      </Button>
    </Empty>
  );
}
