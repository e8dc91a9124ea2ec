import "@/i18n/work";
import { Link } from "@tanstack/react-router";
import { Inbox } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Entity, Rec } from "@/api/types";
import { buttonClass } from "@/ui";

/** A conversation is read and answered in the inbox. */
export default function ConversationHead({ record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  return (
    <Link to="/inbox" search={{ c: record.id }} className={`mt-3 ${buttonClass("primary", "sm")}`}>
      <Inbox size={14} aria-hidden /> {t("inbox.openHere")}
    </Link>
  );
}
