import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/client";
import { Button, FormRow, TextInput } from "@/ui";
import { CodeInput, DIGITS } from "@/ui/CodeInput";

export const LINK = "font-medium text-accent-text underline underline-offset-3";

export const needsCode = (error: unknown): boolean => error instanceof ApiError && error.code === "totp_required";
export const isWrongCode = (error: unknown): boolean => error instanceof ApiError && error.code === "totp_invalid";

/** A new password, with what makes a good one. */
export function NewPassword({ label, error }: { label: string; error?: string | undefined }) {
  const { t } = useTranslation();
  return (
    <FormRow label={label} help={t("auth.passwordHelp")} error={error}>
      {(aria) => (
        <TextInput
          {...aria}
          name="password"
          type="password"
          required
          minLength={8}
          autoComplete="new-password"
          className="h-10"
        />
      )}
    </FormRow>
  );
}

/**
 * The second step of signing in: the six digits of the authenticator, sent as soon as they are complete, or one of the
 * recovery codes. `send` answers what is wrong, or nothing.
 */
export function SecondFactor({
  busy,
  problem,
  onCode,
  onBack,
}: {
  busy: boolean;
  problem: string | undefined;
  onCode: (code: string) => Promise<boolean>;
  onBack: () => void;
}) {
  const { t } = useTranslation();
  const [recovery, setRecovery] = useState(false);
  const [code, setCode] = useState("");
  const send = async (text: string) => {
    if (text.trim() && !(await onCode(text.trim())) && !recovery) setCode("");
  };
  return (
    <form
      className="flex flex-col gap-4"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void send(code);
      }}
    >
      {recovery ? (
        <FormRow key="recovery" label={t("auth.recoveryCode")} help={t("auth.recoveryHelp")} error={problem}>
          {(aria) => (
            <TextInput
              {...aria}
              autoFocus
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              value={code}
              onChange={(event) => setCode(event.target.value)}
              className="tabular h-10"
            />
          )}
        </FormRow>
      ) : (
        <FormRow key="digits" label={t("auth.code")} help={t("auth.codeHelp")} error={problem}>
          {(aria) => (
            <CodeInput aria={aria} value={code} disabled={busy} onChange={setCode} onComplete={(full) => void send(full)} />
          )}
        </FormRow>
      )}
      <Button
        type="submit"
        variant="primary"
        size="lg"
        className="h-10"
        disabled={busy || (recovery ? code.trim() === "" : code.length < DIGITS)}
      >
        {busy ? t("auth.signingIn") : t("auth.signIn")}
      </Button>
      <div className="flex flex-wrap justify-between gap-2">
        <Button variant="ghost" size="sm" onClick={onBack}>
          {t("auth.back")}
        </Button>
        <Button
          variant="ghost"
          size="sm"
          onClick={() => {
            setRecovery(!recovery);
            setCode("");
          }}
        >
          {recovery ? t("auth.useCode") : t("auth.useRecovery")}
        </Button>
      </div>
    </form>
  );
}
