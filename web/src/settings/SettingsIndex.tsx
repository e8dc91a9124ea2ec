import { Navigate } from "@tanstack/react-router";
import { Settings } from "lucide-react";
import { useTranslation } from "react-i18next";
import { PageHead, useTitle } from "@/app/pages";
import { useMedia } from "@/lib/media";
import { ScrollRegion } from "@/ui";
import { SettingsNavigation } from "./SettingsLayout";

/** Where the settings begin: the first page where their navigation stands beside it, else the navigation itself. */
export default function SettingsIndex() {
  const { t } = useTranslation();
  const beside = useMedia("(min-width: 1024px)");
  useTitle(t("settings.title"));
  if (beside) return <Navigate to="/settings/account" replace />;
  return (
    <>
      <PageHead icon={<Settings size={16} />} title={t("settings.title")} />
      <ScrollRegion label={t("settings.title")} className="min-h-0 flex-1 bg-sunken">
        <SettingsNavigation large className="mx-auto flex max-w-[640px] p-4" />
      </ScrollRegion>
    </>
  );
}
