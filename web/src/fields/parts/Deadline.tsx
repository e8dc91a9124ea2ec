import { useTranslation } from "react-i18next";
import type { Rec, Values } from "@/api/types";
import { type ClockState, clockOf, type Span } from "@/lib/countdown";
import { moment } from "@/lib/format";
import { useNow } from "@/lib/now";
import { Tag } from "@/ui/Marks";

/** Moments that are promised: by which field one sees that the promise was kept. */
const PROMISES: Record<string, string> = {
  first_response_due_at: "first_responded_at",
  sla_due_at: "resolved_at",
};
export const isDeadline = (name: string): boolean => Object.hasOwn(PROMISES, name);

const HUES = { running: "gray", soon: "amber", over: "red", paused: "blue", met: "green", missed: "red" } as const;

/** "2 d 4 h": the two largest parts are enough. */
export function spanWords(
  { days, hours, minutes }: Span,
  t: (key: "clock.days" | "clock.hours" | "clock.minutes", values: { count: number }) => string,
): string {
  const parts = [
    days > 0 ? t("clock.days", { count: days }) : "",
    hours > 0 ? t("clock.hours", { count: hours }) : "",
    minutes > 0 || (days === 0 && hours === 0) ? t("clock.minutes", { count: minutes }) : "",
  ].filter(Boolean);
  return parts.slice(0, 2).join(" ");
}

/** A promised moment as a clock that ticks: how much is left, how much it is over, or that it stands still. */
export function Deadline({ name, value, record }: { name: string; value: unknown; record: Rec | Values | undefined }) {
  const clock = useClock(name, value, record);
  return clock && <ClockTag clock={clock} />;
}
export function useClock(name: string, value: unknown, record: Rec | Values | undefined): ClockState | null {
  const now = useNow();
  return clockOf(value, record?.[PROMISES[name] ?? ""], record?.status === "waiting_customer", now);
}

export function ClockTag({ clock }: { clock: ClockState }) {
  const { t } = useTranslation();
  const words =
    clock.state === "running" || clock.state === "soon"
      ? t("clock.left", { span: spanWords(clock.left, t) })
      : clock.state === "over"
        ? t("clock.over", { span: spanWords(clock.left, t) })
        : t(`clock.${clock.state}`);
  return (
    <span title={"dueAt" in clock ? moment(clock.dueAt) : undefined} data-clock={clock.state} className="flex min-w-0">
      <Tag label={words} hue={HUES[clock.state]} dot />
    </span>
  );
}
