import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Copy, Pencil, RotateCcw, TriangleAlert } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, request } from "@/api/client";
import { type GrantableResource, permissionsQuery, type RolePermissions, rolePermissionsQuery, rolesQuery } from "@/api/people";
import { can, meQuery, metaQuery, queryClient, useEntity, useMe } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { NotFound } from "@/app/pages";
import { useUnsavedGuard } from "@/app/unsaved";
import { RecordDialog } from "@/forms/RecordDialog";
import { useSubmission } from "@/forms/useSubmission";
import { explain } from "@/records/errors";
import { Button, Empty, Notice, notify, Skeleton, Tag } from "@/ui";
import { SaveBar, SettingsPage } from "../frame";
import { Matrix } from "./Matrix";
import { differences, exceedsMine, type Grants, grantsOf, listOfGrants } from "./matrix";
import { RoleDialog } from "./RoleDialog";

/** What one role may do, as a matrix of resources and actions. */
export default function RolePage() {
  const { t } = useTranslation();
  const { id = "" } = useParams({ strict: false });
  const entity = useEntity("role");
  const { data: roles } = useQuery(rolesQuery);
  const permissions = useQuery(permissionsQuery);
  const held = useQuery(rolePermissionsQuery(id));
  const role = roles?.data.find((one) => one.id === id);
  const [dialog, setDialog] = useState<"copy" | "rename" | null>(null);
  const error = held.error ?? permissions.error;
  if (!entity || (roles && !role)) return <NotFound />;
  if (role && held.data && permissions.data)
    return (
      <>
        {/* Made anew with every version of the role; what is open beside it stays open. */}
        <RoleMatrix
          key={`${id}/${held.data.version}`}
          entity={entity}
          role={role}
          held={held.data}
          resources={permissions.data}
          onDialog={setDialog}
        />
        {dialog === "copy" && <RoleDialog source={role} onClose={() => setDialog(null)} />}
        {dialog === "rename" && (
          <RecordDialog
            entity={entity}
            names={["name", "description"]}
            record={role}
            title={t("roles.edit")}
            action={t("common.save")}
            onClose={() => setDialog(null)}
          />
        )}
      </>
    );
  return (
    <SettingsPage page="roles" name={role ? String(role.name) : "…"} wide>
      {error ? (
        <Empty icon={<TriangleAlert size={20} />} title={t("errors.title")} hint={explain(error)} />
      ) : (
        <Skeleton className="h-96 rounded-md!" />
      )}
    </SettingsPage>
  );
}

function RoleMatrix({
  entity,
  role,
  held,
  resources,
  onDialog,
}: {
  entity: Entity;
  role: Rec;
  held: RolePermissions;
  resources: GrantableResource[];
  onDialog: (dialog: "copy" | "rename") => void;
}) {
  const { t } = useTranslation();
  const me = useMe();
  const before = useMemo(() => grantsOf(held.data), [held]);
  const shipped = useMemo(() => (held.shipped ? grantsOf(held.shipped) : null), [held]);
  const mine = useMemo(() => grantsOf(me.grants as Parameters<typeof grantsOf>[0]), [me.grants]);
  const [draft, setDraft] = useState<Grants>(before);
  const { busy, failure, submit, clear } = useSubmission([]);
  const changed = useMemo(() => differences(draft, before), [draft, before]);
  const apart = useMemo(() => (shipped ? differences(draft, shipped) : []), [draft, shipped]);
  const fixed = role.key === "owner";
  const exceeds = exceedsMine(before, mine);
  const mayChange = can(entity, "update") && !fixed && !exceeds;
  const name = String(role.name);
  useUnsavedGuard(changed.length > 0 && !busy);
  const save = () =>
    submit(
      async () => {
        await request(`/roles/${role.id}/permissions`, {
          method: "PUT",
          headers: { "If-Match": `"${held.version}"` },
          body: { data: listOfGrants(draft) },
        });
        notify(t("roles.saved", { name }));
        await queryClient.fetchQuery({ ...rolePermissionsQuery(role.id), staleTime: 0 });
        // My own role may have been the one: what I am offered follows it.
        void Promise.all([meQuery, metaQuery].map(({ queryKey }) => queryClient.invalidateQueries({ queryKey })));
      },
      (error) => (error instanceof ApiError && error.status === 412 ? t("roles.changedMeanwhile") : undefined),
    );
  return (
    <SettingsPage
      page="roles"
      name={name}
      wide
      actions={
        <>
          {can(entity, "update") && (
            <Button variant="ghost" onClick={() => onDialog("rename")}>
              <Pencil size={14} aria-hidden />
              <span className="max-sm:sr-only">{t("roles.rename")}</span>
            </Button>
          )}
          {can(entity, "create") && !exceeds && (
            <Button onClick={() => onDialog("copy")}>
              <Copy size={14} aria-hidden />
              <span className="max-sm:sr-only">{t("roles.copy")}</span>
            </Button>
          )}
        </>
      }
      footer={
        changed.length > 0 && (
          <SaveBar words={t("roles.changes", { count: changed.length })}>
            <Button
              disabled={busy}
              onClick={() => {
                setDraft(before);
                clear();
              }}
            >
              {t("unsaved.discard")}
            </Button>
            <Button variant="primary" disabled={busy} onClick={() => void save()}>
              {t("common.save")}
            </Button>
          </SaveBar>
        )
      }
    >
      {failure && <Notice>{failure}</Notice>}
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <p className="min-w-0 flex-1 basis-64 text-fg-2">{role.description ? String(role.description) : t("roles.matrixHint")}</p>
        {apart.length > 0 && (
          <>
            <Tag label={t("roles.differs", { count: apart.length })} hue="amber" dot />
            {mayChange && (
              <Button size="sm" variant="ghost" onClick={() => shipped && setDraft(shipped)}>
                <RotateCcw size={13} aria-hidden />
                {t("roles.reset")}
              </Button>
            )}
          </>
        )}
      </div>
      {fixed ? (
        <Notice tone="info">{t("roles.ownerFixed")}</Notice>
      ) : (
        !mayChange && <Notice tone="info">{t(can(entity, "update") ? "roles.exceeds" : "settings.onlyRead")}</Notice>
      )}
      <Matrix
        role={name}
        resources={resources}
        draft={draft}
        before={before}
        shipped={shipped}
        mine={mine}
        disabled={!mayChange || busy}
        onChange={setDraft}
      />
      {mayChange && <p className="text-xs text-fg-2 pointer-coarse:hidden">{t("roles.keys")}</p>}
    </SettingsPage>
  );
}
