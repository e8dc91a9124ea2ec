import "@/i18n/work";
import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { Check, Minus } from "lucide-react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import type { Entity, Rec } from "@/api/types";
import { labelOfEntity, titleOf } from "@/fields/values";
import i18n from "@/i18n";
import { within } from "@/lib/words";
import { explain } from "@/records/errors";
import { Avatar, Button, Modal, Notice, Skeleton, Tag } from "@/ui";
import { type AccessAnswer, type Reason, type Right, reach, wayOf, waysOf } from "./reasons";

const PAGE = 50;
const accessQuery = (entity: Entity, id: string) =>
  infiniteQueryOptions({
    queryKey: ["access", entity.plural, id],
    queryFn: ({ signal, pageParam }) =>
      request<AccessAnswer>(`/${entity.plural}/${id}/access`, { signal, query: { limit: PAGE, offset: pageParam || undefined } }),
    initialPageParam: 0,
    getNextPageParam: (last) => last.page.next_offset ?? undefined,
    staleTime: 0,
  });

/** Why one sees a record, may change it or may not; and who else does, for whom that is told. */
export default function AccessDialog({ entity, record, onClose }: { entity: Entity; record: Rec; onClose: () => void }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(accessQuery(entity, record.id));
  const first = query.data?.pages[0];
  const people = query.data?.pages.flatMap((page) => page.people ?? []) ?? [];
  return (
    <Modal title={t("access.title")} description={titleOf(entity, record)} onClose={onClose} readable>
      {query.error ? (
        <Notice>{explain(query.error)}</Notice>
      ) : !first ? (
        <div role="status" aria-label={t("common.loading")} className="flex flex-col gap-3">
          {[1, 2, 3, 4].map((line) => (
            <Skeleton key={line} className="h-8" />
          ))}
        </div>
      ) : (
        <div className="flex flex-col gap-5">
          <section aria-label={t("access.you")}>
            <h3 className="mb-1.5 text-xs font-semibold text-fg-2">{t("access.you")}</h3>
            <dl className="flex flex-col">
              {(["read", "update", "delete"] as const).map((action) => (
                <Mine key={action} action={action} right={first.you[action]} entity={entity} />
              ))}
            </dl>
          </section>
          {first.people && (
            <section aria-label={t("access.people")}>
              <h3 className="mb-1.5 text-xs font-semibold text-fg-2">{t("access.people")}</h3>
              <ul className="m-0 list-none p-0">
                {people.map((person) => (
                  <li
                    key={person.user.id}
                    className="flex min-h-11 flex-wrap items-center gap-x-2.5 gap-y-1 border-b border-line/80 py-1.5 last:border-b-0"
                    data-person={person.user.full_name}
                  >
                    <Avatar name={person.user.full_name ?? "?"} size={24} />
                    <span className="min-w-0 flex-1 basis-40">
                      <span className="block truncate font-medium">{person.user.full_name}</span>
                      <span className="block text-xs text-fg-2">
                        {[person.user.role.name, ...wordsOf(person.read.reasons, entity)].join(" · ")}
                      </span>
                    </span>
                    <Tag label={t(`access.reach.${reach(person)}`)} hue={reach(person) === "read" ? "gray" : "blue"} />
                  </li>
                ))}
              </ul>
              {query.hasNextPage && (
                <Button className="mt-2 w-full" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {t("access.more")}
                </Button>
              )}
            </section>
          )}
        </div>
      )}
    </Modal>
  );
}

/** The ways that lead somebody to a record, in words. */
function wordsOf(reasons: Reason[], entity: Entity): string[] {
  return waysOf(reasons).map((reason) => {
    const way = wayOf(reason);
    const field = entity.fields.find((one) => one.name === reason.field)?.label ?? "";
    if (way === "record")
      return i18n.t("access.by.record", {
        label: labelOfEntity(reason.entity ?? "").toLowerCase(),
        why: wordsOf(reason.reasons ?? [], entity).join(", "),
      });
    return i18n.t(`access.by.${way}`, { field, label: within(entity.label_plural) });
  });
}

function Mine({ action, right, entity }: { action: "read" | "update" | "delete"; right: Right; entity: Entity }) {
  const { t } = useTranslation();
  const words = wordsOf(right.reasons, entity);
  return (
    <div className="flex min-h-9 items-start gap-2.5 py-1.5" data-right={action}>
      <dt className="flex shrink-0 items-start gap-2.5 font-medium">
        <span className={right.allowed ? "text-success-text" : "text-fg-3"}>
          {right.allowed ? <Check size={16} aria-hidden /> : <Minus size={16} aria-hidden />}
        </span>
        <span className="w-24">{t(`access.action.${action}`)}</span>
      </dt>
      <dd className="min-w-0 flex-1 text-fg-2">
        <span className="sr-only">{t(right.allowed ? "common.yes" : "common.no")}. </span>
        {right.allowed
          ? words.join(" · ") || t("access.by.rule")
          : t(right.scope ? "access.notThis" : "access.notAtAll", { label: within(entity.label_plural) })}
      </dd>
    </div>
  );
}
