import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowUpRight, Sparkles, Undo2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { can, findEntity, useMeta } from "@/api/queries";
import type { Entity, Field, Rec } from "@/api/types";
import { useCommands } from "@/app/commands";
import { EntityIcon } from "@/app/EntityIcon";
import { hasFace, isPerson, nestedOf, nestedTitle } from "@/fields/values";
import { moment, relative } from "@/lib/format";
import { KEYS, useShortcuts } from "@/lib/shortcuts";
import { Avatar, Button, Tip } from "@/ui";
import { askConversion, conversionQuery, unconvert } from "./conversion";

/** What has become of a lead, or the way to make a customer of it. */
export default function LeadHead({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const converted = typeof record.converted_at === "string";
  const open = !converted && can(entity, "update") && !entity.read_only;
  useShortcuts(open ? { "record.convert": () => void askConversion(entity, record) } : {});
  useCommands(
    open
      ? [
          {
            ...{ id: "here.convert", group: "here", icon: { name: "convert" }, label: t("leads.convert") },
            keys: KEYS["record.convert"],
            run: () => void askConversion(entity, record),
          },
        ]
      : [],
  );
  if (converted) return <Banner entity={entity} record={record} />;
  if (!open) return null;
  return (
    <Button
      variant="primary"
      className="mt-3 w-full"
      keys={KEYS["record.convert"]}
      onClick={() => void askConversion(entity, record)}
    >
      <Sparkles size={15} aria-hidden /> {t("leads.convert")}
    </Button>
  );
}

const RESULTS = ["converted_company_id", "converted_contact_id", "converted_deal_id"];

function Banner({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const meta = useMeta();
  const { data } = useQuery(conversionQuery(record.id));
  const results = RESULTS.flatMap((name) => {
    const field = entity.fields.find((entry) => entry.name === name);
    const target = field?.reference ? findEntity(meta, field.reference) : undefined;
    return field && target && typeof record[name] === "string" ? [{ field, target, id: String(record[name]) }] : [];
  });
  const at = String(record.converted_at);
  return (
    <section aria-label={t("leads.banner")} className="mt-3 rounded-md bg-success-soft p-3">
      <p className="flex items-center gap-2 font-medium text-success-text">
        <Sparkles size={15} aria-hidden />
        <span className="min-w-0 flex-1" title={moment(at)}>
          {t("leads.convertedWhen", { when: relative(at) })}
        </span>
        {data?.converted && can(entity, "update") && (
          <Tip label={data.can_undo ? t("leads.undoHint") : data.blockers.join(" ")}>
            <Button
              variant="ghost"
              size="sm"
              aria-disabled={!data.can_undo}
              className="text-success-text! aria-disabled:opacity-60"
              onClick={() => {
                if (data.can_undo) void unconvert(entity, record);
              }}
            >
              <Undo2 size={14} /> {t("leads.undo")}
            </Button>
          </Tip>
        )}
      </p>
      {results.length > 0 && (
        <ul className="mx-0 mt-1.5 mb-0 flex list-none flex-col p-0">
          {results.map(({ field, target, id }) => (
            <li key={field.name}>
              <Link
                to="/$entity/$id"
                params={{ entity: target.plural, id }}
                className="group flex min-h-8 items-center gap-2 rounded-sm pointer-coarse:min-h-10"
              >
                {hasFace(target) ? (
                  <Avatar name={nameOf(record, field) || "?"} square={!isPerson(target)} size={18} />
                ) : (
                  <span className="flex size-[18px] items-center justify-center text-fg-3">
                    <EntityIcon name={target.icon} />
                  </span>
                )}
                <span className="min-w-0 flex-1 truncate font-medium underline-offset-3 group-hover:underline">
                  {nameOf(record, field) || t("record.hidden")}
                </span>
                <span className="text-xs text-fg-2">{target.label}</span>
                <ArrowUpRight size={14} className="text-fg-3" aria-hidden />
              </Link>
            </li>
          ))}
        </ul>
      )}
      {data?.converted && !data.can_undo && data.blockers.length > 0 && (
        <p className="mt-1 text-xs text-fg-2">{t("leads.cannotUndo", { why: data.blockers.join(" ") })}</p>
      )}
    </section>
  );
}

function nameOf(record: Rec, field: Field): string {
  const nested = nestedOf(record, field);
  return nested ? nestedTitle(nested, field) : "";
}
