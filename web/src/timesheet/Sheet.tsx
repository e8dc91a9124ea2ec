import { CheckCheck, Clock, Plus, Send, Undo2, X } from "lucide-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { findEntity, isGranted, useMe, useMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { titleOf } from "@/fields/values";
import { isZero } from "@/lib/decimal";
import { longDay, shortWeekday } from "@/lib/format";
import { useNow } from "@/lib/now";
import { recall, remember } from "@/lib/storage";
import { dayOf } from "@/lib/zone";
import { askForValue, confirm } from "@/records/dialogs";
import { complain } from "@/records/errors";
import { offerUndo } from "@/records/undo";
import { Button, cx, Empty, Notice, notify, Tag } from "@/ui";
import { AddLine } from "./AddLine";
import { HoursCell } from "./HoursCell";
import { settleTime, writeHours } from "./time";
import {
  daysOf,
  hoursOf,
  hoursOnDay,
  hoursOnLine,
  isLocked,
  keyOf,
  type Line,
  type LineOf,
  linesOf,
  overflows,
  showHours,
} from "./week";

const isLines = (value: unknown): value is (LineOf & { project?: string; task?: string })[] =>
  Array.isArray(value) && value.every((line) => typeof line === "object" && line !== null && "project_id" in line);

/** The week as a table: lines are what the time is for, columns are its days. */
export function Sheet({
  entity,
  user,
  week,
  entries,
  writable,
}: {
  entity: Entity;
  user: string;
  week: string;
  entries: Rec[];
  writable: boolean;
}) {
  const { t } = useTranslation();
  const meta = useMeta();
  const me = useMe();
  const id = useId();
  const today = dayOf(useNow());
  const [problem, setProblem] = useState<string | null>(null);
  // Lines without time yet are kept in this browser, and offered again next week.
  const [wanted, setWanted] = useState(() => recall(`timesheet.${user}`, [], isLines));
  const lines = linesOf(entries, writable ? wanted : []);
  const days = daysOf(week);
  const want = (next: typeof wanted) => {
    setWanted(next);
    remember(`timesheet.${user}`, next.slice(-20));
  };
  const [project, task] = [findEntity(meta, "project"), findEntity(meta, "task")];
  const named = (line: Line) => {
    const one = Object.values(line.entries).flat()[0];
    const kept = wanted.find((other) => keyOf(other) === line.key);
    return {
      project: (project && one && titleOf(project, one.project as Rec | undefined)) || kept?.project || t("record.hidden"),
      task: line.task_id ? (task && one && titleOf(task, one.task as Rec | undefined)) || kept?.task || t("record.hidden") : null,
    };
  };
  const write = async (line: Line, day: string, hours: string | null): Promise<boolean> => {
    const [entry] = line.entries[day] ?? [];
    const rest = lines.map((one) => (one === line ? { ...one, entries: { ...one.entries, [day]: [] } } : one));
    if (hours !== null && overflows(rest, day, hours)) {
      setProblem(t("time.tooMuch", { day: longDay(day, today) }));
      return false;
    }
    const was = entry ? String(entry.hours) : null;
    const where = { user, week, day, line: { project_id: line.project_id, task_id: line.task_id, billable: line.billable } };
    try {
      await writeHours(where, entry, hours);
      setProblem(null);
      if (entry && hours !== null)
        offerUndo(t("time.saved", { hours: showHours(hours), day: longDay(day, today) }), async () => {
          await writeHours(where, { ...entry, version: entry.version + 1 }, was).catch((error: unknown) =>
            complain(t("record.notSaved"), error),
          );
        });
      return true;
    } catch (error) {
      complain(t("record.notSaved"), error);
      return false;
    }
  };
  const open = entries.filter((entry) => entry.status === "draft" || entry.status === "rejected");
  const pending = entries.filter((entry) => entry.status === "pending");
  const settle = async (verb: Parameters<typeof settleTime>[0], chosen: Rec[], words: string, more?: object) => {
    try {
      await settleTime(
        verb,
        chosen.map((entry) => entry.id),
        more,
      );
      notify(words);
    } catch (error) {
      complain(t("record.notDone"), error);
    }
  };
  const submit = async () => {
    if (await confirm(t("time.submitTitle", { hours: showHours(hoursOf(open)) }), t("time.submitHint"), t("time.submit")))
      await settle("submit", open, t("time.submitted"));
  };
  const reject = async () => {
    const reason = entity.fields.find((field) => field.name === "rejection_reason");
    const answer = reason && (await askForValue(entity, { ...reason, required: true, read_only: false }, t("time.rejectTitle")));
    if (answer) await settle("reject", pending, t("time.rejected"), { reason: answer.value });
  };
  const approver = isGranted(me, entity.resource, "approve");
  const state =
    entries.length === 0
      ? null
      : entries.every((entry) => entry.status === entries[0]?.status)
        ? (String(entries[0]?.status) as "draft" | "pending" | "approved" | "rejected")
        : "mixed";
  const HUES = { draft: "gray", pending: "amber", approved: "green", rejected: "red", mixed: "blue" } as const;
  return (
    <section aria-label={t("time.title")} className="flex flex-col gap-3">
      <div className="overflow-x-auto rounded-md bg-raised shadow-card">
        {lines.length === 0 ? (
          <Empty icon={<Clock size={20} />} title={t("time.empty")} hint={writable ? t("time.addHint") : undefined} />
        ) : (
          <table className="w-full min-w-[640px] border-collapse" aria-describedby={problem ? `${id}-problem` : undefined}>
            <caption className="sr-only">{t("time.title")}</caption>
            <thead>
              <tr className="border-b text-xs text-fg-2">
                <th scope="col" className="sticky start-0 z-10 bg-raised px-3 py-2 text-start font-medium">
                  {t("time.project")}
                </th>
                {days.map((day) => (
                  <th
                    key={day}
                    scope="col"
                    className={cx("w-[72px] px-1 py-2 text-center font-medium", day === today && "text-accent-text")}
                  >
                    <span className="block">{shortWeekday(day)}</span>
                    <span className="tabular block text-2xs text-fg-3">{Number(day.slice(8))}</span>
                  </th>
                ))}
                <th scope="col" className="w-20 px-3 py-2 text-end font-medium">
                  {t("time.total")}
                </th>
                {writable && (
                  <th scope="col" className="w-8">
                    <span className="sr-only">{t("record.actions")}</span>
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {lines.map((line, row) => {
                const names = named(line);
                const empty = Object.keys(line.entries).length === 0;
                return (
                  <tr key={line.key} className="border-b border-line/80">
                    <th scope="row" className="sticky start-0 z-10 max-w-56 bg-raised px-3 py-1.5 text-start font-normal">
                      <span className="block truncate font-medium">{names.project}</span>
                      <span className="block truncate text-xs text-fg-2">
                        {[names.task ?? t("time.noTask"), t(line.billable ? "time.billable" : "time.notBillable")].join(" · ")}
                      </span>
                    </th>
                    {days.map((day, column) => (
                      <td key={day} className="p-0.5">
                        <HoursCell
                          label={t("time.hoursOf", { project: names.task ?? names.project, day: longDay(day, today) })}
                          entries={line.entries[day] ?? []}
                          row={row}
                          column={column}
                          writable={writable}
                          onWrite={(hours) => write(line, day, hours)}
                          onProblem={setProblem}
                        />
                      </td>
                    ))}
                    <td className="tabular px-3 text-end font-medium">{showHours(hoursOnLine(line))}</td>
                    {writable && (
                      <td>
                        {empty && (
                          <Button
                            variant="ghost"
                            size="icon"
                            aria-label={`${t("common.delete")}: ${names.project}`}
                            onClick={() => want(wanted.filter((one) => keyOf(one) !== line.key))}
                          >
                            <X size={13} />
                          </Button>
                        )}
                      </td>
                    )}
                  </tr>
                );
              })}
            </tbody>
            <tfoot>
              <tr className="text-xs text-fg-2">
                <th scope="row" className="sticky start-0 bg-raised px-3 py-2 text-start font-medium">
                  {t("time.total")}
                </th>
                {days.map((day) => {
                  const hours = hoursOnDay(lines, day);
                  return (
                    <td key={day} className="tabular py-2 text-center" data-day-total={day}>
                      {isZero(hours) ? "" : showHours(hours)}
                    </td>
                  );
                })}
                <td className="tabular px-3 py-2 text-end text-sm font-semibold text-fg" data-week-total>
                  {showHours(hoursOf(entries))}
                </td>
                {writable && <td />}
              </tr>
            </tfoot>
          </table>
        )}
      </div>
      {problem && (
        <div id={`${id}-problem`}>
          <Notice>{problem}</Notice>
        </div>
      )}
      <div className="flex flex-wrap items-center gap-2">
        {writable && (
          <AddLine
            onAdd={(line) => {
              if (!wanted.some((one) => keyOf(one) === keyOf(line))) want([...wanted, line]);
            }}
          >
            <Plus size={14} /> {t("time.addLine")}
          </AddLine>
        )}
        <span className="ms-auto flex flex-wrap items-center gap-2">
          {state && <Tag label={t(`time.status.${state}`)} hue={HUES[state]} dot />}
          {writable && pending.length > 0 && (
            <Button size="sm" onClick={() => void settle("withdraw", pending, t("time.withdrawn"))}>
              <Undo2 size={14} /> {t("time.withdraw")}
            </Button>
          )}
          {writable && open.length > 0 && (
            <Button size="sm" variant="primary" onClick={() => void submit()}>
              <Send size={14} /> {t("time.submit")}
            </Button>
          )}
          {approver && user !== me.user.id && pending.length > 0 && (
            <>
              <Button size="sm" onClick={() => void reject()}>
                <X size={14} /> {t("time.reject")}
              </Button>
              <Button size="sm" variant="primary" onClick={() => void settle("approve", pending, t("time.approved"))}>
                <CheckCheck size={14} /> {t("time.approveAll")}
              </Button>
            </>
          )}
        </span>
      </div>
      {entries.some((entry) => entry.status === "rejected") && (
        <Notice tone="warning">
          {[
            ...new Set(entries.flatMap((entry) => (entry.status === "rejected" ? [String(entry.rejection_reason ?? "")] : []))),
          ].map((reason) => (
            <p key={reason}>{t("time.rejectedWhy", { reason })}</p>
          ))}
        </Notice>
      )}
      {entries.length > 0 && entries.every(isLocked) && <p className="text-xs text-fg-3">{t("time.locked")}</p>}
    </section>
  );
}
