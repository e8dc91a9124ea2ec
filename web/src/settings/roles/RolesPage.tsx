import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Copy, MoreHorizontal, Pencil, Plus, ShieldCheck, Trash2, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { peopleQuery, rolesQuery } from "@/api/people";
import { can, useEntity } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { NotFound } from "@/app/pages";
import { RecordDialog } from "@/forms/RecordDialog";
import { confirm } from "@/records/dialogs";
import { deleteRecord } from "@/records/edit";
import { explain } from "@/records/errors";
import { Button, DropMenu, Empty, Skeleton, Tag } from "@/ui";
import { Card, SettingsPage } from "../frame";
import { RoleDialog } from "./RoleDialog";

/** The roles: what each is for, how many people have it, and the way to what it may do. */
export default function RolesPage() {
  const { t } = useTranslation();
  const entity = useEntity("role");
  const { data, error } = useQuery(rolesQuery);
  const { data: people } = useQuery(peopleQuery);
  const [copying, setCopying] = useState<Rec | "new" | null>(null);
  const [renaming, setRenaming] = useState<Rec | null>(null);
  if (!entity) return <NotFound />;
  const mayCreate = can(entity, "create");
  return (
    <SettingsPage
      page="roles"
      actions={
        mayCreate && (
          <Button variant="primary" onClick={() => setCopying("new")}>
            <Plus size={15} aria-hidden />
            {t("roles.new")}
          </Button>
        )
      }
    >
      {error ? (
        <Empty icon={<TriangleAlert size={20} />} title={t("errors.title")} hint={explain(error)} />
      ) : !data ? (
        <Skeleton className="h-64 rounded-md!" />
      ) : (
        <Card title={t("settings.pages.roles.title")} hint={t("roles.hint")} flush>
          <ul className="m-0 list-none p-0">
            {data.data.map((role) => (
              <RoleLine
                key={role.id}
                entity={entity}
                role={role}
                people={people?.data.filter((user) => user.role_id === role.id).length}
                onRename={() => setRenaming(role)}
                onCopy={() => setCopying(role)}
              />
            ))}
          </ul>
        </Card>
      )}
      {copying && <RoleDialog source={copying === "new" ? null : copying} onClose={() => setCopying(null)} />}
      {renaming && (
        <RecordDialog
          entity={entity}
          names={["name", "description"]}
          record={renaming}
          title={t("roles.edit")}
          action={t("common.save")}
          onClose={() => setRenaming(null)}
        />
      )}
    </SettingsPage>
  );
}

function RoleLine({
  entity,
  role,
  people,
  onRename,
  onCopy,
}: {
  entity: Entity;
  role: Rec;
  people: number | undefined;
  onRename: () => void;
  onCopy: () => void;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const name = String(role.name);
  const remove = async () => {
    if (await confirm(t("roles.removeTitle", { name }), t("roles.removeHint"), t("common.delete")))
      await deleteRecord(entity, role);
  };
  const used = people !== undefined && people > 0;
  const items = [
    {
      label: t("roles.open"),
      icon: <ShieldCheck size={14} />,
      onSelect: () => void navigate({ to: "/settings/roles/$id", params: { id: role.id } }),
    },
    ...(can(entity, "update") ? [{ label: t("roles.rename"), icon: <Pencil size={14} />, onSelect: onRename }] : []),
    ...(can(entity, "create") ? [{ label: t("roles.copy"), icon: <Copy size={14} />, onSelect: onCopy }] : []),
    ...(can(entity, "delete")
      ? [
          "separator" as const,
          {
            label: t("roles.remove"),
            icon: <Trash2 size={14} />,
            danger: true,
            disabled: role.is_system === true || used,
            hint: role.is_system === true ? t("roles.shippedStays") : used ? t("roles.inUse") : undefined,
            onSelect: () => void remove(),
          },
        ]
      : []),
  ];
  return (
    <li className="relative flex items-center gap-3 border-b px-4 py-3 last:border-b-0 hover:bg-hover/60 lg:px-5">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2">
          <Link
            to="/settings/roles/$id"
            params={{ id: role.id }}
            className="font-medium after:absolute after:inset-0 after:content-['']"
          >
            {name}
          </Link>
          {role.is_system === true && <Tag label={t("roles.shipped")} />}
        </p>
        {Boolean(role.description) && <p className="line-clamp-2 text-fg-2">{String(role.description)}</p>}
      </div>
      <span className="tabular shrink-0 text-fg-2">{people === undefined ? "" : t("roles.people", { count: people })}</span>
      <span className="relative">
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
      </span>
    </li>
  );
}
