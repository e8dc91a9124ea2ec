import { useTranslation } from "react-i18next";
import { Button, Modal, Notice } from "@/ui";
import { CopyButton } from "@/ui/CopyButton";

/** A secret that was just made. The server keeps none that could be shown again. */
export function SecretOnce({ name, secret, onClose }: { name: string; secret: string; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      title={t("connect.secretOf", { name })}
      width="sm"
      onClose={onClose}
      footer={
        <Button variant="primary" onClick={onClose}>
          {t("connect.secretKept")}
        </Button>
      }
    >
      <div className="flex flex-col gap-4">
        <Notice tone="warning">{t("connect.secretOnce")}</Notice>
        <code className="rounded-sm bg-sunken p-3 font-mono break-all" data-secret>
          {secret}
        </code>
        <div className="flex">
          <CopyButton variant="primary" text={secret} label={t("connect.copySecret")} data-autofocus />
        </div>
      </div>
    </Modal>
  );
}
