import "@/i18n/work";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Inbox, Search, Table2, TriangleAlert } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { findEntity, useMeta } from "@/api/queries";
import type { Rec } from "@/api/types";
import { NotFound, PageHead, useTitle } from "@/app/pages";
import { number } from "@/lib/format";
import { useMedia } from "@/lib/media";
import { useShortcuts } from "@/lib/shortcuts";
import { explain } from "@/records/errors";
import { Button, buttonClass, cx, Empty, ScrollRegion, Skeleton } from "@/ui";
import { ConversationRow } from "./ConversationRow";
import { conversationsQuery } from "./model";
import { BOXES, type Box, type InboxSearch } from "./search";
import { Thread } from "./Thread";

/** What people write to the organization, and what is answered: the list of conversations, and the one that is read. */
export default function InboxPage() {
  const { t } = useTranslation();
  useTitle(t("nav.pages.conversation"));
  const entity = findEntity(useMeta(), "conversation");
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as InboxSearch;
  const { box = "all", q, c } = search;
  const beside = useMedia("(min-width: 900px)");
  const query = useInfiniteQuery({ ...conversationsQuery(box, q), enabled: entity !== undefined });
  const list = query.data?.pages.flatMap((page) => page.data) ?? [];
  const go = (change: Partial<Record<keyof InboxSearch, string | undefined>>) => {
    const next = Object.fromEntries(Object.entries({ ...search, ...change }).filter(([, value]) => value));
    void navigate({ to: "/inbox", search: next as InboxSearch, replace: true });
  };
  const step = (by: 1 | -1) => {
    const at = list.findIndex((one) => one.id === c);
    const next = list[at < 0 ? 0 : at + by];
    if (next) go({ c: next.id });
  };
  useShortcuts({
    "inbox.next": () => step(1),
    "inbox.previous": () => step(-1),
    "list.search": () => document.querySelector<HTMLInputElement>("[data-list-search]")?.focus(),
  });
  if (!entity) return <NotFound />;
  const open = c ? <Thread key={c} entity={entity} id={c} onBack={() => go({ c: undefined })} /> : null;
  if (!beside && open) return open;
  return (
    <>
      <PageHead icon={<Inbox size={16} />} title={t("nav.pages.conversation")}>
        <Link to="/$entity" params={{ entity: entity.plural }} className={buttonClass("ghost", "sm")}>
          <Table2 size={14} aria-hidden /> <span className="max-sm:sr-only">{t("inbox.asTable")}</span>
        </Link>
      </PageHead>
      <div className="flex min-h-0 flex-1">
        <section
          aria-label={t("inbox.conversations")}
          className={cx("flex min-h-0 flex-col", beside ? "w-[360px] shrink-0 border-e" : "min-w-0 flex-1")}
        >
          <Boxes
            box={box}
            counts={query.data?.pages[0]?.page.counts ?? {}}
            onChange={(next) => go({ box: next === "all" ? undefined : next, c: undefined })}
          />
          <SearchLine value={q ?? ""} onChange={(text) => go({ q: text || undefined })} />
          <ScrollRegion label={t("inbox.conversations")} className="min-h-0 flex-1">
            {query.error && list.length === 0 ? (
              <Empty icon={<TriangleAlert size={20} />} title={t("errors.title")} hint={explain(query.error)}>
                <Button variant="primary" onClick={() => void query.refetch()}>
                  {t("errors.retry")}
                </Button>
              </Empty>
            ) : query.isPending ? (
              <Waiting />
            ) : list.length === 0 ? (
              <Empty
                icon={<Inbox size={20} />}
                title={t(q ? "inbox.noMatch" : `inbox.empty.${box}`)}
                hint={q ? undefined : t(`inbox.emptyHint.${box}`)}
              />
            ) : (
              <ul className="m-0 list-none p-0">
                {list.map((conversation: Rec) => (
                  <ConversationRow
                    key={conversation.id}
                    entity={entity}
                    conversation={conversation}
                    current={conversation.id === c}
                    onOpen={() => go({ c: conversation.id })}
                  />
                ))}
              </ul>
            )}
            {query.hasNextPage && (
              <div className="p-3">
                <Button className="w-full" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {t("inbox.more")}
                </Button>
              </div>
            )}
          </ScrollRegion>
        </section>
        {beside &&
          (open ?? (
            <div className="flex min-w-0 flex-1 bg-sunken">
              <Empty icon={<Inbox size={20} />} title={t("inbox.none")} hint={t("inbox.noneHint")} />
            </div>
          ))}
      </div>
    </>
  );
}

function Boxes({ box, counts, onChange }: { box: Box; counts: Record<string, number>; onChange: (box: Box) => void }) {
  const { t } = useTranslation();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring its own box and legend
    <div role="group" aria-label={t("inbox.boxes")} className="scroll flex shrink-0 gap-0.5 border-b px-3 py-1.5">
      {BOXES.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={name === box}
          onClick={() => onChange(name)}
          className={cx(
            "h-7 rounded-sm px-2 font-medium whitespace-nowrap pointer-coarse:h-10",
            name === box ? "bg-active text-fg" : "text-fg-2 hover:bg-hover hover:text-fg",
          )}
        >
          {t(`inbox.box.${name}`)}
          {(counts[name] ?? 0) > 0 && <span className="tabular ms-1 text-2xs text-fg-3">{number(counts[name] ?? 0)}</span>}
        </button>
      ))}
    </div>
  );
}

const TYPING_MS = 220;
function SearchLine({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(value);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onChange(text), TYPING_MS);
    return () => clearTimeout(timer);
  });
  return (
    <label className="flex h-9 shrink-0 items-center gap-2 border-b px-4">
      <Search size={14} className="shrink-0 text-fg-3" aria-hidden />
      <input
        data-list-search
        type="search"
        aria-label={t("inbox.search")}
        placeholder={t("inbox.search")}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          if (text) setText("");
          else event.currentTarget.blur();
        }}
        className="w-full bg-transparent outline-none [&::-webkit-search-cancel-button]:hidden"
      />
    </label>
  );
}

const Waiting = () => {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t("common.loading")} className="flex flex-col">
      {[1, 2, 3, 4, 5, 6, 7].map((row) => (
        <div key={row} className="flex gap-3 border-b px-4 py-3">
          <Skeleton className="size-8 rounded-full!" />
          <span className="flex flex-1 flex-col gap-2">
            <Skeleton className="h-3.5 w-2/3" />
            <Skeleton className="h-3 w-full" />
          </span>
        </div>
      ))}
    </div>
  );
};
