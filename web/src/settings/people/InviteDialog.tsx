import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, request } from "@/api/client";
import { refreshPeople, rolesQuery, teamsQuery } from "@/api/people";
import { explain } from "@/records/errors";
import { Button, FormRow, Modal, Notice, notify } from "@/ui";
import { PickRow } from "../PickRow";
import { addressesIn, type Invitee } from "./addresses";

const FORM = "invite";
type Refused = { invitee: Invitee; why: string };

/** Invites several people at once, with one role and one team. Who could not be invited stays in the box, and why beside it. */
export function InviteDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const { data: roles } = useQuery(rolesQuery);
  const { data: teams } = useQuery(teamsQuery);
  const [text, setText] = useState("");
  const [role, setRole] = useState("");
  const [team, setTeam] = useState("");
  const [busy, setBusy] = useState(false);
  const [tried, setTried] = useState(false);
  const [refused, setRefused] = useState<Refused[]>([]);
  const { invitees, unclear } = addressesIn(text);
  const chosenRole = role || String(roles?.data.find((one) => one.key === "member")?.id ?? "");

  const problem =
    unclear.length > 0
      ? t("people.unclear", { addresses: unclear.join(", ") })
      : invitees.length === 0
        ? t("problems.required", { label: t("people.addresses") })
        : undefined;
  const send = async () => {
    setTried(true);
    if (problem || !chosenRole) return;
    setBusy(true);
    const failed: Refused[] = [];
    for (const invitee of invitees)
      try {
        await request("/users/invite", {
          method: "POST",
          body: { ...invitee, role_id: chosenRole, ...(team ? { team_id: team } : {}) },
        });
      } catch (error) {
        failed.push({ invitee, why: explain(error) });
        // Nothing that the other addresses could change: the same would be said of each.
        if (!(error instanceof ApiError) || error.status === 403 || error.status === 429) {
          failed.push(...invitees.slice(invitees.indexOf(invitee) + 1).map((rest) => ({ invitee: rest, why: "" })));
          break;
        }
      }
    const sent = invitees.length - failed.length;
    if (sent > 0) {
      notify(t("people.invited", { count: sent }));
      refreshPeople();
    }
    if (failed.length === 0) return onClose();
    setBusy(false);
    setTried(false);
    setRefused(failed.filter(({ why }) => why));
    setText(
      failed.map(({ invitee }) => (invitee.full_name ? `${invitee.full_name} <${invitee.email}>` : invitee.email)).join("\n"),
    );
  };
  return (
    <Modal
      title={t("people.invite")}
      description={t("people.inviteHint")}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" type="submit" form={FORM} disabled={busy}>
            {t("people.sendInvitations", { count: Math.max(invitees.length, 1) })}
          </Button>
        </>
      }
    >
      <form
        id={FORM}
        noValidate
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        {refused.length > 0 && (
          <Notice>
            <p className="font-medium">{t("people.notInvited", { count: refused.length })}</p>
            <ul className="m-0 mt-1 list-none p-0">
              {refused.map(({ invitee, why }) => (
                <li key={invitee.email}>
                  {invitee.email}: {why}
                </li>
              ))}
            </ul>
          </Notice>
        )}
        <FormRow
          label={t("people.addresses")}
          required
          help={invitees.length > 1 ? t("people.recognized", { count: invitees.length }) : t("people.addressesHelp")}
          error={tried ? problem : undefined}
        >
          {(aria) => (
            <textarea
              {...aria}
              rows={4}
              value={text}
              spellCheck={false}
              placeholder={t("people.addressesExample")}
              onChange={(event) => setText(event.target.value)}
              className="field-box scroll resize-y py-2"
            />
          )}
        </FormRow>
        <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          <PickRow
            label={t("people.role")}
            required
            items={(roles?.data ?? []).map((one) => ({
              value: one.id,
              label: String(one.name),
              hint: one.description ? String(one.description) : undefined,
            }))}
            value={chosenRole}
            onChange={setRole}
          />
          <PickRow
            label={t("people.team")}
            none={t("people.noTeam")}
            items={(teams?.data ?? []).map((one) => ({ value: one.id, label: String(one.name) }))}
            value={team}
            onChange={setTeam}
          />
        </div>
      </form>
    </Modal>
  );
}
