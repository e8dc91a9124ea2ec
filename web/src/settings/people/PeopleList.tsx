import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Search, TriangleAlert, Users } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { peopleQuery, rolesQuery, teamsQuery } from "@/api/people";
import type { Entity, Rec } from "@/api/types";
import { RecordDialog } from "@/forms/RecordDialog";
import { number } from "@/lib/format";
import { explain } from "@/records/errors";
import { Button, cx, Empty, Picker, Skeleton } from "@/ui";
import { PEOPLE_STATUSES, type PeopleSearch } from "../search";
import { HandOverDialog } from "./HandOverDialog";
import { counted, found } from "./model";
import { PersonRow } from "./PersonRow";

/** So many are drawn at first; the rest on demand. */
const STEP = 100;

export function PeopleList({ user, search }: { user: Entity; search: PeopleSearch }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { data, error } = useQuery(peopleQuery);
  const { data: roles } = useQuery(rolesQuery);
  const { data: teams } = useQuery(teamsQuery);
  const [shown, setShown] = useState(STEP);
  const [editing, setEditing] = useState<Rec | null>(null);
  const [leaving, setLeaving] = useState<Rec | null>(null);
  const set = (change: { [Name in keyof PeopleSearch]?: PeopleSearch[Name] | undefined }) => {
    const next = { ...search, ...change };
    void navigate({
      to: "/settings/people",
      search: Object.fromEntries(Object.entries(next).filter(([, value]) => value)) as PeopleSearch,
      replace: true,
    });
  };
  if (error) return <Empty icon={<TriangleAlert size={20} />} title={t("errors.title")} hint={explain(error)} />;
  const people = data?.data ?? [];
  const rows = found(people, search);
  const counts = counted(people);
  const roleItems = (roles?.data ?? []).map((role) => ({ value: role.id, label: String(role.name) }));
  const chosenRole = roleItems.find((item) => item.value === search.role);
  const filtered = Boolean(search.q || search.status || search.role);
  return (
    <>
      <div className="flex flex-wrap items-center gap-2">
        <div className="flex h-8 min-w-48 flex-1 items-center gap-2 rounded-sm bg-raised px-2.5 shadow-[inset_0_0_0_1px_var(--line-strong)] focus-within:shadow-[inset_0_0_0_2px_var(--ring)] sm:max-w-64 pointer-coarse:h-10">
          <Search size={14} className="shrink-0 text-fg-3" aria-hidden />
          <input
            type="search"
            aria-label={t("people.search")}
            placeholder={t("people.search")}
            value={search.q ?? ""}
            onChange={(event) => set({ q: event.target.value })}
            className="w-full min-w-0 bg-transparent outline-none"
          />
        </div>
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset's legend cannot be hidden beside its buttons */}
        <div role="group" aria-label={t("people.status")} className="scroll flex min-w-0 gap-1 max-sm:w-full sm:flex-wrap">
          {([undefined, ...PEOPLE_STATUSES] as const).map((status) => {
            const total = status ? (counts[status] ?? 0) : people.length;
            if (status && total === 0 && search.status !== status) return null;
            return (
              <button
                key={status ?? "all"}
                type="button"
                aria-pressed={search.status === status}
                onClick={() => set({ status })}
                className={cx(
                  "flex h-8 shrink-0 items-center gap-1.5 rounded-sm px-2.5 font-medium pointer-coarse:h-10",
                  search.status === status ? "bg-active text-fg" : "text-fg-2 hover:bg-hover hover:text-fg",
                )}
              >
                {status ? t(`people.statuses.${status}`) : t("people.everyone")}
                {data && <span className="tabular text-xs text-fg-3">{number(total)}</span>}
              </button>
            );
          })}
        </div>
        <Picker
          label={t("people.filterRole")}
          items={roleItems}
          value={search.role ? [search.role] : []}
          onChange={([role]) => set({ role: role === search.role ? undefined : role })}
          triggerLabel={chosenRole ? t("people.roleIs", { role: chosenRole.label }) : t("people.filterRole")}
          trigger={
            <Button variant={chosenRole ? "secondary" : "ghost"}>
              {chosenRole ? t("people.roleIs", { role: chosenRole.label }) : t("people.filterRole")}
            </Button>
          }
        />
        {filtered && (
          <Button variant="ghost" onClick={() => set({ q: undefined, status: undefined, role: undefined })}>
            {t("filters.clear")}
          </Button>
        )}
      </div>
      <div className="rounded-md bg-raised shadow-card">
        {!data ? (
          <div className="flex flex-col gap-3 p-4">
            {[1, 2, 3, 4, 5].map((line) => (
              <Skeleton key={line} className="h-9" />
            ))}
          </div>
        ) : rows.length === 0 ? (
          <Empty icon={<Users size={20} />} title={t("people.nobody")} hint={t("people.nobodyHint")} />
        ) : (
          <table className="w-full border-collapse">
            <thead className="max-sm:sr-only">
              <tr className="border-b text-xs text-fg-2">
                <th scope="col" className="px-4 py-2.5 text-start font-medium">
                  {t("people.name")}
                </th>
                <th scope="col" className="px-2 py-2.5 text-start font-medium">
                  {t("people.role")}
                </th>
                <th scope="col" className="px-2 py-2.5 text-start font-medium max-md:hidden">
                  {t("people.team")}
                </th>
                <th scope="col" className="px-2 py-2.5 text-start font-medium max-md:hidden">
                  {t("people.status")}
                </th>
                <th scope="col" className="px-2 py-2.5 text-start font-medium max-xl:hidden">
                  {t("people.lastSeen")}
                </th>
                <th scope="col" className="w-12 px-2 py-2.5">
                  <span className="sr-only">{t("record.actions")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, shown).map((row) => (
                <PersonRow
                  key={row.id}
                  entity={user}
                  person={row}
                  people={people}
                  roles={roles?.data ?? []}
                  teams={teams?.data ?? []}
                  onEdit={() => setEditing(row)}
                  onLeave={() => setLeaving(row)}
                />
              ))}
            </tbody>
          </table>
        )}
        {rows.length > shown && (
          <div className="border-t p-2 text-center">
            <Button variant="ghost" onClick={() => setShown(shown + STEP)}>
              {t("people.more", { count: rows.length - shown })}
            </Button>
          </div>
        )}
      </div>
      {editing && (
        <RecordDialog
          entity={user}
          names={["full_name", "job_title", "phone", "manager_id"]}
          record={editing}
          title={String(editing.full_name || editing.email)}
          action={t("common.save")}
          onClose={() => setEditing(null)}
        />
      )}
      {leaving && <HandOverDialog user={leaving} people={people} onClose={() => setLeaving(null)} />}
    </>
  );
}
