import { findEntity, loadedMeta } from "@/api/queries";
import i18n from "@/i18n";
import { inWords } from "@/lib/words";

/** What can happen to a record, in the order in which it does. */
export const HAPPENINGS = ["*", "created", "updated", "deleted", "restored", "purged"] as const;

/** An event as people read it: "deal.updated" is "Deal: changed", "company.*" is "Company: everything". */
export function eventInWords(event: string): string {
  if (event === "*") return i18n.t("events.all");
  const [name = "", happening = ""] = event.split(".");
  const meta = loadedMeta();
  const label = (meta && findEntity(meta, name)?.label) ?? inWords(name);
  const known = HAPPENINGS.find((one) => one === happening);
  return i18n.t("events.of", { label, what: known ? i18n.t(`events.${known === "*" ? "any" : known}`) : happening });
}
