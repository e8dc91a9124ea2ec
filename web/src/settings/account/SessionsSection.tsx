import { useQuery } from "@tanstack/react-query";
import { Monitor, Smartphone, SquareTerminal, Tablet } from "lucide-react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import { type AuthSession, sessionsQuery } from "@/api/people";
import { queryClient } from "@/api/queries";
import { moment, relative } from "@/lib/format";
import { confirm } from "@/records/dialogs";
import { complain, explain } from "@/records/errors";
import { Button, Notice, notify, Skeleton, Tag } from "@/ui";
import { Card } from "../frame";
import { deviceOf } from "./devices";

const ICONS = { desktop: Monitor, phone: Smartphone, tablet: Tablet, program: SquareTerminal };

/** Where one is signed in, and how to end that. */
export function SessionsSection() {
  const { t } = useTranslation();
  const { data, error } = useQuery(sessionsQuery);
  const sessions = [...(data ?? [])].sort(
    (one, other) =>
      Number(other.current) - Number(one.current) ||
      (other.last_used_at ?? other.created_at).localeCompare(one.last_used_at ?? one.created_at),
  );
  const others = sessions.filter((session) => !session.current);
  const nameOf = ({ user_agent }: AuthSession) => {
    const { browser, system } = deviceOf(user_agent);
    if (browser && system) return t("account.device", { browser, system });
    return browser ?? system ?? t("account.unknownDevice");
  };
  const end = async (session: AuthSession) => {
    const before = data;
    // Shown at once, and put back if the server refuses.
    queryClient.setQueryData(sessionsQuery.queryKey, (held) => held?.filter(({ id }) => id !== session.id));
    try {
      await request(`/auth/sessions/${session.id}`, { method: "DELETE" });
      notify(t("account.sessionEnded", { device: nameOf(session) }));
    } catch (failure) {
      queryClient.setQueryData(sessionsQuery.queryKey, before);
      complain(t("account.sessionNotEnded"), failure);
    }
  };
  const endOthers = async () => {
    const sure = await confirm(
      t("account.endOthersTitle"),
      t("account.endOthersHint", { count: others.length }),
      t("account.endOthers"),
    );
    if (!sure) return;
    try {
      await request("/auth/sessions", { method: "DELETE" });
      notify(t("account.othersEnded"));
    } catch (failure) {
      complain(t("account.sessionNotEnded"), failure);
    }
    await queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey });
  };
  return (
    <Card
      title={t("account.sessions")}
      hint={t("account.sessionsHint")}
      flush
      aside={
        others.length > 0 && (
          <Button size="sm" onClick={() => void endOthers()}>
            {t("account.endOthers")}
          </Button>
        )
      }
    >
      {error ? (
        <div className="p-4">
          <Notice>{explain(error)}</Notice>
        </div>
      ) : !data ? (
        <div className="p-4">
          <Skeleton className="h-10" />
        </div>
      ) : (
        <ul className="m-0 list-none p-0">
          {sessions.map((session) => {
            const Icon = ICONS[deviceOf(session.user_agent).form];
            const used = session.last_used_at ?? session.created_at;
            return (
              <li key={session.id} className="flex items-center gap-3 border-b px-4 py-3 last:border-b-0 lg:px-5">
                <Icon size={18} strokeWidth={1.7} className="shrink-0 text-fg-3" aria-hidden />
                <div className="min-w-0 flex-1">
                  <p className="flex flex-wrap items-center gap-2 font-medium" title={session.user_agent ?? undefined}>
                    <span className="truncate">{nameOf(session)}</span>
                    {session.current && <Tag label={t("account.thisDevice")} hue="green" />}
                  </p>
                  <p className="text-xs text-fg-2">
                    {[
                      session.ip_address,
                      t("account.since", { when: moment(session.created_at) }),
                      session.current ? null : t("account.lastUsed", { when: relative(used) }),
                    ]
                      .filter(Boolean)
                      .join(" · ")}
                  </p>
                </div>
                {!session.current && (
                  <Button
                    variant="ghost"
                    size="sm"
                    aria-label={t("account.endSessionOf", { device: nameOf(session) })}
                    onClick={() => void end(session)}
                  >
                    {t("account.endSession")}
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
