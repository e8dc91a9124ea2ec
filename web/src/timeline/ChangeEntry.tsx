import { ArrowRight } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Entity } from "@/api/types";
import { moment, relative } from "@/lib/format";
import { Value } from "@/records/ConflictDialog";
import { labelOf } from "@/records/errors";
import { Avatar, cx } from "@/ui";
import { furtherChanges, type Happening } from "./model";
import { wordsOf } from "./words";

/** A change of the record itself: who, what, and every field's old and new value. */
export function ChangeEntry({ entity, happening, compact }: { entity: Entity; happening: Happening; compact: boolean }) {
  const { t } = useTranslation();
  const actor = happening.actor ?? t("timeline.system");
  const shown = furtherChanges(happening);
  return (
    <div className="pt-1">
      <p className="flex flex-wrap items-center gap-x-1.5 text-fg-2">
        <Avatar name={actor} size={18} />
        <span className="font-medium text-fg">{actor}</span>
        <span className="min-w-0">{wordsOf(t, entity, happening)}</span>
        <time dateTime={happening.at} title={moment(happening.at)} className="text-xs whitespace-nowrap text-fg-3">
          {relative(happening.at)}
        </time>
      </p>
      {shown.length > 0 && (
        <dl className={cx("mt-2 grid gap-x-3 gap-y-1.5", !compact && "rounded-md bg-raised p-3 shadow-card")}>
          {shown.map((change) => (
            <div key={change.field} className={cx("min-w-0", !compact && "grid grid-cols-[128px_minmax(0,1fr)] gap-x-3")}>
              <dt className="truncate text-fg-2">{labelOf(entity, change.field)}</dt>
              <dd className="flex min-w-0 flex-wrap items-center gap-1.5">
                <span className="max-w-full truncate text-fg-2">
                  <Value entity={entity} name={change.field} value={change.old} />
                </span>
                <ArrowRight size={13} className="shrink-0 text-fg-3 rtl:rotate-180" aria-label={t("timeline.to")} />
                <span className="max-w-full truncate font-medium">
                  <Value entity={entity} name={change.field} value={change.new} />
                </span>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
