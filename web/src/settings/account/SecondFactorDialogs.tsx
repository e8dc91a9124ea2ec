import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import { useSubmission } from "@/forms/useSubmission";
import { Button, FormRow, Modal, Notice, notify, TextInput } from "@/ui";
import { CodeInput } from "@/ui/CodeInput";
import { RecoveryCodes } from "./RecoveryCodes";

const FORM = "second-factor";

/** Asks for the six digits and hands them on as soon as they are complete. What is wrong with them stands below. */
export function CodeForm({
  id,
  label,
  help,
  send,
}: {
  id: string;
  label: string;
  help: string;
  /** Throws what the server refuses. */
  send: (code: string) => Promise<void>;
}) {
  const { form, busy, failure, errors, submit } = useSubmission(["code"]);
  const [code, setCode] = useState("");
  const go = async (digits: string) => {
    if (digits.trim() && !(await submit(() => send(digits)))) setCode("");
  };
  return (
    <form
      ref={form}
      id={id}
      noValidate
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        void go(code);
      }}
    >
      {failure && <Notice>{failure}</Notice>}
      <FormRow label={label} help={help} error={errors.code}>
        {(aria) => <CodeInput aria={aria} value={code} disabled={busy} onChange={setCode} onComplete={(full) => void go(full)} />}
      </FormRow>
    </form>
  );
}

/** Ten new recovery codes for a code of the authenticator. The old ones hold no longer. */
export function NewCodesDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [codes, setCodes] = useState<string[] | null>(null);
  return (
    <Modal
      title={codes ? t("account.codes") : t("account.newCodes")}
      description={codes ? undefined : t("account.newCodesHint")}
      width="sm"
      onClose={onClose}
      footer={
        codes ? <CodesFooter onClose={onClose} /> : <Footer busy={false} action={t("account.newCodes")} onClose={onClose} />
      }
    >
      {codes ? (
        <RecoveryCodes codes={codes} />
      ) : (
        <CodeForm
          id={FORM}
          label={t("auth.code")}
          help={t("auth.codeHelp")}
          send={async (code) => {
            const answer = await request<{ recovery_codes: string[] }>("/auth/totp/recovery-codes", {
              method: "POST",
              body: { code },
            });
            setCodes(answer.recovery_codes);
          }}
        />
      )}
    </Modal>
  );
}

/** Turns the second factor off, for the password and a code: whoever finds an open browser cannot. */
export function TurnOffDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const { form, busy, failure, errors, submit } = useSubmission(["password", "code"]);
  return (
    <Modal
      title={t("account.turnOffTitle")}
      description={t("account.turnOffHint")}
      width="sm"
      onClose={onClose}
      footer={<Footer busy={busy} action={t("account.turnOff")} danger onClose={onClose} />}
    >
      <form
        ref={form}
        id={FORM}
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          const given = new FormData(event.currentTarget);
          void submit(async () => {
            await request("/auth/totp/disable", {
              method: "POST",
              body: { password: given.get("password"), code: String(given.get("code") ?? "").trim() },
            });
            notify(t("account.turnedOff"));
            onClose();
          });
        }}
      >
        {failure && <Notice>{failure}</Notice>}
        <FormRow label={t("auth.password")} error={errors.password}>
          {(aria) => <TextInput {...aria} name="password" type="password" required autoComplete="current-password" />}
        </FormRow>
        <FormRow label={t("account.codeOrRecovery")} error={errors.code}>
          {(aria) => <TextInput {...aria} name="code" required autoComplete="one-time-code" className="tabular" />}
        </FormRow>
      </form>
    </Modal>
  );
}

/** Fresh codes stay until they are kept. */
export function CodesFooter({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Button variant="primary" onClick={onClose}>
      {t("account.codesKept")}
    </Button>
  );
}

export function Footer({
  busy,
  action,
  danger = false,
  form = FORM,
  onClose,
}: {
  busy: boolean;
  action: ReactNode;
  danger?: boolean;
  form?: string;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  return (
    <>
      <Button onClick={onClose}>{t("common.cancel")}</Button>
      <Button variant={danger ? "solidDanger" : "primary"} type="submit" form={form} disabled={busy}>
        {action}
      </Button>
    </>
  );
}
