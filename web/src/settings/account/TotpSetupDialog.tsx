import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import type { TotpSetup } from "@/api/people";
import { useSubmission } from "@/forms/useSubmission";
import { FormRow, Modal, Notice, TextInput } from "@/ui";
import { CopyButton } from "@/ui/CopyButton";
import { QrCode } from "./QrCode";
import { RecoveryCodes } from "./RecoveryCodes";
import { CodeForm, CodesFooter, Footer } from "./SecondFactorDialogs";

const FORM = "totp-setup";

/**
 * Sets the second factor up: the password first, then the code to scan and a first code from it, then the recovery
 * codes. One dialog for all three, so that the focus goes from step to step.
 */
export function TotpSetupDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [setup, setSetup] = useState<TotpSetup | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const password = useSubmission(["password"]);
  return (
    <Modal
      title={codes ? t("account.codes") : t("account.setUpTitle")}
      description={setup ? undefined : t("account.setUpHint")}
      width={setup && !codes ? "md" : "sm"}
      onClose={onClose}
      footer={
        codes ? (
          <CodesFooter onClose={onClose} />
        ) : (
          <Footer busy={password.busy} form={FORM} action={setup ? t("account.turnOn") : t("auth.continue")} onClose={onClose} />
        )
      }
    >
      {codes ? (
        <RecoveryCodes codes={codes} />
      ) : setup ? (
        <div className="flex flex-col gap-6 sm:flex-row">
          <div className="flex shrink-0 justify-center">
            <QrCode text={setup.uri} label={t("account.qr")} />
          </div>
          <div className="flex min-w-0 flex-1 flex-col gap-5">
            <div>
              <h3 className="font-medium">{t("account.scan")}</h3>
              <p className="mt-0.5 text-fg-2">{t("account.scanHint")}</p>
              <p className="mt-2 flex flex-wrap items-center gap-2">
                <code className="rounded-sm bg-sunken px-2 py-1 font-mono break-all">{grouped(setup.secret)}</code>
                <CopyButton size="sm" variant="ghost" text={setup.secret} label={t("common.copy")} />
              </p>
            </div>
            <CodeForm
              id={FORM}
              label={t("account.firstCode")}
              help={t("account.firstCodeHelp")}
              send={async (code) => {
                const answer = await request<{ recovery_codes: string[] }>("/auth/totp/enable", {
                  method: "POST",
                  body: { code },
                });
                setCodes(answer.recovery_codes);
              }}
            />
          </div>
        </div>
      ) : (
        <form
          ref={password.form}
          id={FORM}
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            const given = new FormData(event.currentTarget).get("password");
            void password.submit(async () => {
              setSetup(await request<TotpSetup>("/auth/totp/setup", { method: "POST", body: { password: given } }));
            });
          }}
        >
          {password.failure && <Notice>{password.failure}</Notice>}
          <FormRow label={t("auth.password")} error={password.errors.password}>
            {(aria) => <TextInput {...aria} name="password" type="password" required autoComplete="current-password" />}
          </FormRow>
        </form>
      )}
    </Modal>
  );
}

/** In fours, as it is read aloud and typed. */
const grouped = (secret: string) => secret.replaceAll(/(.{4})(?=.)/g, "$1 ");
