import { useQuery } from "@tanstack/react-query";
import { MoreHorizontal, Pencil, Plus, Trash2, TriangleAlert, Users, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import { everyQuery, peopleQuery, teamsQuery } from "@/api/people";
import { can, queryClient, useEntity } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { RecordDialog } from "@/forms/RecordDialog";
import { confirm } from "@/records/dialogs";
import { createRecord, deleteRecord } from "@/records/edit";
import { complain, explain } from "@/records/errors";
import { offerUndo } from "@/records/undo";
import { Avatar, Button, DropMenu, Empty, Person, Picker, Skeleton } from "@/ui";
import { Card } from "../frame";
import { statusOf } from "./model";

const membersQuery = everyQuery("team-members");

/** The teams with their members. Who may, adds and takes away where they stand. */
export function TeamsList({ team }: { team: Entity }) {
  const { t } = useTranslation();
  const { data: teams, error } = useQuery(teamsQuery);
  const { data: members } = useQuery(membersQuery);
  const { data: people } = useQuery(peopleQuery);
  const [editing, setEditing] = useState<Rec | null>(null);
  if (error) return <Empty icon={<TriangleAlert size={20} />} title={t("errors.title")} hint={explain(error)} />;
  if (!teams || !members || !people) return <Skeleton className="h-40 rounded-md!" />;
  if (teams.data.length === 0)
    return <Empty icon={<Users size={20} />} title={t("people.noTeams")} hint={t("people.noTeamsHint")} />;
  return (
    <>
      <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-2">
        {teams.data.map((one) => (
          <TeamCard
            key={one.id}
            entity={team}
            team={one}
            members={members.data.filter((member) => member.team_id === one.id)}
            people={people.data}
            onEdit={() => setEditing(one)}
          />
        ))}
      </div>
      {editing && (
        <RecordDialog
          entity={team}
          names={["name", "description"]}
          record={editing}
          title={t("people.editTeam")}
          action={t("common.save")}
          onClose={() => setEditing(null)}
        />
      )}
    </>
  );
}

function TeamCard({
  entity,
  team,
  members,
  people,
  onEdit,
}: {
  entity: Entity;
  team: Rec;
  members: Rec[];
  people: Rec[];
  onEdit: () => void;
}) {
  const { t } = useTranslation();
  const link = useEntity("team_member");
  const name = String(team.name);
  const mayJoin = link !== undefined && can(link, "create");
  const mayLeave = link !== undefined && can(link, "delete");
  const inside = new Set(members.map((member) => member.user_id));
  const outside = people.filter((user) => !inside.has(user.id) && statusOf(user) !== "suspended");
  const refresh = () => queryClient.invalidateQueries({ queryKey: membersQuery.queryKey });

  const add = async (id: string) => {
    if (!link) return;
    try {
      await createRecord(link, { team_id: team.id, user_id: id });
    } catch (error) {
      complain(t("people.notAdded"), error);
    }
    await refresh();
  };
  const remove = async (member: Rec, who: string) => {
    try {
      await request(`/team-members/${member.id}`, { method: "DELETE" });
      offerUndo(t("people.removedFrom", { name: who, team: name }), () => add(String(member.user_id)));
    } catch (error) {
      complain(t("people.notRemoved"), error);
    }
    await refresh();
  };
  const dissolve = async () => {
    if (await confirm(t("people.dissolveTitle", { team: name }), t("people.dissolveHint"), t("people.dissolve")))
      await deleteRecord(entity, team);
  };
  return (
    <Card
      title={name}
      hint={team.description ? String(team.description) : t("people.members", { count: members.length })}
      flush
      aside={
        <>
          {mayJoin && (
            <Picker
              label={t("people.addTo", { team: name })}
              items={outside.map((user) => ({
                value: user.id,
                label: String(user.full_name || user.email),
                node: <Person name={String(user.full_name || user.email)} size={18} />,
              }))}
              value={[]}
              onChange={([id]) => id && void add(id)}
              triggerLabel={t("people.addTo", { team: name })}
              trigger={
                <Button size="sm">
                  <Plus size={14} aria-hidden />
                  {t("common.add")}
                </Button>
              }
            />
          )}
          {can(entity, "update") && (
            <DropMenu
              align="end"
              label={t("people.actionsFor", { name })}
              trigger={
                <Button variant="ghost" size="icon" aria-label={t("people.actionsFor", { name })}>
                  <MoreHorizontal size={15} />
                </Button>
              }
              items={[
                { label: t("people.rename"), icon: <Pencil size={14} />, onSelect: onEdit },
                ...(can(entity, "delete")
                  ? [
                      "separator" as const,
                      {
                        label: t("people.dissolveDots"),
                        icon: <Trash2 size={14} />,
                        danger: true,
                        onSelect: () => void dissolve(),
                      },
                    ]
                  : []),
              ]}
            />
          )}
        </>
      }
    >
      {members.length === 0 ? (
        <p className="px-4 py-3 text-fg-2 lg:px-5">{t("people.emptyTeam")}</p>
      ) : (
        <ul className="m-0 list-none p-0" aria-label={t("people.membersOf", { team: name })}>
          {members.map((member) => {
            const user = people.find((one) => one.id === member.user_id);
            const who = String(user?.full_name || user?.email || t("record.hidden"));
            return (
              <li key={member.id} className="flex min-h-10 items-center gap-2.5 border-b px-4 py-1 last:border-b-0 lg:px-5">
                <Avatar name={who} size={24} />
                <span className="min-w-0 flex-1 truncate">{who}</span>
                {mayLeave && (
                  <Button
                    variant="ghost"
                    size="icon"
                    aria-label={t("people.removeFrom", { name: who, team: name })}
                    onClick={() => void remove(member, who)}
                  >
                    <X size={14} />
                  </Button>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}
