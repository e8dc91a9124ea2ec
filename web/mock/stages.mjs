// Boards for the stand-in: the sums of a pipeline's stages, and moving a record from one stage to another.
import { find, problem, queryRows } from "./records.mjs";

/** The money field that a board of this entity adds up. */
const amountOf = (entity) => entity.fields.find((field) => field.kind === "money").name;

export function createStages({ store, entities, update, me }) {
  const pipelineOf = (entity, id) => {
    const own = store.pipelines.filter((pipeline) => pipeline.entity === entity.name);
    return own.find((pipeline) => pipeline.id === id) ?? own[0];
  };
  return {
    pipelineOf,
    totals(entity, query) {
      const current = pipelineOf(entity, query.pipeline_id);
      const rows = queryRows(entity, store, entities, { ...query, me: me() });
      const amount = amountOf(entity);
      return {
        pipeline: { id: current.id, name: current.name },
        stages: store.stages
          .filter((stage) => stage.pipeline_id === current.id)
          .sort((one, other) => one.position - other.position)
          .map(({ id, key, name, position, probability, color, kind, is_active }) => {
            const own = rows.filter((row) => row.stage_id === id);
            const totals = new Map();
            for (const row of own) {
              const held = totals.get(row.currency) ?? { currency: row.currency, count: 0, amount: 0, weighted: 0 };
              held.count += 1;
              held.amount += Number(row[amount] ?? 0);
              held.weighted += (Number(row[amount] ?? 0) * probability) / 100;
              totals.set(row.currency, held);
            }
            return {
              ...{ id, key, name, position, probability, color, kind, is_active, count: own.length },
              totals: [...totals.values()].map((total) => ({
                ...total,
                amount: total.amount.toFixed(2),
                weighted: total.weighted.toFixed(2),
              })),
            };
          }),
      };
    },
    move(entity, record, body) {
      const stage = store.stages.find(
        (entry) => entry.pipeline_id === record.pipeline_id && [entry.id, entry.key, entry.name].includes(body.stage),
      );
      const refuse = (field, message, code = "unknown") => problem(422, "validation", message, [{ field, code, message }]);
      if (!stage) throw refuse("stage", "There is no such stage.");
      const label = entity.label.toLowerCase();
      if (stage.lead_status === "converted" && record.stage_id !== stage.id)
        throw refuse("stage", "A lead becomes converted by converting it.", "by_conversion");
      if (stage.kind === "lost" && !body.lost_reason && !record.lost_reason)
        throw refuse("lost_reason", `A lost ${label} needs its reason.`, "required");
      const from = find(store.stages, record.stage_id);
      const rows = store[entity.plural]
        .filter((entry) => entry.stage_id === stage.id && entry.id !== record.id)
        .sort((one, other) => (one.board_position < other.board_position ? -1 : 1));
      const neighbour = rows.findIndex((entry) => entry.id === (body.before ?? body.after));
      const at = neighbour < 0 ? 0 : body.before ? neighbour : neighbour + 1;
      rows.splice(at, 0, record);
      rows.forEach((entry, index) => {
        entry.board_position = String(index).padStart(6, "0");
      });
      const words = from.id === stage.id ? undefined : { type: "stage_changed", metadata: { from: from.name, to: stage.name } };
      const lost_reason = stage.kind === "lost" ? (body.lost_reason ?? record.lost_reason) : null;
      return update(entity, record, { stage_id: stage.id, lost_reason }, words);
    },
  };
}
