import { useQuery } from "@tanstack/react-query";
import { UserPlus, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refreshLists } from "@/api/cache";
import { request } from "@/api/client";
import { can, findEntity, listPageQuery, nestable, useMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { useRecordItems } from "@/fields/parts/RecordPick";
import { editRecord } from "@/records/edit";
import { complain, explain } from "@/records/errors";
import { offerUndo } from "@/records/undo";
import { Avatar, Button, Notice, notify, Picker, Skeleton } from "@/ui";

const MOST = 200;
const membersQuery = (entity: Entity, id: string) =>
  listPageQuery(
    "project-members",
    { parent: { plural: entity.plural, id, child: "members" }, include: nestable("project-members", ["user"]) },
    0,
    MOST,
  );

/** Who works on a project, and as what. */
export function Members({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const meta = useMeta();
  const member = findEntity(meta, "project_member");
  const { data, error } = useQuery({ ...membersQuery(entity, record.id), enabled: member !== undefined });
  if (!member || !can(member, "read")) return null;
  const roles = member.fields.find((field) => field.name === "role");
  const editable = can(member, "update") && !record.deleted_at;
  const nameOf = (one: Rec) => (one.user as { full_name?: string } | null | undefined)?.full_name ?? t("record.hidden");
  const refresh = () => refreshLists(member.plural);
  const add = async (user: string) => {
    try {
      await request(`/${member.plural}`, { method: "POST", body: { project_id: record.id, user_id: user } });
      notify(t("projects.memberAdded"));
    } catch (failure) {
      complain(t("record.notDone"), failure);
    }
    refresh();
  };
  const remove = async (one: Rec) => {
    try {
      await request(`/${member.plural}/${one.id}`, { method: "DELETE" });
      offerUndo(t("projects.memberRemoved", { name: nameOf(one) }), async () => {
        await request(`/${member.plural}`, {
          method: "POST",
          body: { project_id: record.id, user_id: one.user_id, role: one.role },
        }).catch((failure: unknown) => complain(t("record.notRestored"), failure));
        refresh();
      });
    } catch (failure) {
      complain(t("record.notDone"), failure);
    }
    refresh();
  };
  return (
    <section aria-labelledby="project-members" className="rounded-md bg-raised shadow-card">
      <div className="flex min-h-11 items-center gap-2 border-b ps-3 pe-2">
        <h2 id="project-members" className="flex-1 font-semibold">
          {t("projects.members")}
        </h2>
        {can(member, "create") && !record.deleted_at && (
          <AddMember taken={(data?.data ?? []).map((one) => String(one.user_id))} onAdd={(user) => void add(user)} />
        )}
      </div>
      {error ? (
        <div className="p-3">
          <Notice>{explain(error)}</Notice>
        </div>
      ) : !data ? (
        <Skeleton className="m-3 h-5" />
      ) : data.data.length === 0 ? (
        <p className="px-3 py-3 text-fg-3">{t("projects.noMembers")}</p>
      ) : (
        <ul className="m-0 grid list-none grid-cols-1 p-0 sm:grid-cols-2">
          {data.data.map((one) => (
            <li key={one.id} className="flex min-h-11 items-center gap-2 px-3" data-member={nameOf(one)}>
              <Avatar name={nameOf(one)} size={24} />
              <span className="min-w-0 flex-1 truncate">{nameOf(one)}</span>
              {roles &&
                (editable ? (
                  <select
                    aria-label={t("projects.memberRole", { name: nameOf(one) })}
                    value={String(one.role)}
                    onChange={(event) => void editRecord(member, one, [{ field: roles, value: event.target.value }])}
                    className="h-8 rounded-sm bg-transparent px-1 text-xs text-fg-2 hover:bg-hover pointer-coarse:h-10"
                  >
                    {(roles.choices ?? []).map((choice) => (
                      <option key={choice.value} value={choice.value}>
                        {choice.label}
                      </option>
                    ))}
                  </select>
                ) : (
                  <span className="text-xs text-fg-2">{roles.choices?.find((choice) => choice.value === one.role)?.label}</span>
                ))}
              {can(member, "delete") && !record.deleted_at && (
                <Button
                  variant="ghost"
                  size="icon"
                  aria-label={t("projects.removeMember", { name: nameOf(one) })}
                  onClick={() => void remove(one)}
                >
                  <X size={14} />
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function AddMember({ taken, onAdd }: { taken: string[]; onAdd: (user: string) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const { items, loading } = useRecordItems(findEntity(useMeta(), "user"), text, open);
  return (
    <Picker
      label={t("projects.addMember")}
      items={items.filter((item) => !taken.includes(item.value))}
      value={[]}
      open={open}
      onOpenChange={setOpen}
      onSearch={setText}
      loading={loading}
      onChange={([user]) => {
        setOpen(false);
        if (user) onAdd(user);
      }}
      triggerLabel={t("projects.addMember")}
      trigger={
        <Button size="sm" variant="ghost">
          <UserPlus size={14} /> {t("projects.addMember")}
        </Button>
      }
    />
  );
}
