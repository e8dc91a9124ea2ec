import { Link } from "@tanstack/react-router";
import { ChevronDown, Mail, MoreHorizontal, Pencil, UserCheck, UserX, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { can, useMe } from "@/api/queries";
import type { Entity, Nested, Rec } from "@/api/types";
import { moment, relative } from "@/lib/format";
import { confirm } from "@/records/dialogs";
import { editRecord } from "@/records/edit";
import { Avatar, Button, DropMenu, type MenuEntry, Tag } from "@/ui";
import { reactivate, resendInvitation, withdrawInvitation } from "./actions";
import { isLastOwner, roleOf, STATUS_HUE, statusOf } from "./model";

const nameIn = (nested: unknown): string => String((nested as Nested | null | undefined)?.name ?? "");

/** One person: role and team are changed in place, the rest by the menu. What may not be done says why. */
export function PersonRow({
  entity,
  person,
  people,
  roles,
  teams,
  onEdit,
  onLeave,
}: {
  entity: Entity;
  person: Rec;
  people: Rec[];
  roles: Rec[];
  teams: Rec[];
  onEdit: () => void;
  onLeave: () => void;
}) {
  const { t } = useTranslation();
  const me = useMe();
  const mayChange = can(entity, "update");
  const isMe = person.id === me.user.id;
  const status = statusOf(person);
  const owner = roles.find((one) => one.key === "owner")?.id;
  const last = isLastOwner(person, people, owner);
  // Whoever is no owner leaves owners alone, and makes none.
  const beyond = owner !== undefined && roleOf(person) === owner && me.role.key !== "owner";
  const whyNot = (target: Rec): string | undefined => {
    if (target.id === roleOf(person)) return undefined;
    if (last) return t("people.lastOwner");
    return beyond || (target.id === owner && me.role.key !== "owner") ? t("people.onlyOwners") : undefined;
  };
  const name = String(person.full_name || person.email || "");
  const role = nameIn(person.role) || String(roles.find((one) => one.id === roleOf(person))?.name ?? "");
  const team = nameIn(person.team) || String(teams.find((one) => one.id === person.team_id)?.name ?? "");
  const seen = person.last_login_at ? String(person.last_login_at) : null;
  const change = (fieldName: "role_id" | "team_id", target: Rec | null) => {
    const field = entity.fields.find((one) => one.name === fieldName);
    if (field)
      void editRecord(entity, person, [
        { field, value: target?.id ?? null, nested: target ? { id: target.id, name: target.name } : null },
      ]);
  };
  const withdraw = async () => {
    const email = String(person.email);
    if (await confirm(t("people.withdrawTitle", { email }), t("people.withdrawHint"), t("people.withdraw")))
      await withdrawInvitation(person);
  };
  const items: MenuEntry[] = [
    { label: t("people.edit"), icon: <Pencil size={14} />, onSelect: onEdit },
    ...(status === "invited"
      ? [
          { label: t("people.resend"), icon: <Mail size={14} />, onSelect: () => void resendInvitation(person) },
          "separator" as const,
          { label: t("people.withdraw"), icon: <X size={14} />, danger: true, onSelect: () => void withdraw() },
        ]
      : status === "suspended"
        ? [{ label: t("people.reactivate"), icon: <UserCheck size={14} />, onSelect: () => void reactivate(person) }]
        : [
            "separator" as const,
            {
              label: t("people.deactivateDots"),
              icon: <UserX size={14} />,
              danger: true,
              disabled: isMe || last || beyond,
              hint: last ? t("people.lastOwner") : isMe ? t("people.notYourself") : beyond ? t("people.onlyOwners") : undefined,
              onSelect: onLeave,
            },
          ]),
  ];
  return (
    <tr className="border-b last:border-b-0 hover:bg-hover/60 max-sm:grid max-sm:grid-cols-[1fr_auto] max-sm:items-center max-sm:pt-1">
      <td className="max-w-0 min-w-48 px-4 py-2 max-sm:pb-0 max-sm:col-start-1 max-sm:max-w-none max-sm:min-w-0">
        <div className="flex items-center gap-3">
          <Avatar name={name} size={30} />
          <div className={`min-w-0 ${status === "suspended" ? "text-fg-2" : ""}`}>
            <p className="flex items-center gap-2">
              <Link
                to="/$entity/$id"
                params={{ entity: entity.plural, id: person.id }}
                className="truncate font-medium underline-offset-3 hover:underline"
              >
                {name}
              </Link>
              {isMe && <Tag label={t("people.you")} />}
              <span className="md:hidden">{status !== "active" && <Status status={status} />}</span>
            </p>
            <p className="truncate text-xs text-fg-2">{String(person.email ?? "")}</p>
          </div>
        </div>
      </td>
      <td className="px-2 py-1 max-sm:col-start-1 max-sm:-mt-1 max-sm:py-0 max-sm:ps-14">
        <Change
          label={t("people.roleOf", { name })}
          shown={role}
          disabled={!mayChange}
          items={roles.map((one) => ({
            label: String(one.name),
            checked: one.id === roleOf(person),
            disabled: whyNot(one) !== undefined,
            hint: whyNot(one),
            onSelect: () => one.id !== roleOf(person) && change("role_id", one),
          }))}
        />
      </td>
      <td className="px-2 py-1 max-md:hidden">
        <Change
          label={t("people.teamOf", { name })}
          shown={team}
          empty={t("people.noTeam")}
          disabled={!mayChange}
          items={[
            { label: t("people.noTeam"), checked: !person.team_id, onSelect: () => person.team_id && change("team_id", null) },
            ...teams.map((one) => ({
              label: String(one.name),
              checked: one.id === person.team_id,
              onSelect: () => one.id !== person.team_id && change("team_id", one),
            })),
          ]}
        />
      </td>
      <td className="px-2 py-1 max-md:hidden">
        <Status status={status} />
      </td>
      <td className="px-2 py-1 whitespace-nowrap text-fg-2 max-xl:hidden" title={seen ? moment(seen) : undefined}>
        {seen ? relative(seen) : t("people.never")}
      </td>
      <td className="px-2 py-1 text-end max-sm:col-start-2 max-sm:row-start-1">
        {mayChange && (
          <DropMenu
            align="end"
            label={t("people.actionsFor", { name })}
            trigger={
              <Button variant="ghost" size="icon" aria-label={t("people.actionsFor", { name })}>
                <MoreHorizontal size={15} />
              </Button>
            }
            items={items}
          />
        )}
      </td>
    </tr>
  );
}

function Status({ status }: { status: string }) {
  const { t } = useTranslation();
  return <Tag dot label={t(`people.statuses.${status as "active"}`)} hue={STATUS_HUE[status] ?? "gray"} />;
}

/** A value that is changed by a menu where it stands. */
function Change({
  label,
  shown,
  empty = "",
  disabled,
  items,
}: {
  label: string;
  shown: string;
  empty?: string;
  disabled: boolean;
  items: MenuEntry[];
}) {
  if (disabled) return <span className={shown ? "" : "text-fg-3"}>{shown || empty}</span>;
  return (
    <DropMenu
      label={label}
      trigger={
        <button
          type="button"
          aria-label={`${label}: ${shown || empty}`}
          className="group -mx-1.5 flex h-7 max-w-44 items-center gap-1 rounded-xs px-1.5 text-start hover:bg-active data-[popup-open]:bg-active pointer-coarse:h-10"
        >
          <span className={`truncate ${shown ? "" : "text-fg-3"}`}>{shown || empty}</span>
          <ChevronDown size={13} className="shrink-0 text-fg-3" aria-hidden />
        </button>
      }
      items={items}
    />
  );
}
