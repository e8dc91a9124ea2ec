import { useSuspenseQuery } from "@tanstack/react-query";
import { Link, useRouter, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/client";
import { authOptionsQuery } from "@/api/queries";
import { useTitle } from "@/app/pages";
import { safeReturn, signIn } from "@/app/session";
import { useSubmission } from "@/forms/useSubmission";
import { Button, FormRow, Notice, TextInput } from "@/ui";
import { AuthFrame } from "./AuthFrame";
import { isWrongCode, LINK, needsCode, SecondFactor } from "./parts";
import RegisterPage from "./RegisterPage";

export default function SignInPage() {
  const { data: options } = useSuspenseQuery(authOptionsQuery);
  return options.first ? <RegisterPage /> : <SignIn registration={options.registration_open} />;
}

type Credentials = { email: string; password: string };

function SignIn({ registration }: { registration: boolean }) {
  const { t } = useTranslation();
  useTitle(t("auth.signIn"));
  const search = useSearch({ strict: false });
  const router = useRouter();
  /** Given and found right, while the second factor is still asked for. */
  const [proven, setProven] = useState<Credentials | null>(null);
  const first = useSubmission([]);
  const second = useSubmission(["totp"]);

  const wording = (error: unknown) => {
    if (error instanceof ApiError && error.status === 429) return t("auth.slowDown");
    return error instanceof ApiError && error.status === 401 ? t("auth.wrong") : undefined;
  };
  const enter = async (given: Credentials, code?: string) => {
    await signIn(given.email, given.password, code);
    router.history.push(safeReturn(search.return));
  };
  const begin = (given: Credentials) =>
    first.submit(async () => {
      try {
        await enter(given);
      } catch (error) {
        if (!needsCode(error)) throw error;
        setProven(given);
      }
    }, wording);
  const finish = (given: Credentials, code: string) =>
    second.submit(
      () => enter(given, code),
      (error) => (isWrongCode(error) ? t("auth.wrongCode") : wording(error)),
    );

  if (proven)
    return (
      <AuthFrame title={t("auth.secondStep")} hint={t("auth.secondStepHint", { email: proven.email })}>
        <SecondFactor
          busy={second.busy}
          problem={second.failure ?? second.errors.totp}
          onCode={(code) => finish(proven, code)}
          onBack={() => {
            second.clear();
            setProven(null);
          }}
        />
      </AuthFrame>
    );
  return (
    <AuthFrame
      title={t("auth.signIn")}
      hint={t("auth.signInHint")}
      footer={
        registration ? (
          <>
            {t("auth.noAccount")}{" "}
            <Link to="/register" search={search.return ? { return: search.return } : {}} className={LINK}>
              {t("auth.register")}
            </Link>
          </>
        ) : null
      }
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          void begin({ email: String(form.get("email") ?? "").trim(), password: String(form.get("password") ?? "") });
        }}
      >
        {first.failure && <Notice>{first.failure}</Notice>}
        <FormRow label={t("auth.email")}>
          {(aria) => (
            <TextInput
              {...aria}
              name="email"
              type="email"
              required
              autoComplete="username"
              autoFocus
              inputMode="email"
              className="h-10"
            />
          )}
        </FormRow>
        <FormRow
          label={t("auth.password")}
          aside={
            <Link to="/forgot-password" className="text-xs text-fg-2 underline underline-offset-3 hover:text-fg">
              {t("auth.forgot")}
            </Link>
          }
        >
          {(aria) => (
            <TextInput {...aria} name="password" type="password" required autoComplete="current-password" className="h-10" />
          )}
        </FormRow>
        <Button type="submit" variant="primary" size="lg" className="h-10" disabled={first.busy}>
          {first.busy ? t("auth.signingIn") : t("auth.signIn")}
        </Button>
      </form>
    </AuthFrame>
  );
}
