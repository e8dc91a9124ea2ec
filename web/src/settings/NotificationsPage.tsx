import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { type Preference, preferencesQuery, setPreference } from "@/notifications/model";
import { explain } from "@/records/errors";
import { Checkbox, Empty, Skeleton } from "@/ui";
import { Card, SettingsPage } from "./frame";

const DIGESTS = ["off", "daily", "weekly"] as const;

/** What one is told, and how: in the application, by a mail as it happens, or by one mail a day or a week. */
export default function NotificationsPage() {
  const { t } = useTranslation();
  const { data, error } = useQuery(preferencesQuery);
  return (
    <SettingsPage page="notifications">
      {error ? (
        <Empty icon={<TriangleAlert size={20} />} title={t("errors.title")} hint={explain(error)} />
      ) : !data ? (
        <Skeleton className="h-80 rounded-md!" />
      ) : (
        <Card title={t("settings.pages.notifications.title")} hint={t("notifyMe.hint")} flush>
          <table className="w-full border-collapse">
            <caption className="sr-only">{t("settings.pages.notifications.title")}</caption>
            <thead>
              <tr className="border-b text-xs text-fg-2 [&>th]:px-3 [&>th]:py-2 [&>th]:font-medium">
                <th scope="col" className="text-start lg:ps-5!">
                  {t("notifyMe.what")}
                </th>
                <th scope="col">{t("notifyMe.inApp")}</th>
                <th scope="col">{t("notifyMe.email")}</th>
                <th scope="col" className="text-end lg:pe-5!">
                  {t("notifyMe.digest")}
                </th>
              </tr>
            </thead>
            <tbody>
              {data.map((preference) => (
                <Line key={preference.kind} preference={preference} />
              ))}
            </tbody>
          </table>
        </Card>
      )}
    </SettingsPage>
  );
}

function Line({ preference }: { preference: Preference }) {
  const { t } = useTranslation();
  const { kind, label, description } = preference;
  return (
    <tr className="border-b border-line/80 last:border-b-0" data-kind={kind}>
      <th scope="row" className="px-3 py-2.5 text-start font-normal lg:ps-5">
        <span className="block font-medium">{label}</span>
        <span className="block text-xs text-fg-2">{description}</span>
      </th>
      {(["in_app", "email"] as const).map((how) => (
        <td key={how} className="px-3">
          <span className="flex justify-center">
            <Checkbox
              label={`${label}: ${t(how === "in_app" ? "notifyMe.inApp" : "notifyMe.email")}`}
              checked={preference[how]}
              onCheckedChange={(checked) => void setPreference(kind, { [how]: checked })}
            />
          </span>
        </td>
      ))}
      <td className="px-3 text-end lg:pe-5">
        <select
          aria-label={`${label}: ${t("notifyMe.digest")}`}
          value={preference.digest}
          onChange={(event) => void setPreference(kind, { digest: event.target.value as Preference["digest"] })}
          className="h-8 rounded-sm bg-transparent px-1 hover:bg-hover pointer-coarse:h-10"
        >
          {DIGESTS.map((digest) => (
            <option key={digest} value={digest}>
              {t(`notifyMe.digests.${digest}`)}
            </option>
          ))}
        </select>
      </td>
    </tr>
  );
}
