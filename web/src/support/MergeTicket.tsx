import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Entity, Rec } from "@/api/types";
import { PickTrigger } from "@/fields/parts/PickEditor";
import { useRecordItems } from "@/fields/parts/RecordPick";
import { act } from "@/records/act";
import { explain } from "@/records/errors";
import { Button, FormRow, Modal, Notice, Picker, type PickItem } from "@/ui";

/** Puts a ticket into another one that asks the same: what was said moves there. */
export function MergeTicket({ entity, record, onClose }: { entity: Entity; record: Rec; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [into, setInto] = useState<PickItem | null>(null);
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const { items, loading } = useRecordItems(entity, text, true);
  const submit = async () => {
    if (!into) return;
    setBusy(true);
    try {
      await act<unknown>(entity, record, "merge", { body: { into: into.value }, done: t("tickets.merged") });
      onClose();
      void navigate({ to: "/$entity/$id", params: { entity: entity.plural, id: into.value } });
    } catch (error) {
      setFailure(explain(error));
      setBusy(false);
    }
  };
  return (
    <Modal
      title={t("tickets.mergeTitle", { number: String(record.number ?? "") })}
      description={t("tickets.mergeHint")}
      width="sm"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" disabled={!into || busy} onClick={() => void submit()}>
            {t("tickets.mergeAction")}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        {failure && <Notice>{failure}</Notice>}
        <FormRow label={t("tickets.mergeInto")}>
          {(aria) => (
            <Picker
              label={t("tickets.mergeInto")}
              items={items.filter((item) => item.value !== record.id)}
              value={into ? [into.value] : []}
              onSearch={setText}
              loading={loading}
              onChange={(_, [item]) => setInto(item ?? null)}
              trigger={
                <PickTrigger aria={aria} inputRef={() => {}} onBlur={() => {}}>
                  {into?.label}
                </PickTrigger>
              }
            />
          )}
        </FormRow>
      </div>
    </Modal>
  );
}
