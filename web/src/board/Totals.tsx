import { useTranslation } from "react-i18next";
import type { Entity, PipelineStage, StageTotal } from "@/api/types";
import { addDecimal } from "@/lib/decimal";
import { money, number } from "@/lib/format";

/** Sums by currency over several stages, the largest first. Amounts of different currencies are never added up. */
export function sumTotals(stages: PipelineStage[]): StageTotal[] {
  const sums = new Map<string | null, StageTotal>();
  for (const total of stages.flatMap((stage) => stage.totals)) {
    const held = sums.get(total.currency);
    sums.set(
      total.currency,
      held
        ? {
            currency: total.currency,
            count: held.count + total.count,
            amount: addDecimal(held.amount, total.amount),
            weighted: addDecimal(held.weighted, total.weighted),
          }
        : total,
    );
  }
  return [...sums.values()].sort((one, other) => other.count - one.count);
}

/** What is open in the pipeline, for the toolbar. */
export function BoardTotals({ stages }: { stages: PipelineStage[] }) {
  const { t } = useTranslation();
  const open = stages.filter((stage) => stage.kind === "open");
  const totals = sumTotals(open).filter((total) => Number(total.amount) !== 0);
  if (totals.length === 0) return null;
  return (
    <span className="tabular hidden shrink-0 items-center gap-2 px-2 text-fg-2 lg:flex">
      {totals.slice(0, 3).map((total) => (
        <span key={total.currency}>
          {t("board.open", {
            amount: money(total.amount, total.currency, true),
            weighted: money(total.weighted, total.currency, true),
          })}
        </span>
      ))}
    </span>
  );
}

/** The sums of one column, every currency for itself: what is in it, and what that is worth by its probability. */
export function StageTotals({ entity, stage }: { entity: Entity; stage: PipelineStage }) {
  const { t } = useTranslation();
  // Records without an amount are counted in the head of the column; a sum of nothing would only be noise.
  const totals = stage.totals.filter((total) => Number(total.amount) !== 0).sort((one, other) => other.count - one.count);
  return (
    <p className="tabular flex min-h-5 flex-wrap items-baseline gap-x-3 px-1 text-xs text-fg-2">
      {totals.map((total) => (
        <span
          key={total.currency}
          data-currency={total.currency}
          title={t("board.total", {
            shown: number(total.count),
            label: (total.count === 1 ? entity.label : entity.label_plural).toLowerCase(),
            amount: money(total.amount, total.currency),
            weighted: money(total.weighted, total.currency),
          })}
        >
          {money(total.amount, total.currency, true)}
          <span className="text-fg-3"> · {t("board.weighted", { amount: money(total.weighted, total.currency, true) })}</span>
        </span>
      ))}
    </p>
  );
}
