import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import { meQuery, queryClient } from "@/api/queries";
import { useTitle } from "@/app/pages";
import { explain } from "@/records/errors";
import { Button, buttonClass, Skeleton } from "@/ui";
import { AuthFrame } from "./AuthFrame";
import { isStale } from "./ResetPasswordPage";

/** Confirms an e-mail address by the link of a mail. */
export default function VerifyEmailPage() {
  const { t } = useTranslation();
  useTitle(t("auth.verifyTitle"));
  const { token } = useSearch({ strict: false });
  const { data, error, refetch } = useQuery({
    queryKey: ["verify-email", token],
    queryFn: async () => {
      await request("/auth/verify-email", { method: "POST", body: { token } });
      return true;
    },
    enabled: token !== undefined,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  useEffect(() => {
    if (data) void queryClient.invalidateQueries({ queryKey: meQuery.queryKey });
  }, [data]);
  const on = (
    <Link to="/" className={buttonClass("primary", "lg")}>
      {t("auth.continue")}
    </Link>
  );
  if (data)
    return (
      <AuthFrame title={t("auth.verified")} hint={t("auth.verifiedHint")}>
        {on}
      </AuthFrame>
    );
  if (token === undefined || isStale(error))
    return (
      <AuthFrame title={t("auth.linkStale")} hint={t("auth.verifyStaleHint")}>
        {on}
      </AuthFrame>
    );
  if (error)
    return (
      <AuthFrame title={t("auth.verifyFailed")} hint={explain(error)}>
        <Button variant="primary" size="lg" onClick={() => void refetch()}>
          {t("errors.retry")}
        </Button>
      </AuthFrame>
    );
  return (
    <AuthFrame title={t("auth.verifyTitle")}>
      <div role="status" aria-label={t("common.loading")}>
        <Skeleton className="h-9 w-28" />
      </div>
    </AuthFrame>
  );
}
