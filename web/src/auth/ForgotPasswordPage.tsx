import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import { useTitle } from "@/app/pages";
import { useSubmission } from "@/forms/useSubmission";
import { Button, FormRow, Notice, TextInput } from "@/ui";
import { AuthFrame } from "./AuthFrame";
import { LINK } from "./parts";

/** Asks for a link to choose a new password. The answer is the same whether the address has an account or not. */
export default function ForgotPasswordPage() {
  const { t } = useTranslation();
  useTitle(t("auth.forgotTitle"));
  const [sentTo, setSentTo] = useState<string | null>(null);
  const { form, busy, failure, errors, submit } = useSubmission(["email"]);
  const back = (
    <Link to="/sign-in" className={LINK}>
      {t("auth.backToSignIn")}
    </Link>
  );
  if (sentTo !== null)
    return (
      <AuthFrame title={t("auth.mailSent")} hint={t("auth.mailSentHint", { email: sentTo })} footer={back}>
        <Button className="h-10 w-full" onClick={() => setSentTo(null)}>
          {t("auth.otherAddress")}
        </Button>
      </AuthFrame>
    );
  return (
    <AuthFrame title={t("auth.forgotTitle")} hint={t("auth.forgotHint")} footer={back}>
      <form
        ref={form}
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          const email = String(new FormData(event.currentTarget).get("email") ?? "").trim();
          void submit(async () => {
            await request("/auth/forgot-password", { method: "POST", body: { email } });
            setSentTo(email);
          });
        }}
      >
        {failure && <Notice>{failure}</Notice>}
        <FormRow label={t("auth.email")} error={errors.email}>
          {(aria) => (
            <TextInput {...aria} name="email" type="email" required autoComplete="username" autoFocus className="h-10" />
          )}
        </FormRow>
        <Button type="submit" variant="primary" size="lg" className="h-10" disabled={busy}>
          {t("auth.sendLink")}
        </Button>
      </form>
    </AuthFrame>
  );
}
