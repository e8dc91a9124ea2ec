import { useQuery } from "@tanstack/react-query";
import { Link, useRouter, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/client";
import { type Invitation, invitationQuery } from "@/api/people";
import { useTitle } from "@/app/pages";
import { acceptInvitation } from "@/app/session";
import { useSubmission } from "@/forms/useSubmission";
import { explain } from "@/records/errors";
import { Avatar, Button, buttonClass, FormRow, Notice, Skeleton, TextInput } from "@/ui";
import { AuthFrame } from "./AuthFrame";
import { isWrongCode, NewPassword, needsCode, SecondFactor } from "./parts";
import { isStale } from "./ResetPasswordPage";

/** Joins an organization by the link of a mail: with a new account, or with the one that the address has already. */
export default function AcceptInvitationPage() {
  const { t } = useTranslation();
  const { token } = useSearch({ strict: false });
  const { data, error, refetch } = useQuery({ ...invitationQuery(token ?? ""), enabled: token !== undefined });
  useTitle(data ? t("auth.join", { organization: data.organization_name }) : t("auth.invitation"));
  if (token && data) return <Accept token={token} invitation={data} />;
  if (token === undefined || isStale(error))
    return (
      <AuthFrame title={t("auth.linkStale")} hint={t("auth.invitationStaleHint")}>
        <Link to="/sign-in" className={buttonClass("primary", "lg")}>
          {t("auth.signIn")}
        </Link>
      </AuthFrame>
    );
  if (error)
    return (
      <AuthFrame title={t("auth.invitation")} hint={explain(error)}>
        <Button variant="primary" size="lg" onClick={() => void refetch()}>
          {t("errors.retry")}
        </Button>
      </AuthFrame>
    );
  return (
    <AuthFrame title={t("auth.invitation")}>
      <div role="status" aria-label={t("common.loading")} className="flex flex-col gap-3">
        <Skeleton className="h-10" />
        <Skeleton className="h-10" />
      </div>
    </AuthFrame>
  );
}

type Values = { full_name?: string; password: string };

function Accept({ token, invitation }: { token: string; invitation: Invitation }) {
  const { t } = useTranslation();
  const router = useRouter();
  const [proven, setProven] = useState<Values | null>(null);
  const first = useSubmission(["full_name", "password"]);
  const second = useSubmission(["totp"]);
  const { email, organization_name: organization, role_name: role, has_account: known } = invitation;

  const wording = (error: unknown) => {
    if (error instanceof ApiError && error.status === 429) return t("auth.slowDown");
    return error instanceof ApiError && error.status === 401 ? t("auth.wrongPassword") : undefined;
  };
  const join = async (values: Values, totp?: string) => {
    await acceptInvitation({ token, ...values, ...(totp ? { totp } : {}) });
    router.history.replace("/");
  };
  const title = t("auth.join", { organization });
  if (proven)
    return (
      <AuthFrame title={t("auth.secondStep")} hint={t("auth.secondStepHint", { email })}>
        <SecondFactor
          busy={second.busy}
          problem={second.failure ?? second.errors.totp}
          onCode={(code) =>
            second.submit(
              () => join(proven, code),
              (error) => (isWrongCode(error) ? t("auth.wrongCode") : wording(error)),
            )
          }
          onBack={() => {
            second.clear();
            setProven(null);
          }}
        />
      </AuthFrame>
    );
  return (
    <AuthFrame title={title} hint={known ? t("auth.joinKnownHint") : t("auth.joinNewHint")}>
      <div className="mb-5 flex items-center gap-3 rounded-sm bg-sunken p-3">
        <Avatar name={organization} square size={32} />
        <div className="min-w-0">
          <p className="truncate font-medium">{email}</p>
          <p className="truncate text-xs text-fg-2">{t("auth.joinAs", { role })}</p>
        </div>
      </div>
      <form
        ref={first.form}
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          const values: Values = {
            password: String(form.get("password") ?? ""),
            ...(known ? {} : { full_name: String(form.get("full_name") ?? "").trim() }),
          };
          void first.submit(async () => {
            try {
              await join(values);
            } catch (error) {
              if (!needsCode(error)) throw error;
              setProven(values);
            }
          }, wording);
        }}
      >
        {first.failure && <Notice>{first.failure}</Notice>}
        {/* Password managers tie what is typed below to this address. */}
        <input type="hidden" name="email" autoComplete="username" value={email} readOnly />
        {known ? (
          <FormRow label={t("auth.password")} error={first.errors.password}>
            {(aria) => (
              <TextInput
                {...aria}
                name="password"
                type="password"
                required
                autoFocus
                autoComplete="current-password"
                className="h-10"
              />
            )}
          </FormRow>
        ) : (
          <>
            <FormRow label={t("auth.fullName")} error={first.errors.full_name}>
              {(aria) => (
                <TextInput
                  {...aria}
                  name="full_name"
                  required
                  maxLength={200}
                  autoFocus
                  defaultValue={invitation.full_name ?? ""}
                  autoComplete="name"
                  className="h-10"
                />
              )}
            </FormRow>
            <NewPassword label={t("auth.choosePassword")} error={first.errors.password} />
          </>
        )}
        <Button type="submit" variant="primary" size="lg" className="h-10" disabled={first.busy}>
          {t("auth.accept")}
        </Button>
      </form>
    </AuthFrame>
  );
}
