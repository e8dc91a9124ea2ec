import { addDays, addMonths } from "@/lib/days";

export const PERIODS = ["all", "month", "quarter", "year", "last12"] as const;
export type Period = (typeof PERIODS)[number];
type Span = { from: string; to: string } | undefined;

/** The days of a period that is named by its distance from today, both included. */
export function spanOf(period: Period, today: string): Span {
  const month = `${today.slice(0, 7)}-01`;
  const until = (from: string, months: number): Span => ({ from, to: addDays(addMonths(from, months), -1) });
  if (period === "month") return until(month, 1);
  if (period === "quarter") return until(addMonths(month, -((Number(today.slice(5, 7)) - 1) % 3)), 3);
  if (period === "year") return until(`${today.slice(0, 4)}-01-01`, 12);
  if (period === "last12") return until(addMonths(month, -11), 12);
  return undefined;
}

/** Which of them a report is narrowed to; nothing for days of its own. */
export function periodOf(config: Record<string, unknown>, today: string): Period | undefined {
  return PERIODS.find((period) => {
    const span = spanOf(period, today);
    return (config.from ?? undefined) === span?.from && (config.to ?? undefined) === span?.to;
  });
}
