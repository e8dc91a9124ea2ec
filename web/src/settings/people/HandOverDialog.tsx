import { useQueries } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { fetchList, useMeta } from "@/api/queries";
import type { Rec } from "@/api/types";
import { EntityIcon } from "@/app/EntityIcon";
import { useSubmission } from "@/forms/useSubmission";
import { number } from "@/lib/format";
import { Button, Modal, Notice, Person, Skeleton } from "@/ui";
import { PickRow } from "../PickRow";
import { deactivate } from "./actions";
import { ownedKinds, statusOf } from "./model";

const FORM = "hand-over";

/** Before somebody leaves: what is theirs, and whose it becomes. */
export function HandOverDialog({ user, people, onClose }: { user: Rec; people: Rec[]; onClose: () => void }) {
  const { t } = useTranslation();
  const kinds = ownedKinds(useMeta());
  const [heir, setHeir] = useState("");
  const { form, busy, failure, errors, submit } = useSubmission(["hand_over_to"]);
  const counts = useQueries({
    queries: kinds.map(({ entity, field }) => ({
      queryKey: ["owned", entity.plural, user.id],
      queryFn: () =>
        fetchList(entity.plural, { filter: { field: field.name, op: "eq", value: user.id } }, { limit: 1, total: true }),
      staleTime: 0,
    })),
  });
  const pending = counts.some((count) => count.isPending);
  const owned = kinds.flatMap(({ entity }, index) => {
    const page = counts[index]?.data?.page;
    return page?.total ? [{ entity, total: page.total, more: page.total_is_lower_bound === true }] : [];
  });
  const name = String(user.full_name || user.email);
  const heirs = people.filter((one) => one.id !== user.id && statusOf(one) === "active");
  return (
    <Modal
      title={t("people.deactivateTitle", { name })}
      description={t("people.deactivateHint")}
      width="sm"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="solidDanger" type="submit" form={FORM} disabled={busy || pending}>
            {t("people.deactivate")}
          </Button>
        </>
      }
    >
      <form
        ref={form}
        id={FORM}
        noValidate
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(() => deactivate(user, heir || null)).then((done) => done && onClose());
        }}
      >
        {failure && <Notice>{failure}</Notice>}
        <div>
          <h3 className="mb-1 font-medium">{t("people.owned")}</h3>
          {pending ? (
            <Skeleton className="h-14" />
          ) : owned.length === 0 ? (
            <p className="text-fg-2">{t("people.ownsNothing", { name })}</p>
          ) : (
            <ul className="m-0 list-none rounded-sm p-0 shadow-[inset_0_0_0_1px_var(--line)]">
              {owned.map(({ entity, total, more }) => (
                <li key={entity.name} className="flex items-center gap-2.5 border-b px-3 py-2 last:border-b-0">
                  <EntityIcon name={entity.icon} className="text-fg-3" />
                  <span className="flex-1">{entity.label_plural}</span>
                  <span className="tabular font-medium" data-owned={entity.name}>
                    {number(total)}
                    {more && "+"}
                  </span>
                </li>
              ))}
            </ul>
          )}
        </div>
        {owned.length > 0 && (
          <PickRow
            label={t("people.handOverTo")}
            help={heir ? undefined : t("people.noHeirHelp")}
            error={errors.hand_over_to}
            none={t("people.noHeir")}
            items={heirs.map((one) => ({
              value: one.id,
              label: String(one.full_name),
              node: <Person name={String(one.full_name)} size={18} />,
            }))}
            value={heir}
            onChange={setHeir}
          />
        )}
      </form>
    </Modal>
  );
}
