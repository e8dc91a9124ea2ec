import { Plus, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Entity, Rec } from "@/api/types";
import { act } from "@/records/act";
import { explain } from "@/records/errors";
import { Button, FormRow, Modal, Notice, TextInput } from "@/ui";

/** What each kind of provider asks for, by the names under which it is kept. */
const ASKED: Record<string, string[]> = {
  smtp_imap: ["password"],
  amazon_ses: ["access_key_id", "secret_access_key"],
  whatsapp_cloud: ["access_token", "app_secret", "verify_token"],
  twilio: ["auth_token"],
};
const OTHERWISE = ["api_key"];
const MOST = 20;

type Line = { key: number; name: string; value: string };

/** Sets an account's secrets, all at once. None of those that are kept can be shown. */
export function SecretsDialog({
  entity,
  record,
  kept,
  onClose,
}: {
  entity: Entity;
  record: Rec;
  kept: string[];
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const [lines, setLines] = useState<Line[]>(() =>
    (kept.length > 0 ? kept : (ASKED[String(record.provider)] ?? OTHERWISE)).map((name, key) => ({ key, name, value: "" })),
  );
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const put = (key: number, part: Partial<Line>) =>
    setLines(lines.map((line) => (line.key === key ? { ...line, ...part } : line)));
  const save = async () => {
    setBusy(true);
    setFailure(null);
    try {
      const given = lines.filter((line) => line.name.trim() && line.value);
      const secrets = Object.fromEntries(given.map((line) => [line.name.trim(), line.value]));
      await act<unknown>(entity, record, "secrets", { method: "PUT", body: { secrets }, done: t("connect.secretsSaved") });
      onClose();
    } catch (error) {
      setFailure(explain(error));
      setBusy(false);
    }
  };
  return (
    <Modal
      title={t("connect.setSecrets")}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" type="submit" form="secrets" disabled={busy}>
            {t("common.save")}
          </Button>
        </>
      }
    >
      <form
        id="secrets"
        noValidate
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {failure && <Notice>{failure}</Notice>}
        <Notice tone="info">{t("connect.secretsReplace")}</Notice>
        {lines.map((line, at) => (
          <div key={line.key} className="grid grid-cols-[minmax(0,1fr)_minmax(0,1.4fr)_auto] items-end gap-2">
            <FormRow label={t("connect.secretName")}>
              {(aria) => (
                <TextInput
                  {...aria}
                  className="font-mono"
                  value={line.name}
                  maxLength={50}
                  onChange={(event) => put(line.key, { name: event.target.value })}
                />
              )}
            </FormRow>
            <FormRow label={t("connect.secretValue")}>
              {(aria) => (
                <TextInput
                  {...aria}
                  type="password"
                  autoComplete="new-password"
                  value={line.value}
                  onChange={(event) => put(line.key, { value: event.target.value })}
                />
              )}
            </FormRow>
            <Button
              variant="ghost"
              size="icon"
              className="mb-0.5"
              aria-label={t("connect.removeSecret", { place: at + 1 })}
              onClick={() => setLines(lines.filter((one) => one.key !== line.key))}
            >
              <X size={14} />
            </Button>
          </div>
        ))}
        {lines.length < MOST && (
          <Button
            variant="ghost"
            size="sm"
            className="self-start"
            onClick={() => setLines([...lines, { key: Math.max(-1, ...lines.map((line) => line.key)) + 1, name: "", value: "" }])}
          >
            <Plus size={14} aria-hidden /> {t("connect.addSecret")}
          </Button>
        )}
      </form>
    </Modal>
  );
}
