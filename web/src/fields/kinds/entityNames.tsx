import { loadedMeta } from "@/api/queries";
import type { PickItem } from "@/ui";
import { pickEditor, pickInput } from "../parts/PickEditor";
import { type KindModule, understood, type ViewProps } from "../types";
import { isBlank, labelOfEntity } from "../values";

const EntityView = ({ value }: ViewProps) =>
  isBlank(value) ? null : <span className="truncate">{labelOfEntity(String(value))}</span>;
const entityItems = (): PickItem[] =>
  (loadedMeta()?.entities ?? [])
    .filter((entity) => entity.permissions.includes("read"))
    .map((entity) => ({ value: entity.name, label: entity.label }))
    .sort((one, other) => one.label.localeCompare(other.label));

/** The name of a kind of record: stored as programs call it, chosen and read as people do. */
export const entityName: KindModule = {
  width: 160,
  View: EntityView,
  Editor: pickEditor({ View: EntityView, useItems: entityItems }),
  Input: pickInput({ View: EntityView, useItems: entityItems }),
  filter: "text",
  operators: ["eq", "ne", "is_null"],
  text: (value) => (isBlank(value) ? "" : labelOfEntity(String(value))),
  parse: (text) => understood(text.trim() === "" ? null : text.trim()),
};
