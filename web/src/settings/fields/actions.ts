import { request } from "@/api/client";
import { metaQuery, queryClient } from "@/api/queries";
import type { Entity, List, Rec } from "@/api/types";
import i18n from "@/i18n";
import { number } from "@/lib/format";
import { within } from "@/lib/words";
import { confirm } from "@/records/dialogs";
import { deleteRecord } from "@/records/edit";

/** Tables, forms and filters are made of the metadata: a change of a field is seen everywhere once it is read again. */
export const refreshMeta = () => void queryClient.invalidateQueries({ queryKey: metaQuery.queryKey });

/** How many records hold a value of a field; unknown where that cannot be asked. */
async function valuesOf(field: Rec, target: Entity): Promise<number | null> {
  if (field.is_filterable === false) return null;
  try {
    const { page } = await request<List>(`/${target.plural}`, {
      query: {
        filter: JSON.stringify({ field: `custom.${String(field.key)}`, op: "is_null", value: false }),
        limit: 1,
        total: true,
      },
    });
    return page.total ?? null;
  } catch {
    return null;
  }
}

/** Removes a field, after saying how many records lose a value with it. */
export async function removeField(entity: Entity, field: Rec, target: Entity): Promise<void> {
  const count = await valuesOf(field, target);
  const label = String(field.label);
  const records = (count === 1 ? target.label : target.label_plural).toLowerCase();
  const sure = await confirm(
    i18n.t("customFields.removeTitle", { label }),
    count === null
      ? i18n.t("customFields.removeHint", { records: within(target.label_plural) })
      : count === 0
        ? i18n.t("customFields.removeEmpty", { records: within(target.label_plural) })
        : i18n.t("customFields.removeCount", { shown: number(count), records }),
    i18n.t("customFields.remove"),
  );
  if (!sure) return;
  if (await deleteRecord(entity, field)) {
    refreshMeta();
    void queryClient.invalidateQueries({ queryKey: ["list", target.plural] });
  }
}
