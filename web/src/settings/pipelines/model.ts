import { everyQuery } from "@/api/people";
import type { Entity, Rec } from "@/api/types";

export const pipelinesQuery = everyQuery("pipelines", { sort: "position" });
export const stagesQuery = everyQuery("stages", { sort: "position" });

/** What a pipeline is for, where it does not say. */
export const DEALS = "deal";
export const purposeOf = (pipeline: Rec): string => String(pipeline.entity ?? DEALS);

/** "deal" or "deals", as so many are called. */
export const labelFor = (records: Entity | undefined, count: number): string =>
  (count === 1 ? records?.label : records?.label_plural)?.toLowerCase() ?? "";
