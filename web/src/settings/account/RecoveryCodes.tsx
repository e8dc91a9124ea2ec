import { Download, Printer } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/api/queries";
import { download } from "@/lib/download";
import { Button, Notice } from "@/ui";
import { CopyButton } from "@/ui/CopyButton";

/** The codes that open the account when the telephone is lost. They are shown here and never again. */
export function RecoveryCodes({ codes }: { codes: string[] }) {
  const { t } = useTranslation();
  const me = useMe();
  const text = `${t("account.codesOf", { email: me.user.email ?? "" })}\n\n${codes.join("\n")}\n`;
  return (
    <div className="flex flex-col gap-4">
      <Notice tone="warning">{t("account.codesOnce")}</Notice>
      <div data-print="codes" className="rounded-sm bg-sunken p-4">
        <p className="mb-3 hidden font-semibold print:block">{t("account.codesOf", { email: me.user.email ?? "" })}</p>
        <ul aria-label={t("account.codes")} className="tabular m-0 grid list-none grid-cols-2 gap-x-6 gap-y-1.5 p-0">
          {codes.map((code) => (
            <li key={code}>
              <code className="font-mono text-base tracking-wide">{code}</code>
            </li>
          ))}
        </ul>
      </div>
      <div className="flex flex-wrap gap-2">
        <CopyButton autoFocus text={codes.join("\n")} label={t("common.copy")} />
        <Button onClick={() => download("kith-recovery-codes.txt", text)}>
          <Download size={14} aria-hidden />
          {t("common.download")}
        </Button>
        <Button onClick={() => window.print()}>
          <Printer size={14} aria-hidden />
          {t("common.print")}
        </Button>
      </div>
    </div>
  );
}
