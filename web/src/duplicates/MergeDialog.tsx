import "@/i18n/work";
import { ArrowLeftRight } from "lucide-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Entity, Field, Rec } from "@/api/types";
import { kindOf } from "@/fields/registry";
import { isBlank, titleOf, valueIn } from "@/fields/values";
import { explain } from "@/records/errors";
import { Button, cx, Modal, Notice } from "@/ui";
import { differing, firstChoice, merge, type Side, type Sides } from "./model";

/** Makes one record of two: which stays, and of each field on which they differ, whose value. */
export function MergeDialog({
  entity,
  stays: first,
  goes: second,
  onClose,
  onMerged,
}: {
  entity: Entity;
  stays: Rec;
  goes: Rec;
  onClose: () => void;
  onMerged?: (stays: Rec) => void;
}) {
  const { t } = useTranslation();
  const [turned, setTurned] = useState(false);
  const [stays, goes] = turned ? [second, first] : [first, second];
  const fields = differing(entity, stays, goes);
  const [chosen, setChosen] = useState<Sides>(() => firstChoice(fields, stays));
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const turn = () => {
    setTurned(!turned);
    setChosen(firstChoice(differing(entity, goes, stays), goes));
  };
  const submit = async () => {
    setBusy(true);
    setFailure(null);
    try {
      await merge(entity, stays, goes, Object.fromEntries(fields.map(({ name }) => [name, chosen[name] ?? "mine"])));
      onClose();
      onMerged?.(stays);
    } catch (error) {
      setFailure(explain(error));
      setBusy(false);
    }
  };
  return (
    <Modal
      title={t("duplicates.mergeTitle", { name: titleOf(entity, stays) })}
      description={t("duplicates.mergeHint")}
      width="lg"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" data-autofocus disabled={busy} onClick={() => void submit()}>
            {t("duplicates.merge")}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        {failure && <Notice>{failure}</Notice>}
        <div className="grid grid-cols-[minmax(0,1fr)_32px_minmax(0,1fr)] items-center gap-2">
          <p className="min-w-0 rounded-md bg-accent-soft px-3 py-2">
            <span className="block text-xs text-accent-text">{t("duplicates.stays")}</span>
            <span className="block truncate font-medium">{titleOf(entity, stays)}</span>
          </p>
          <Button variant="ghost" size="icon" aria-label={t("duplicates.turn")} onClick={turn}>
            <ArrowLeftRight size={15} />
          </Button>
          <p className="min-w-0 rounded-md bg-active px-3 py-2">
            <span className="block text-xs text-fg-2">{t("duplicates.goes")}</span>
            <span className="block truncate font-medium">{titleOf(entity, goes)}</span>
          </p>
        </div>
        {fields.length === 0 && <p className="text-fg-2">{t("duplicates.alike")}</p>}
        {fields.map((field) => (
          <Choice
            key={`${field.name}-${turned}`}
            field={field}
            stays={stays}
            goes={goes}
            value={chosen[field.name] ?? "mine"}
            onChange={(side) => setChosen((held) => ({ ...held, [field.name]: side }))}
          />
        ))}
      </div>
    </Modal>
  );
}

function Choice({
  field,
  stays,
  goes,
  value,
  onChange,
}: {
  field: Field;
  stays: Rec;
  goes: Rec;
  value: Side;
  onChange: (side: Side) => void;
}) {
  const { t } = useTranslation();
  const id = useId();
  const { View } = kindOf(field);
  const side = (name: Side, record: Rec) => {
    const held = valueIn(record, field);
    return (
      <label
        className={cx(
          "flex min-h-10 min-w-0 flex-1 items-center gap-2 rounded-sm px-2.5 py-1.5 has-focus-visible:outline-2 has-focus-visible:outline-ring",
          value === name ? "bg-accent-soft shadow-[inset_0_0_0_1px_var(--accent)]" : "bg-sunken hover:bg-hover",
        )}
      >
        <input
          type="radio"
          name={id}
          checked={value === name}
          onChange={() => onChange(name)}
          className="m-0 accent-(--accent)"
        />
        <span className="flex min-w-0 flex-1 overflow-hidden">
          {isBlank(held) ? (
            <span className="text-fg-3">{t("common.empty")}</span>
          ) : (
            <View field={field} value={held} record={record} />
          )}
        </span>
      </label>
    );
  };
  return (
    <fieldset>
      <legend className="mb-1 text-xs font-medium text-fg-2">{field.label}</legend>
      <div className="flex gap-2 max-sm:flex-col">
        {side("mine", stays)}
        {side("theirs", goes)}
      </div>
    </fieldset>
  );
}
