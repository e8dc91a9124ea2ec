import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import { sessionsQuery } from "@/api/people";
import { queryClient, useMe } from "@/api/queries";
import { useSubmission } from "@/forms/useSubmission";
import { Button, FormRow, Notice, notify, TextInput } from "@/ui";
import { Card, Fields } from "../frame";

/** Changes the password. Every other session ends with it. */
export function PasswordSection() {
  const { t } = useTranslation();
  const me = useMe();
  const { form, busy, failure, errors, submit } = useSubmission(["current_password", "password"]);
  return (
    <Card title={t("auth.password")} hint={t("account.passwordHint")}>
      <form
        ref={form}
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          const target = event.currentTarget;
          const given = new FormData(target);
          void submit(async () => {
            await request("/auth/change-password", {
              method: "POST",
              body: { current_password: given.get("current_password"), password: given.get("password") },
            });
            target.reset();
            notify(t("account.passwordChanged"));
            void queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey });
          });
        }}
      >
        {failure && <Notice>{failure}</Notice>}
        <input type="hidden" name="email" autoComplete="username" value={me.user.email ?? ""} readOnly />
        <Fields>
          <FormRow label={t("account.currentPassword")} error={errors.current_password}>
            {(aria) => <TextInput {...aria} name="current_password" type="password" required autoComplete="current-password" />}
          </FormRow>
          <FormRow label={t("auth.newPassword")} help={t("auth.passwordHelp")} error={errors.password}>
            {(aria) => <TextInput {...aria} name="password" type="password" required minLength={8} autoComplete="new-password" />}
          </FormRow>
        </Fields>
        <div className="flex justify-end">
          <Button type="submit" variant="primary" disabled={busy}>
            {t("account.changePassword")}
          </Button>
        </div>
      </form>
    </Card>
  );
}
