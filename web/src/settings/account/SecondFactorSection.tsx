import { useQuery } from "@tanstack/react-query";
import { ShieldCheck, ShieldOff } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { totpQuery } from "@/api/people";
import { queryClient } from "@/api/queries";
import { explain } from "@/records/errors";
import { Button, Notice, Skeleton, Tag } from "@/ui";
import { Card } from "../frame";
import { NewCodesDialog, TurnOffDialog } from "./SecondFactorDialogs";
import { TotpSetupDialog } from "./TotpSetupDialog";

/** With fewer recovery codes than this left, it is time for new ones. */
const FEW = 4;

/** The second step of signing in: set up, its recovery codes, turned off. */
export function SecondFactorSection() {
  const { t } = useTranslation();
  const { data, error } = useQuery(totpQuery);
  const [dialog, setDialog] = useState<"setup" | "codes" | "off" | null>(null);
  const close = () => {
    setDialog(null);
    void queryClient.invalidateQueries({ queryKey: totpQuery.queryKey });
  };
  return (
    <Card title={t("account.secondFactor")} hint={t("account.secondFactorHint")}>
      {error ? (
        <Notice>{explain(error)}</Notice>
      ) : !data ? (
        <Skeleton className="h-9" />
      ) : (
        <div className="flex flex-wrap items-center gap-3">
          {data.enabled ? (
            <ShieldCheck size={20} className="shrink-0 text-success-text" aria-hidden />
          ) : (
            <ShieldOff size={20} className="shrink-0 text-fg-3" aria-hidden />
          )}
          <div className="min-w-0 flex-1 basis-52">
            <p className="flex items-center gap-2 font-medium">
              {t("account.authenticator")}
              <Tag label={t(data.enabled ? "account.on" : "account.off")} hue={data.enabled ? "green" : "gray"} dot />
            </p>
            {data.enabled && (
              <p className={data.recovery_codes_left < FEW ? "text-warning-text" : "text-fg-2"}>
                {t("account.codesLeft", { count: data.recovery_codes_left })}
              </p>
            )}
          </div>
          {data.enabled ? (
            <div className="flex flex-wrap gap-2">
              <Button onClick={() => setDialog("codes")}>{t("account.newCodes")}</Button>
              <Button variant="danger" onClick={() => setDialog("off")}>
                {t("account.turnOff")}
              </Button>
            </div>
          ) : (
            <Button variant="primary" onClick={() => setDialog("setup")}>
              {t("account.setUp")}
            </Button>
          )}
        </div>
      )}
      {dialog === "setup" && <TotpSetupDialog onClose={close} />}
      {dialog === "codes" && <NewCodesDialog onClose={close} />}
      {dialog === "off" && <TurnOffDialog onClose={close} />}
    </Card>
  );
}
