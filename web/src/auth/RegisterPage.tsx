import { useSuspenseQuery } from "@tanstack/react-query";
import { Link, useRouter, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { authOptionsQuery } from "@/api/queries";
import { useTitle } from "@/app/pages";
import { register, safeReturn } from "@/app/session";
import { useSubmission } from "@/forms/useSubmission";
import { Button, buttonClass, FormRow, Notice, TextInput } from "@/ui";
import { AuthFrame } from "./AuthFrame";
import { LINK, NewPassword } from "./parts";

const FIELDS = ["full_name", "email", "password", "organization_name"] as const;

export default function RegisterPage() {
  const { t } = useTranslation();
  useTitle(t("auth.register"));
  const { data: options } = useSuspenseQuery(authOptionsQuery);
  const search = useSearch({ strict: false });
  const router = useRouter();
  const { form, busy, failure, errors, submit } = useSubmission(FIELDS);
  const signInLink = (
    <Link to="/sign-in" search={search.return ? { return: search.return } : {}} className={LINK}>
      {t("auth.signIn")}
    </Link>
  );
  if (!options.registration_open && !options.first)
    return (
      <AuthFrame title={t("auth.closed")} hint={t("auth.closedHint")}>
        <Link to="/sign-in" className={buttonClass("primary", "lg")}>
          {t("auth.signIn")}
        </Link>
      </AuthFrame>
    );
  const send = (given: FormData) => {
    const value = (name: (typeof FIELDS)[number]) => String(given.get(name) ?? "");
    return submit(async () => {
      await register({
        email: value("email").trim(),
        password: value("password"),
        full_name: value("full_name").trim(),
        organization_name: value("organization_name").trim(),
      });
      router.history.push(safeReturn(search.return));
    });
  };
  return (
    <AuthFrame
      title={options.first ? t("auth.welcome") : t("auth.register")}
      hint={options.first ? t("auth.welcomeHint") : t("auth.registerHint")}
      footer={
        options.first ? null : (
          <>
            {t("auth.haveAccount")} {signInLink}
          </>
        )
      }
    >
      <form
        ref={form}
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void send(new FormData(event.currentTarget));
        }}
      >
        {failure && <Notice>{failure}</Notice>}
        <FormRow label={t("auth.fullName")} error={errors.full_name}>
          {(aria) => (
            <TextInput {...aria} name="full_name" required maxLength={200} autoComplete="name" autoFocus className="h-10" />
          )}
        </FormRow>
        <FormRow label={t("auth.email")} error={errors.email}>
          {(aria) => <TextInput {...aria} name="email" type="email" required autoComplete="username" className="h-10" />}
        </FormRow>
        <NewPassword label={t("auth.password")} error={errors.password} />
        <FormRow label={t("auth.organization")} error={errors.organization_name}>
          {(aria) => (
            <TextInput {...aria} name="organization_name" required maxLength={200} autoComplete="organization" className="h-10" />
          )}
        </FormRow>
        <Button type="submit" variant="primary" size="lg" className="h-10" disabled={busy}>
          {busy ? t("auth.registering") : t("auth.create")}
        </Button>
      </form>
    </AuthFrame>
  );
}
