import { Link, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { can, useEntity } from "@/api/queries";
import { RecordDialog } from "@/forms/RecordDialog";
import { Button } from "@/ui";
import { SettingsPage } from "../frame";
import { PEOPLE_TABS, type PeopleSearch } from "../search";
import { InviteDialog } from "./InviteDialog";
import { PeopleList } from "./PeopleList";
import { TeamsList } from "./TeamsList";

/** Who works here: the people with their roles, and the teams. */
export default function PeoplePage() {
  const { t } = useTranslation();
  const search: PeopleSearch = useSearch({ strict: false });
  const user = useEntity("user");
  const team = useEntity("team");
  const [dialog, setDialog] = useState<"invite" | "team" | null>(null);
  const tab = search.tab ?? "people";
  const actions =
    tab === "people"
      ? user &&
        can(user, "create") && (
          <Button variant="primary" onClick={() => setDialog("invite")}>
            <Plus size={15} aria-hidden />
            {t("people.invite")}
          </Button>
        )
      : team &&
        can(team, "create") && (
          <Button variant="primary" onClick={() => setDialog("team")}>
            <Plus size={15} aria-hidden />
            {t("people.newTeam")}
          </Button>
        );
  return (
    <SettingsPage page="people" wide actions={actions}>
      <nav aria-label={t("people.tabs")} className="flex gap-1">
        {PEOPLE_TABS.filter((one) => one === "people" || team).map((one) => (
          <Link
            key={one}
            to="/settings/people"
            search={one === "teams" ? { tab: "teams" } : {}}
            aria-current={one === tab ? "page" : undefined}
            className={`flex h-8 items-center rounded-sm px-2.5 font-medium pointer-coarse:h-10 ${one === tab ? "bg-active text-fg" : "text-fg-2 hover:bg-hover hover:text-fg"}`}
          >
            {t(`people.tab.${one}`)}
          </Link>
        ))}
      </nav>
      {tab === "teams" && team ? <TeamsList team={team} /> : user ? <PeopleList user={user} search={search} /> : null}
      {dialog === "invite" && <InviteDialog onClose={() => setDialog(null)} />}
      {dialog === "team" && team && (
        <RecordDialog
          entity={team}
          names={["name", "description"]}
          title={t("people.newTeam")}
          action={t("people.createTeam")}
          onClose={() => setDialog(null)}
        />
      )}
    </SettingsPage>
  );
}
