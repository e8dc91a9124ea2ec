import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refreshLists } from "@/api/cache";
import { request } from "@/api/client";
import { rolesQuery } from "@/api/people";
import type { Rec } from "@/api/types";
import { useSubmission } from "@/forms/useSubmission";
import { Button, FormRow, Modal, Notice, TextInput } from "@/ui";
import { PickRow } from "../PickRow";

const FORM = "role";

/** A new role, empty or with what another one grants. */
export function RoleDialog({ source, onClose }: { source: Rec | null; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { data: roles } = useQuery(rolesQuery);
  const { form, busy, failure, errors, submit, clear } = useSubmission(["name", "description", "copy_of"]);
  const [name, setName] = useState(source ? t("roles.copyOf", { name: String(source.name) }) : "");
  const [description, setDescription] = useState(source?.description ? String(source.description) : "");
  const [copied, setCopied] = useState(source?.id ?? "");
  const send = () =>
    submit(async () => {
      const made = await request<Rec>("/roles", {
        method: "POST",
        body: {
          name: name.trim(),
          ...(description.trim() ? { description: description.trim() } : {}),
          ...(copied ? { copy_of: copied } : {}),
        },
      });
      refreshLists("roles");
      onClose();
      void navigate({ to: "/settings/roles/$id", params: { id: made.id } });
    });
  return (
    <Modal
      title={source ? t("roles.copy") : t("roles.new")}
      width="sm"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" type="submit" form={FORM} disabled={busy || !name.trim()}>
            {t("roles.create")}
          </Button>
        </>
      }
    >
      <form
        ref={form}
        id={FORM}
        noValidate
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) void send();
        }}
      >
        {failure && <Notice>{failure}</Notice>}
        <FormRow label={t("organization.name")} required error={errors.name}>
          {(aria) => (
            <TextInput
              {...aria}
              value={name}
              maxLength={100}
              onChange={(event) => {
                setName(event.target.value);
                clear("name");
              }}
            />
          )}
        </FormRow>
        <FormRow label={t("roles.description")} help={t("roles.descriptionHelp")} error={errors.description}>
          {(aria) => (
            <TextInput {...aria} value={description} maxLength={1000} onChange={(event) => setDescription(event.target.value)} />
          )}
        </FormRow>
        <PickRow
          label={t("roles.startFrom")}
          none={t("roles.fromNothing")}
          error={errors.copy_of}
          items={(roles?.data ?? []).map((role) => ({ value: role.id, label: String(role.name) }))}
          value={copied}
          onChange={setCopied}
        />
      </form>
    </Modal>
  );
}
