import "@/i18n/work";
import { useQuery } from "@tanstack/react-query";
import { ArrowLeft, ArrowRight, MoreHorizontal, Plus, Scaling, Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import { can, findEntity, listPageQuery, useMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { editRecord } from "@/records/edit";
import { explain } from "@/records/errors";
import { Button, buttonClass, DropMenu, Notice, Picker, Skeleton } from "@/ui";
import { AnswerView } from "./AnswerView";
import { type AnsweredWidget, typesQuery, type Widget, widgetsOf } from "./types";

/** What needs more than its type to be asked: kept as a report first. */
const NEEDS_MORE = ["custom", "project_summary"];
const MOST_REPORTS = 100;
const WIDTHS = ["", "lg:col-span-1", "lg:col-span-2", "lg:col-span-3", "lg:col-span-4"];
const widthOf = (widget: Widget) => Math.min(4, Math.max(1, widget.width ?? 2));

/** Reports side by side, each in its width of four. */
export default function DashboardBody({ entity, record }: { entity: Entity; record: Rec }) {
  const { t } = useTranslation();
  const meta = useMeta();
  const widgets = widgetsOf(record);
  const types = useQuery(typesQuery);
  const reports = findEntity(meta, "report");
  const saved = useQuery({ ...listPageQuery("reports", {}, 0, MOST_REPORTS), enabled: reports !== undefined });
  const { data, error } = useQuery({
    queryKey: ["derived", "dashboard", record.id, widgets],
    queryFn: ({ signal }) => request<{ widgets: AnsweredWidget[] }>(`/${entity.plural}/${record.id}/data`, { signal }),
    placeholderData: (before) => before,
  });
  const field = entity.fields.find(({ name }) => name === "widgets");
  const writable = field !== undefined && can(entity, "update") && !record.deleted_at;
  const put = (next: Widget[]) => void (field && editRecord(entity, record, [{ field, value: next }]));
  const move = (at: number, by: number) => {
    const next = widgets.filter((_, one) => one !== at);
    const moved = widgets[at];
    if (moved) next.splice(at + by, 0, moved);
    put(next);
  };
  const nameOf = (widget: Widget) =>
    widget.title ??
    (widget.report_id
      ? String(saved.data?.data.find(({ id }) => id === widget.report_id)?.name ?? t("reports.report"))
      : (types.data?.data.find(({ type }) => type === widget.type)?.label ?? t("reports.report")));
  const offered = [
    ...(saved.data?.data ?? []).map((report) => ({
      value: `report:${report.id}`,
      label: String(report.name),
      hint: t("reports.report"),
    })),
    ...(types.data?.data ?? [])
      .filter(({ type }) => !NEEDS_MORE.includes(type))
      .map(({ type, label }) => ({ value: `type:${type}`, label })),
  ];
  return (
    <section aria-labelledby="dashboard-widgets">
      <div className="mb-2 flex min-h-8 items-center gap-2">
        <h2 id="dashboard-widgets" className="me-auto font-semibold">
          {t("reports.widgets")}
        </h2>
        {writable && (
          <Picker
            items={offered}
            value={[]}
            label={t("reports.add")}
            onChange={([chosen]) => {
              const [kind, what] = chosen?.split(/:(.*)/) ?? [];
              if (what) put([...widgets, { ...(kind === "report" ? { report_id: what } : { type: what }), width: 2 }]);
            }}
            trigger={
              <Button size="sm">
                <Plus size={13} />
                {t("reports.add")}
              </Button>
            }
            triggerLabel={t("reports.add")}
          />
        )}
      </div>
      {error ? (
        <Notice>{explain(error)}</Notice>
      ) : widgets.length === 0 ? (
        <p className="rounded-md border border-dashed border-line-strong px-3 py-8 text-center text-fg-3">
          {t(writable ? "reports.emptyWritable" : "reports.empty")}
        </p>
      ) : (
        <div className="grid grid-cols-1 gap-4 lg:grid-cols-4">
          {widgets.map((widget, at) => {
            const name = nameOf(widget);
            const shown = data?.widgets[at];
            return (
              <section
                // biome-ignore lint/suspicious/noArrayIndexKey: places of a dashboard have no identity but their order
                key={at}
                aria-label={name}
                data-widget={at}
                className={`min-w-0 rounded-md bg-raised shadow-card ${WIDTHS[widthOf(widget)]}`}
              >
                <div className="flex min-h-10 items-center gap-2 ps-3 pe-1.5">
                  <h3 className="min-w-0 flex-1 truncate font-medium">{name}</h3>
                  {writable && (
                    <DropMenu
                      align="end"
                      trigger={
                        <button type="button" aria-label={t("reports.more", { name })} className={buttonClass("ghost", "icon")}>
                          <MoreHorizontal size={15} aria-hidden />
                        </button>
                      }
                      items={[
                        ...(at > 0
                          ? [{ label: t("reports.earlier"), icon: <ArrowLeft size={14} />, onSelect: () => move(at, -1) }]
                          : []),
                        ...(at < widgets.length - 1
                          ? [{ label: t("reports.later"), icon: <ArrowRight size={14} />, onSelect: () => move(at, 1) }]
                          : []),
                        {
                          label: t(widthOf(widget) < 4 ? "reports.wide" : "reports.narrow"),
                          icon: <Scaling size={14} />,
                          onSelect: () =>
                            put(widgets.map((one, place) => (place === at ? { ...one, width: widthOf(one) < 4 ? 4 : 2 } : one))),
                        },
                        "separator",
                        {
                          label: t("reports.remove"),
                          icon: <Trash2 size={14} />,
                          danger: true,
                          onSelect: () => put(widgets.filter((_, place) => place !== at)),
                        },
                      ]}
                    />
                  )}
                </div>
                <div className="px-3 pb-3">
                  {shown?.error ? (
                    <Notice tone="warning">{shown.error}</Notice>
                  ) : shown?.answer ? (
                    <AnswerView answer={shown.answer} label={name} />
                  ) : (
                    <Skeleton className="h-40 w-full rounded-md!" />
                  )}
                </div>
              </section>
            );
          })}
        </div>
      )}
    </section>
  );
}
