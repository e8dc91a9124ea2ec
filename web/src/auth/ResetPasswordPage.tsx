import { Link, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, request } from "@/api/client";
import { useTitle } from "@/app/pages";
import { useSubmission } from "@/forms/useSubmission";
import { Button, buttonClass, Notice } from "@/ui";
import { AuthFrame } from "./AuthFrame";
import { NewPassword } from "./parts";

/** Chooses a new password by the link of a mail. */
export default function ResetPasswordPage() {
  const { t } = useTranslation();
  useTitle(t("auth.resetTitle"));
  const { token } = useSearch({ strict: false });
  const [state, setState] = useState<"open" | "done" | "stale">(token ? "open" : "stale");
  const { form, busy, failure, errors, submit } = useSubmission(["password"]);
  if (state === "stale")
    return (
      <AuthFrame title={t("auth.linkStale")} hint={t("auth.resetStaleHint")}>
        <Link to="/forgot-password" className={buttonClass("primary", "lg")}>
          {t("auth.newLink")}
        </Link>
      </AuthFrame>
    );
  if (state === "done")
    return (
      <AuthFrame title={t("auth.resetDone")} hint={t("auth.resetDoneHint")}>
        <Link to="/sign-in" className={buttonClass("primary", "lg")}>
          {t("auth.signIn")}
        </Link>
      </AuthFrame>
    );
  return (
    <AuthFrame title={t("auth.resetTitle")} hint={t("auth.resetHint")}>
      <form
        ref={form}
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          const password = String(new FormData(event.currentTarget).get("password") ?? "");
          void submit(async () => {
            try {
              await request("/auth/reset-password", { method: "POST", body: { token, password } });
              setState("done");
            } catch (error) {
              if (!isStale(error)) throw error;
              setState("stale");
            }
          });
        }}
      >
        {failure && <Notice>{failure}</Notice>}
        <NewPassword label={t("auth.newPassword")} error={errors.password} />
        <Button type="submit" variant="primary" size="lg" className="h-10" disabled={busy}>
          {t("auth.setPassword")}
        </Button>
      </form>
    </AuthFrame>
  );
}

/** The link was used already, has expired, or was never one. */
export const isStale = (error: unknown): boolean =>
  error instanceof ApiError &&
  (error.code === "token_invalid" ||
    [404, 410].includes(error.status) ||
    error.problem?.errors?.some((entry) => entry.field === "token") === true);
