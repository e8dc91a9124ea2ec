import "@/i18n/connect";
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Entity, Rec } from "@/api/types";
import { eventInWords } from "@/fields/events";
import { tryAct } from "@/records/act";
import { Button } from "@/ui";

/** Sends a delivery once more. One that is still to be sent has nothing to repeat. `narrow`: a sign alone on phones. */
export function SendAgain({ target, delivery, narrow = false }: { target: Entity; delivery: Rec; narrow?: boolean }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  if (delivery.status === "queued") return null;
  const send = async () => {
    setBusy(true);
    await tryAct(target, delivery, "resend", { done: t("connect.sentAgain") });
    setBusy(false);
  };
  return (
    <Button
      size="sm"
      disabled={busy}
      aria-label={t("connect.sendAgainOf", { event: eventInWords(String(delivery.event ?? "")) })}
      onClick={() => void send()}
    >
      <RotateCcw size={13} aria-hidden />
      <span className={narrow ? "max-sm:hidden" : undefined}>{t("connect.sendAgain")}</span>
    </Button>
  );
}
