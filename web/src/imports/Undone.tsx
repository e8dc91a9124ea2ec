import { Link } from "@tanstack/react-router";
import { Undo2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import { findEntity, queryClient, useMeta } from "@/api/queries";
import type { ImportJob } from "@/api/types";
import { moment, number } from "@/lib/format";
import { confirm } from "@/records/dialogs";
import { complain, labelOf } from "@/records/errors";
import { Button } from "@/ui";

type Undo = NonNullable<ImportJob["undo"]>;
type KeptRecord = Undo["kept_records"][number];

const keptOf = ({ kept }: Undo) => kept.changed + kept.used + kept.not_allowed + kept.refused;

/** Takes a finished import back, while that is possible. */
export function UndoButton({ job }: { job: ImportJob }) {
  const { t } = useTranslation();
  if (!job.undo_until || new Date(job.undo_until) < new Date()) return null;
  const until = moment(job.undo_until);
  const undo = async () => {
    const detail = t("imports.undoHint", { created: number(job.created), updated: number(job.updated), until });
    if (!(await confirm(t("imports.undoTitle"), detail, t("imports.undo")))) return;
    try {
      const undone = await request<ImportJob>(`/imports/${job.id}/undo`, { method: "POST", body: {} });
      queryClient.setQueryData(["import", job.id], undone);
      // References to what went and totals over it may be shown anywhere.
      await queryClient.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "import" });
    } catch (failure) {
      complain(t("imports.notUndone"), failure);
      // A large one goes on when the request is given up.
      await queryClient.invalidateQueries({ queryKey: ["import", job.id] });
    }
  };
  return (
    <Button onClick={() => void undo()}>
      <Undo2 size={14} /> {t("imports.undo")}
    </Button>
  );
}

/** What became of an import that was taken back: how much went, and what stayed and why. */
export function Undone({ job }: { job: ImportJob }) {
  const { t } = useTranslation();
  const { undo } = job;
  if (!undo) return null;
  const figures = [
    ["deleted", undo.deleted],
    ["restored", undo.restored],
    ["gone", undo.gone],
    ["kept", keptOf(undo)],
  ] as const;
  return (
    <section aria-label={t("imports.undone")} className="scroll rounded-md bg-raised shadow-card">
      <div className="border-b px-4 py-2.5">
        <h2 className="font-semibold">{t("imports.undone")}</h2>
        {job.undone_at && <p className="text-xs text-fg-2">{moment(job.undone_at)}</p>}
      </div>
      <dl className="grid grid-cols-2 sm:grid-cols-4">
        {figures.map(([name, count]) => (
          <div key={name} className="px-4 py-3">
            <dt className="text-xs text-fg-2">{t(`imports.undoing.${name}`)}</dt>
            <dd data-undone={name} className="tabular mt-0.5 text-xl font-semibold">
              {number(count)}
            </dd>
          </div>
        ))}
      </dl>
      {undo.kept_records.length > 0 && (
        <table className="w-full border-collapse border-t">
          <thead>
            <tr className="border-b text-xs text-fg-2">
              <th scope="col" className="px-4 py-2 text-start font-medium">
                {t("imports.stayed")}
              </th>
              <th scope="col" className="px-4 py-2 text-start font-medium">
                {t("imports.why")}
              </th>
            </tr>
          </thead>
          <tbody>
            {undo.kept_records.map((one) => (
              <Kept key={`${one.id} ${one.reason}`} one={one} />
            ))}
          </tbody>
        </table>
      )}
      {keptOf(undo) > undo.kept_records.length && (
        <p className="border-t px-4 py-2 text-fg-2">{t("imports.firstStayed", { count: undo.kept_records.length })}</p>
      )}
    </section>
  );
}

function Kept({ one }: { one: KeptRecord }) {
  const { t } = useTranslation();
  const meta = useMeta();
  const entity = findEntity(meta, one.entity);
  const title = one.title ?? entity?.label ?? one.entity;
  return (
    <tr className="border-b last:border-b-0">
      <td className="max-w-52 truncate px-4 py-2">
        {entity ? (
          <Link
            to="/$entity/$id"
            params={{ entity: entity.plural, id: one.id }}
            className="font-medium underline-offset-3 hover:underline"
          >
            {title}
          </Link>
        ) : (
          title
        )}
      </td>
      <td className="px-4 py-2 text-fg-2">{t(`imports.because.${reasonOf(one)}`, { detail: detailOf(one) })}</td>
    </tr>
  );

  function detailOf({ reason, detail }: KeptRecord): string {
    if (!detail) return "";
    if (reason === "used") return findEntity(meta, detail)?.label.toLowerCase() ?? detail.replaceAll("_", " ");
    if (reason === "changed" && entity)
      return detail
        .split(", ")
        .map((name) => labelOf(entity, name))
        .join(", ");
    return detail;
  }
}

/** A record that was there before and stays in some fields is told of by those. */
const reasonOf = ({ reason, detail }: KeptRecord) => (reason === "changed" && detail ? "changedFields" : reason);
