import { queryOptions } from "@tanstack/react-query";
import { allOf, fetchList, type ListParams, pipelineQuery } from "@/api/queries";
import type { Entity, Field, Pipeline } from "@/api/types";

/** The field whose values are the columns, where they are the choices of the field itself and no stages of a pipeline. */
export function choiceField(entity: Entity): Field | undefined {
  const field = entity.fields.find((one) => one.name === entity.layout.board?.group_by);
  return field?.kind === "choice" ? field : undefined;
}

/** Choices in which a record has come to its end: nothing of it is late any more, and none begins there. */
const ENDED = new Set([
  ...["done", "completed", "resolved", "closed", "cancelled", "archived", "converted", "failed"],
  ...["unsubscribed", "bounced", "skipped"],
]);

async function countedChoices(entity: Entity, field: Field, params: ListParams, signal: AbortSignal): Promise<Pipeline> {
  const choices = field.choices ?? [];
  const counts = await Promise.all(
    choices.map(async ({ value }) => {
      const filter = allOf(params.filter, { field: field.name, op: "eq", value });
      return (await fetchList(entity.plural, { ...params, filter }, { limit: 1, total: true }, signal)).page.total ?? 0;
    }),
  );
  return {
    pipeline: { id: "", name: "" },
    stages: choices.map((choice, at) => ({
      ...{ id: choice.value, key: choice.value, name: choice.label, position: at, color: choice.hue ?? null },
      ...{ probability: 0, is_active: true, count: counts[at] ?? 0, totals: [] },
      kind: ENDED.has(choice.value) ? ("won" as const) : ("open" as const),
    })),
  };
}

/** The columns of a board with their counts and sums: stages as the server tells them, or the choices of a field. */
export const columnsQuery = (entity: Entity, pipeline: string | undefined, params: ListParams) => {
  const field = choiceField(entity);
  return field
    ? queryOptions({
        queryKey: ["pipeline", entity.plural, "", params],
        queryFn: ({ signal }) => countedChoices(entity, field, params, signal),
      })
    : pipelineQuery(entity.plural, pipeline, params);
};
