import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { can, findEntity, includesOf, type ListParams, listPageQuery, useMeta } from "@/api/queries";
import type { Child, Entity, Field, Meta, Rec } from "@/api/types";
import { EntityIcon } from "@/app/EntityIcon";
import { kindOf, shownFields } from "@/fields/registry";
import { hasFace, isBlank, isPerson, titleOf, valueIn } from "@/fields/values";
import EntityDialog, { type Draft } from "@/forms/EntityDialog";
import { number } from "@/lib/format";
import { within } from "@/lib/words";
import { DoneBox, Due } from "@/tasks/TaskRow";
import { isOpen } from "@/tasks/tasks";
import { Avatar, Button, buttonClass, cx, Notice, Skeleton, Tip } from "@/ui";
import { explain } from "./errors";
import { specialOf } from "./special";

const Documents = lazy(() => import("@/documents/Documents"));

/** Rows of a section until more are asked for, and after that. */
const FEW = 5;
const MANY = 100;
/** What stands in the timeline needs no place beside it. */
const TOLD = new Set(["activities", "notes", "interactions"]);

const childParams = (child: Child, target: Entity, parent: Entity, id: string): ListParams => ({
  parent: { plural: parent.plural, id, child: child.name },
  include: includesOf(shownFields(target).filter((field) => target.layout.table.includes(field.name))),
});

/** The kinds of record that stand beside one, with what is still to be done first. */
export function relatedOf(entity: Entity, meta: Meta): { child: Child; target: Entity }[] {
  const { shown = [] } = specialOf(entity);
  return entity.children
    .flatMap((child) => {
      const target = findEntity(meta, child.entity);
      return target && !TOLD.has(child.name) && !shown.includes(child.name) ? [{ child, target }] : [];
    })
    .sort((one, other) => Number(other.target.name === "task") - Number(one.target.name === "task"));
}

/** The records that belong to this one, kind by kind. */
export function RelatedColumn({
  entity,
  record,
  onPlan,
}: {
  entity: Entity;
  record: Rec;
  /** Plans a task in the composer, where there is one. */
  onPlan: (() => void) | undefined;
}) {
  const children = relatedOf(entity, useMeta());
  return (
    <div className="flex flex-col gap-5">
      {children.map(({ child, target }) =>
        target.name === "document" ? (
          <Suspense key={child.name}>
            <Documents parent={entity} record={record} child={child} target={target} />
          </Suspense>
        ) : (
          <RelatedSection
            key={child.name}
            parent={entity}
            record={record}
            child={child}
            target={target}
            onPlan={target.name === "task" ? onPlan : undefined}
          />
        ),
      )}
    </div>
  );
}

/** What a new child begins with: the record it belongs to. */
function presetOf(parent: Entity, record: Rec, child: Child, back: Field | undefined): Draft {
  const name = titleOf(parent, record);
  const nested = {
    id: record.id,
    [parent.title_field]: name,
    ...(back?.entity_field ? { entity: parent.name, title: name } : {}),
  };
  return {
    values: { [child.field]: record.id, ...(back?.entity_field ? { [back.entity_field]: parent.name } : {}) },
    nested: back?.include ? { [back.include]: nested } : {},
  };
}

function RelatedSection({
  parent,
  record,
  child,
  target,
  onPlan,
}: {
  parent: Entity;
  record: Rec;
  child: Child;
  target: Entity;
  onPlan: (() => void) | undefined;
}) {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const [creating, setCreating] = useState(false);
  const tasks = target.name === "task";
  const { data, error, isPending } = useQuery({
    ...listPageQuery(target.plural, childParams(child, target, parent, record.id), 0, all || tasks ? MANY : FEW),
    placeholderData: (held) => held,
  });
  const back = target.fields.find((field) => field.name === child.field);
  const rows = tasks
    ? [...(data?.data ?? [])].sort((one, other) => Number(isOpen(other)) - Number(isOpen(one)))
    : (data?.data ?? []);
  const shown = all ? rows : rows.slice(0, FEW);
  const total = data?.page.total ?? rows.length;
  const open = tasks ? rows.filter(isOpen).length : total;
  const create = can(target, "create") && !target.read_only && !record.deleted_at;
  const label = t("list.new", { label: within(target.label) });
  const id = `related-${child.name}`;
  return (
    <section aria-labelledby={id} data-related={child.name}>
      <div className="mb-1.5 flex h-7 items-center gap-2">
        <EntityIcon name={target.icon} size={14} className="text-fg-3" />
        <h2 id={id} className="font-semibold">
          {child.label}
        </h2>
        {data && (
          <span className="tabular rounded-full bg-active px-1.5 text-2xs leading-[18px] text-fg-2" data-related-count>
            {number(open)}
            {data.page.total_is_lower_bound && "+"}
          </span>
        )}
        {create && (
          <Tip label={label}>
            <Button
              variant="ghost"
              size="icon"
              className="ms-auto"
              aria-label={label}
              onClick={() => (onPlan ? onPlan() : setCreating(true))}
            >
              <Plus size={15} />
            </Button>
          </Tip>
        )}
      </div>
      {error ? (
        <Notice>{explain(error)}</Notice>
      ) : isPending ? (
        <div className="flex flex-col gap-3 rounded-md bg-raised p-3 shadow-card">
          <Skeleton className="h-5" />
          <Skeleton className="h-5" />
        </div>
      ) : rows.length === 0 ? (
        <p className="rounded-md border border-dashed border-line-strong px-3 py-2.5 text-xs text-fg-3">
          {t("record.noChildren", { label: within(child.label) })}
        </p>
      ) : (
        <ul className="m-0 list-none overflow-hidden rounded-md bg-raised p-0 shadow-card">
          {shown.map((row) =>
            tasks ? (
              <TaskLine key={row.id} task={row} target={target} />
            ) : (
              <Row key={row.id} target={target} row={row} back={child.field} />
            ),
          )}
        </ul>
      )}
      {total > FEW && !all && (
        <p className="mt-1 flex gap-1">
          <Button variant="ghost" size="sm" onClick={() => setAll(true)}>
            {t("record.showMore", { shown: number(total) })}
          </Button>
          {back?.filterable && (
            <Link
              to="/$entity"
              params={{ entity: target.plural }}
              search={{ f: [{ field: child.field, op: "eq", value: record.id }] }}
              className={buttonClass("ghost", "sm")}
            >
              {t("record.showAll")}
            </Link>
          )}
        </p>
      )}
      {creating && (
        <EntityDialog entity={target} preset={presetOf(parent, record, child, back)} onClose={() => setCreating(false)} />
      )}
    </section>
  );
}

function TaskLine({ task, target }: { task: Rec; target: Entity }) {
  const done = !isOpen(task);
  return (
    <li className="flex min-h-10 items-center gap-1.5 border-b border-line/80 ps-1.5 pe-3 last:border-b-0 hover:bg-hover">
      <DoneBox task={task} />
      <Link
        to="/$entity/$id"
        params={{ entity: target.plural, id: task.id }}
        className={cx(
          "min-w-0 flex-1 truncate underline-offset-3 hover:underline",
          done ? "text-fg-3 line-through" : "font-medium",
        )}
      >
        {titleOf(target, task)}
      </Link>
      <Due task={task} />
    </li>
  );
}

/** A record in two lines: what it is called, and the first things to know of it. */
function Row({ target, row, back }: { target: Entity; row: Rec; back: string }) {
  const name = titleOf(target, row);
  const fields = target.layout.table
    .filter((entry) => entry !== target.title_field && entry !== back)
    .flatMap((entry) => shownFields(target).find((field) => field.name === entry) ?? [])
    .filter((field) => !isBlank(valueIn(row, field)));
  const mark = fields.find(
    (field) => field.kind === "choice" || (field.kind === "reference" && /(^|_)(stage|status)/.test(field.name)),
  );
  const figure = fields.find((field) => field.kind === "money") ?? fields.find((field) => kindOf(field).figures);
  const second = fields
    // A colour is seen, not read; and what is in the name need not be said again.
    .filter((field) => field !== mark && field !== figure && field.kind !== "color")
    .map((field) => kindOf(field).text(valueIn(row, field), field, row))
    .filter((text) => text && text !== name)
    .slice(0, 2)
    .join(" · ");
  const MarkView = mark ? kindOf(mark).View : null;
  return (
    <li className="border-b border-line/80 last:border-b-0">
      <Link
        to="/$entity/$id"
        params={{ entity: target.plural, id: row.id }}
        className="flex min-h-10 items-center gap-2.5 px-3 py-2 hover:bg-hover"
      >
        {hasFace(target) && <Avatar name={name || "?"} square={!isPerson(target)} size={24} />}
        <span className="min-w-0 flex-1">
          <span className="flex items-center gap-2">
            <span className="min-w-0 flex-1 truncate font-medium">{name}</span>
            {figure && (
              <span className="tabular shrink-0 text-fg-2">{kindOf(figure).text(valueIn(row, figure), figure, row)}</span>
            )}
          </span>
          {(second || mark) && (
            <span className="mt-0.5 flex items-center gap-2 text-xs text-fg-2">
              <span className="min-w-0 flex-1 truncate">{second}</span>
              {mark && MarkView && (
                <span className="max-w-32 shrink-0">
                  <MarkView field={mark} value={valueIn(row, mark)} record={row} />
                </span>
              )}
            </span>
          )}
        </span>
      </Link>
    </li>
  );
}
