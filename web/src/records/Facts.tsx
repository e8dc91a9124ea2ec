import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { allOf, fetchList, findEntity, useMeta } from "@/api/queries";
import type { Child, Entity, FilterTree, Rec } from "@/api/types";
import { faceOf } from "@/board/face";
import { currencyOf } from "@/fields/values";
import { addDecimal } from "@/lib/decimal";
import { money, number, relative } from "@/lib/format";
import { within } from "@/lib/words";
import { isOpen } from "@/tasks/tasks";
import { writtenQuery } from "@/timeline/write";

const MOST = 200;
const STATUS = ["open", "won"] as const;

/** Sums by currency, the largest group first; currencies are never added to each other. */
export function sumsOf(rows: Rec[], amount: string, currency: (row: Rec) => string): [currency: string, sum: string][] {
  const sums = new Map<string, { sum: string; count: number }>();
  for (const row of rows) {
    const value = row[amount];
    if (typeof value !== "string") continue;
    const held = sums.get(currency(row)) ?? { sum: "0", count: 0 };
    sums.set(currency(row), { sum: addDecimal(held.sum, value), count: held.count + 1 });
  }
  return [...sums].sort(([, one], [, other]) => other.count - one.count).map(([name, { sum }]) => [name, sum]);
}

/** A child whose records are won or lost: what is open of it, and what has been won so far. */
function salesOf(entity: Entity, meta: { entities: Entity[] }): { child: Child; target: Entity } | undefined {
  for (const child of entity.children) {
    const target = meta.entities.find((one) => one.name === child.entity);
    const status = target?.fields.find((field) => field.name === "status" && field.kind === "choice");
    if (target?.layout.board && STATUS.every((name) => status?.choices?.some((choice) => choice.value === name)))
      return { child, target };
  }
  return undefined;
}

/** The figures somebody wants to know before they call. */
export function Facts({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const meta = useMeta();
  const sales = salesOf(entity, meta);
  const parent = sales ? { plural: entity.plural, id: record.id, child: sales.child.name } : undefined;
  const filter: FilterTree | undefined = allOf({ field: "status", op: "in", value: [...STATUS] });
  const deals = useQuery({
    queryKey: ["list", sales?.target.plural ?? "", { parent, facts: true }],
    queryFn: ({ signal }) => fetchList(sales?.target.plural ?? "", { parent, filter }, { limit: MOST }, signal),
    enabled: sales !== undefined,
  });
  const has = (name: string) => entity.children.some((child) => child.name === name) && findEntity(meta, name) !== undefined;
  const tasks = useQuery({ ...writtenQuery("tasks", entity, record.id), enabled: has("tasks") });
  const talks = useQuery({ ...writtenQuery("interactions", entity, record.id), enabled: has("interactions") });

  const facts: [string, string | undefined][] = [];
  if (sales) {
    const face = faceOf(sales.target);
    const rows = deals.data?.data;
    const more = deals.data?.page.next_cursor ? "+" : "";
    for (const status of STATUS) {
      const sums = rows
        ? sumsOf(
            rows.filter((row) => row.status === status),
            face.amount?.name ?? "",
            (row) => (face.amount ? currencyOf(face.amount, row) : ""),
          )
        : undefined;
      facts.push([
        t(`facts.${status}`, { label: within(sales.target.label_plural) }),
        sums &&
          (sums.length === 0
            ? "—"
            : sums
                .slice(0, 2)
                .map(([currency, sum]) => money(sum, currency, true))
                .join(" · ") + more),
      ]);
    }
  }
  if (has("tasks")) {
    const count = tasks.data?.data.filter(isOpen).length;
    facts.push([t("facts.tasks"), count === undefined ? undefined : number(count)]);
  }
  if (has("interactions")) {
    const last = talks.data?.data
      .map((talk) => String(talk.occurred_at ?? talk.created_at))
      .sort()
      .at(-1);
    facts.push([t("facts.contact"), talks.data ? (last ? relative(last) : t("facts.never")) : undefined]);
  }
  if (facts.length < 2) return null;
  return (
    <dl
      className="grid grid-cols-2 gap-px overflow-hidden rounded-md bg-line shadow-card sm:grid-cols-[repeat(auto-fit,minmax(0,1fr))]"
      style={{ gridTemplateColumns: facts.length < 4 ? `repeat(${facts.length}, minmax(0, 1fr))` : undefined }}
    >
      {facts.map(([label, value]) => (
        <div key={label} className="min-w-0 bg-raised px-3 py-2.5">
          <dt className="truncate text-xs text-fg-2">{label}</dt>
          <dd className="tabular mt-0.5 truncate text-base font-semibold">
            {value ?? <span className="skeleton mt-1 h-3.5 w-16" />}
          </dd>
        </div>
      ))}
    </dl>
  );
}
