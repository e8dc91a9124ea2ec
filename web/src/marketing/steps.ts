/** What `GET /campaigns/{id}/metrics` answers. Money and rates are exact decimals; a rate of nothing is null. */
export type Metrics = {
  members: Record<string, number>;
  /** How many got at least so far. */
  reached: Record<string, number>;
  leads: number;
  conversions: number;
  won_deals: number;
  won_value: string | null;
  budget: string | null;
  actual_cost: string | null;
  roi: string | null;
  currency: string;
};
export const STEPS = ["members", "sent", "delivered", "opened", "clicked"] as const;
export type Step = { name: (typeof STEPS)[number]; count: number /** Of a hundred who were addressed. */; share: number };

/** How far messages got: everybody addressed first, then whom each step reached. */
export function stepsOf({ members, reached }: Pick<Metrics, "members" | "reached">): Step[] {
  const all = members.total ?? 0;
  return STEPS.map((name) => {
    const count = name === "members" ? all : (reached[name] ?? 0);
    return { name, count, share: all > 0 ? Math.round((count * 1000) / all) / 10 : 0 };
  });
}
