import { useBlocker } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { confirm } from "@/records/dialogs";

/** Asks before leaving a page whose changes are not saved: for another page of the application, or by closing the tab. */
export function useUnsavedGuard(dirty: boolean) {
  const { t } = useTranslation();
  useBlocker({
    disabled: !dirty,
    enableBeforeUnload: dirty,
    shouldBlockFn: async () => !(await confirm(t("unsaved.title"), t("unsaved.hint"), t("unsaved.leave"))),
  });
}
