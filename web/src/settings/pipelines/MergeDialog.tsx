import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refreshLists } from "@/api/cache";
import { request } from "@/api/client";
import { queryClient } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { useSubmission } from "@/forms/useSubmission";
import { number } from "@/lib/format";
import { nearestHue } from "@/lib/hues";
import { Button, Modal, Notice, notify, Tag } from "@/ui";
import { PickRow } from "../PickRow";
import { labelFor } from "./model";

const FORM = "merge-stage";

/** Gives a stage's records to another stage of the same pipeline and removes it. */
export function MergeDialog({
  entity,
  stage,
  others,
  records,
  count,
  onClose,
}: {
  entity: Entity;
  stage: Rec;
  others: Rec[];
  records: Entity | undefined;
  count: number | undefined;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const { busy, failure, errors, submit, clear, refuse } = useSubmission(["into"]);
  const [into, setInto] = useState("");
  const name = String(stage.name);
  const merge = () =>
    submit(async () => {
      await request(`/${entity.plural}/${stage.id}/merge`, { method: "POST", body: { into } });
      const target = String(others.find((one) => one.id === into)?.name ?? "");
      notify(t("pipelines.merged", { stage: name, into: target }));
      refreshLists(entity.plural);
      if (records) refreshLists(records.plural);
      void queryClient.invalidateQueries({ queryKey: ["pipeline"] });
      onClose();
    });
  return (
    <Modal
      title={t("pipelines.mergeTitle", { stage: name })}
      description={
        count === undefined
          ? t("pipelines.mergeHint", { stage: name })
          : t("pipelines.mergeCount", { shown: number(count), records: labelFor(records, count), stage: name })
      }
      width="sm"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="solidDanger" type="submit" form={FORM} disabled={busy}>
            {t("pipelines.mergeDo")}
          </Button>
        </>
      }
    >
      <form
        id={FORM}
        noValidate
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (into) void merge();
          else refuse({ into: t("problems.required", { label: t("pipelines.into") }) });
        }}
      >
        {failure && <Notice>{failure}</Notice>}
        <PickRow
          label={t("pipelines.into")}
          required
          error={errors.into}
          items={others.map((one) => ({
            value: one.id,
            label: String(one.name),
            node: <Tag label={String(one.name)} hue={nearestHue(one.color)} dot />,
          }))}
          value={into}
          onChange={(value) => {
            setInto(value);
            clear("into");
          }}
        />
      </form>
    </Modal>
  );
}
