import { useQuery } from "@tanstack/react-query";
import { ChevronDown, Plus, Users } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { can, findEntity, useMe, useMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import type { ListSearch } from "@/filters/search";
import { Button, cx, DropMenu, FormRow, Modal, TextInput } from "@/ui";
import { complain } from "./errors";
import { bodyOf, changeView, createView, removeView, savedViewsQuery, viewFrom } from "./savedViews";
import { offerUndo } from "./undo";
import { builtInViews, currentView, isChanged, openView, type View, viewOf } from "./views";

/** The views of a list as tabs. What was changed since can be saved into the view or as a new one. */
export function ViewTabs({
  entity,
  search,
  onOpen,
}: {
  entity: Entity;
  search: ListSearch;
  onOpen: (search: ListSearch) => void;
}) {
  const { t } = useTranslation();
  const me = useMe();
  const kept = findEntity(useMeta(), "view");
  const { data, isPending } = useQuery({ ...savedViewsQuery, enabled: kept !== undefined });
  const [naming, setNaming] = useState<View | "new" | null>(null);
  const own = (data?.data ?? []).flatMap((record) => (record.entity === entity.name ? (viewFrom(record, me.user.id) ?? []) : []));
  const views = [...builtInViews(entity), ...own];
  const current = currentView(views, search);
  // A view that is still on its way is not one that the list has moved on from.
  const awaited = search.view !== undefined && current === undefined && kept !== undefined && isPending;
  const dirty = kept !== undefined && can(kept, "create") && !search.deleted && !awaited && isChanged(current, search);
  const writable = (view: View) => kept !== undefined && view.saved?.mine === true && can(kept, "update");
  if (views.length < 2 && !dirty) return null;
  const open = (record: Rec) => {
    const view = viewFrom(record, me.user.id);
    if (view) onOpen(openView(view, search));
  };
  const fail = (error: unknown) => complain(t("views.notSaved"), error);
  const create = (name: string) => void createView(entity.name, name, viewOf(search)).then(open).catch(fail);
  const change = (view: View, body: Record<string, unknown>) => view.saved && changeView(view.saved.record, body);
  const save = (view: View) =>
    void change(view, bodyOf(viewOf(search)))
      ?.then(open)
      .catch(fail);
  const remove = async (view: View) => {
    if (!view.saved) return;
    try {
      await removeView(view.saved.record);
      onOpen({});
      offerUndo(t("views.removed", { name: view.name }), async () => {
        await createView(entity.name, view.name, view.search, view.saved?.shared).catch(fail);
      });
    } catch (error) {
      complain(t("views.notRemoved"), error);
    }
  };
  return (
    <>
      <nav aria-label={t("views.label")} className="flex shrink-0 items-center gap-0.5">
        {views.map((view) => {
          const on = view === current && !search.deleted;
          return (
            <span key={view.id} className={cx("flex items-center rounded-sm", on ? "bg-active" : "hover:bg-hover")}>
              <button
                type="button"
                aria-current={on ? "page" : undefined}
                onClick={() => onOpen(openView(view, search))}
                className={cx(
                  "h-7 max-w-48 truncate px-2.5 font-medium whitespace-nowrap pointer-coarse:h-10",
                  on ? "text-fg" : "text-fg-2 hover:text-fg",
                )}
              >
                {view.name}
                {view.saved && !view.saved.mine && (
                  <>
                    <Users size={12} aria-hidden className="ms-1.5 inline text-fg-3" />
                    <span className="sr-only">{t("views.byOthers")}</span>
                  </>
                )}
              </button>
              {on && writable(view) && (
                <DropMenu
                  trigger={
                    <button
                      type="button"
                      aria-label={t("views.actions", { name: view.name })}
                      className="flex h-7 w-6 items-center justify-center text-fg-3 hover:text-fg pointer-coarse:h-10 pointer-coarse:w-10"
                    >
                      <ChevronDown size={13} />
                    </button>
                  }
                  items={[
                    { label: t("views.rename"), onSelect: () => setNaming(view) },
                    {
                      label: t(view.saved?.shared ? "views.unshare" : "views.share"),
                      onSelect: () => void change(view, { visibility: view.saved?.shared ? "private" : "shared" })?.catch(fail),
                    },
                    { label: t("views.remove"), danger: true, onSelect: () => void remove(view) },
                  ]}
                />
              )}
            </span>
          );
        })}
        {dirty &&
          (current && writable(current) ? (
            <DropMenu
              trigger={
                <Button size="sm" className="ms-1">
                  {t("views.save")} <ChevronDown size={13} className="text-fg-3" />
                </Button>
              }
              items={[
                { label: t("views.saveInto", { name: current.name }), onSelect: () => save(current) },
                { label: t("views.saveNew"), onSelect: () => setNaming("new") },
              ]}
            />
          ) : (
            <Button size="sm" className="ms-1" onClick={() => setNaming("new")}>
              <Plus size={13} /> {t("views.save")}
            </Button>
          ))}
      </nav>
      {naming && (
        <NameDialog
          name={naming === "new" ? "" : naming.name}
          onClose={() => setNaming(null)}
          onName={(name) => {
            setNaming(null);
            if (naming === "new") create(name);
            else void change(naming, { name })?.catch(fail);
          }}
        />
      )}
    </>
  );
}

function NameDialog({ name, onName, onClose }: { name: string; onName: (name: string) => void; onClose: () => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(name);
  return (
    <Modal
      title={name ? t("views.rename") : t("views.saveNew")}
      description={t("views.hint")}
      width="sm"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" type="submit" form="view-name" disabled={text.trim() === ""}>
            {t("common.save")}
          </Button>
        </>
      }
    >
      <form
        id="view-name"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim()) onName(text.trim());
        }}
      >
        <FormRow label={t("views.name")} required>
          {(aria) => <TextInput {...aria} value={text} maxLength={60} onChange={(event) => setText(event.target.value)} />}
        </FormRow>
      </form>
    </Modal>
  );
}
