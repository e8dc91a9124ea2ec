import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Maximize2, X } from "lucide-react";
import { Suspense, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { findCached } from "@/api/cache";
import { recordQuery } from "@/api/queries";
import type { Entity } from "@/api/types";
import { EntityIcon } from "@/app/EntityIcon";
import { hasFace, isPerson, titleOf } from "@/fields/values";
import { Timeline } from "@/timeline/Timeline";
import { Avatar, Button, buttonClass, Empty, ScrollRegion, Skeleton, Tip } from "@/ui";
import { FieldList } from "./FieldList";
import { specialOf } from "./special";

/** A record beside the list it stands in: the table stays usable, Escape closes, the address carries ?peek. */
export default function PeekPanel({ entity, id, onClose }: { entity: Entity; id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const { data, isError } = useQuery(recordQuery(entity, id));
  const record = data ?? findCached(entity.plural, id);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (
        event.key === "Escape" &&
        !event.defaultPrevented &&
        !document.querySelector("[data-layer='dialog'][data-open], [role=menu], [role=listbox]")
      )
        onClose();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [onClose]);
  const name = titleOf(entity, record);
  const { Head } = specialOf(entity);
  return (
    <aside
      aria-label={name || t("list.peek")}
      className="absolute inset-y-0 end-0 z-30 flex w-full shrink-0 flex-col border-s bg-canvas shadow-pop sm:w-[400px] xl:static xl:shadow-none"
    >
      <div className="flex h-12 shrink-0 items-center gap-2 border-b px-3">
        {hasFace(entity) ? (
          <Avatar name={name || "?"} square={!isPerson(entity)} size={22} />
        ) : (
          <EntityIcon name={entity.icon} className="text-fg-3" />
        )}
        <h2 className="min-w-0 flex-1 truncate text-base font-semibold">{name}</h2>
        <Tip label={t("list.open")} keys="mod+enter">
          <Link
            to="/$entity/$id"
            params={{ entity: entity.plural, id }}
            aria-label={t("list.open")}
            className={buttonClass("ghost", "icon")}
          >
            <Maximize2 size={14} />
          </Link>
        </Tip>
        <Tip label={t("common.close")} keys="Esc">
          <Button variant="ghost" size="icon" aria-label={t("list.closePeek")} onClick={onClose}>
            <X size={15} />
          </Button>
        </Tip>
      </div>
      <ScrollRegion label={t("record.details")} className="min-h-0 flex-1 px-4 py-3">
        {record ? (
          <>
            {Head && !record.deleted_at && (
              <Suspense>
                <div className="-mt-2 mb-4">
                  <Head entity={entity} record={record} />
                </div>
              </Suspense>
            )}
            <FieldList entity={entity} record={record} compact />
            <h3 className="mt-5 mb-3 text-xs font-semibold text-fg-2">{t("record.timeline")}</h3>
            <Timeline entity={entity} id={id} compact />
          </>
        ) : isError ? (
          <Empty icon={<X size={20} />} title={t("record.gone")} hint={t("record.goneHint")} />
        ) : (
          <div className="flex flex-col gap-3">
            {[1, 2, 3, 4, 5, 6].map((line) => (
              <Skeleton key={line} className="h-5 w-full" />
            ))}
          </div>
        )}
      </ScrollRegion>
    </aside>
  );
}
