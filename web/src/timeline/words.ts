import type { TFunction } from "i18next";
import type { Entity } from "@/api/types";
import { within } from "@/lib/words";
import { labelOf } from "@/records/errors";
import type { Happening } from "./model";

/** The sentence of a happening, after the name of who did it. */
export function wordsOf(t: TFunction, entity: Entity, { type, from, to, subject, changes, fields, merge }: Happening): string {
  const label = within(entity.label);
  if (merge) {
    const other = merge.other ?? t("timeline.anotherRecord", { label });
    if (merge.undone) return t("timeline.unmerged", { other });
    return merge.side === "goes" ? t("timeline.mergedInto", { label, other }) : t("timeline.merged", { label, other });
  }
  if (from && to) return t("timeline.moved", { label, from, to });
  switch (type) {
    case "created":
      return t("timeline.created", { label });
    case "imported":
      return t("timeline.imported", { label });
    case "signed_in":
      return t("timeline.signedIn");
    case "deleted":
      return t("timeline.deleted", { label });
    case "restored":
      return t("timeline.restored", { label });
    case "converted":
      return t("timeline.converted", { label });
    case "exported":
      return t("timeline.exported", { label });
    case "permission":
      return t("timeline.permission", { label });
    case "erased":
      return t("timeline.erased", { label });
    case "note":
      return t("timeline.noted");
    case "call":
    case "email":
    case "meeting":
    case "message_sent":
      return subject ? t(`timeline.${type}About` as const, { subject }) : t(`timeline.${type}` as const);
    case "task":
      return t("timeline.planned", { title: subject ?? "" });
    default:
  }
  const named = changes.length > 0 ? changes.map((change) => change.field) : fields;
  if (type === "updated" && named.length > 0)
    return named.length <= 2
      ? t("timeline.changed", { fields: named.map((field) => labelOf(entity, field)).join(", ") })
      : t("timeline.changedMany", { count: named.length });
  return subject ?? t("timeline.other", { type: type.replaceAll("_", " ") });
}
