import { MailCheck } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import { complain } from "@/records/errors";
import { Button } from "@/ui";

/** Reminds of the mail with which an address is confirmed, and sends it again. */
export function VerifyBanner({ email }: { email: string }) {
  const { t } = useTranslation();
  const [state, setState] = useState<"quiet" | "sending" | "sent">("quiet");
  const send = async () => {
    setState("sending");
    try {
      await request("/auth/verify-email/resend", { method: "POST", body: {} });
      setState("sent");
    } catch (error) {
      setState("quiet");
      complain(t("auth.notSent"), error);
    }
  };
  return (
    <section
      aria-label={t("auth.confirmAddress")}
      className="mb-2 flex shrink-0 flex-wrap items-center gap-x-2 px-3 text-fg-2 max-md:mx-2 max-md:mb-2"
    >
      <MailCheck size={15} className="shrink-0 text-fg-3" aria-hidden />
      <p className="min-w-0 flex-1 basis-40 truncate" role="status" title={email}>
        {state === "sent" ? t("auth.confirmSent", { email }) : t("auth.confirmHint", { email })}
      </p>
      {state !== "sent" && (
        <Button variant="ghost" size="sm" disabled={state === "sending"} onClick={() => void send()}>
          {t("auth.sendAgain")}
        </Button>
      )}
    </section>
  );
}
