import { includesOf } from "@/api/queries";
import type { Entity, Field, Kind } from "@/api/types";
import { hasFace, targetOf } from "@/fields/values";

/** The fields that a card shows, found in metadata: no board knows what it is a board of. */
export type Face = {
  /** For whom or from where: a reference to somebody with a face, or else a line of text. */
  second: Field | undefined;
  amount: Field | undefined;
  share: Field | undefined;
  due: Field | undefined;
  owner: Field | undefined;
};

export function faceOf(entity: Entity): Face {
  const { group_by } = entity.layout.board ?? { group_by: "" };
  const inTable = entity.layout.table.flatMap((name) => entity.fields.find((field) => field.name === name) ?? []);
  const first = (kind: Kind, from: Field[] = [...inTable, ...entity.fields]) =>
    from.find((field) => field.kind === kind && field.name !== entity.title_field && !field.custom);
  const others = inTable.filter((field) => field.name !== entity.title_field && field.name !== group_by);
  return {
    second: others.find((field) => field.kind === "reference" && hasFace(targetOf(field))) ?? first("text", others),
    amount: first("money"),
    share: first("percent", inTable),
    due: first("date") ?? inTable.find((field) => field.kind === "timestamp" && field.name.includes("due")),
    owner: first("user"),
  };
}
/** What has to come along with a card for its face to have names. */
export const includesOfFace = (face: Face): string[] =>
  includesOf([face.second, face.owner].filter((field): field is Field => field !== undefined));
