import type { Activity, HistoryEntry } from "@/api/types";

/** One thing that happened to a record, with the fields it changed where the history knows them. */
export type Happening = {
  id: string;
  at: string;
  type: string;
  actor: string | null;
  subject: string | null;
  description: string | null;
  from: string | null;
  to: string | null;
  changes: HistoryEntry["changes"];
  /** The fields that changed, where only their names are known. */
  fields: string[];
  version: number | null;
  /** Of a merge: which record this one is of the two, what the other is called where that is known, and whether it was undone. */
  merge: { side: "stays" | "goes"; other: string | null; undone: boolean } | null;
  /** The note, interaction or task that it tells of, and whether it was made, changed or deleted. */
  written: { entity: string; id: string; action: string } | null;
};

const TYPE_OF: Record<HistoryEntry["action"], string> = {
  INSERT: "created",
  UPDATE: "updated",
  DELETE: "deleted",
  LOGIN: "signed_in",
  EXPORT: "exported",
  PERMISSION: "permission",
  MERGE: "merged",
  ERASE: "erased",
};
/** What people write themselves. The words of all other activities are made here, in the reader's language. */
const WRITTEN = new Set(["note", "email", "call", "meeting", "task", "message_sent", "file_upload", "commented", "system"]);
/** What is written about a record, as a note, an interaction or a task. */
export const KINDS = {
  notes: ["note", "commented"],
  interactions: ["call", "email", "meeting", "message_sent"],
  tasks: ["task"],
  changes: ["created", "updated", "deleted", "restored", "status_changed", "stage_changed", "merged", "converted"],
} as const;
export type TimelineKind = keyof typeof KINDS;

/** Fields the machine keeps for itself; their changes say nothing to a person. */
const SILENT = new Set([
  "deleted_at",
  "stage_entered_at",
  "updated_at",
  "updated_by",
  "version",
  "board_position",
  // Told by the lines that it is summed up from.
  "tax_breakdown",
  "search",
  "organization_id",
  "created_at",
  "created_by",
  "id",
]);
const spoken = (changes: HistoryEntry["changes"]) => changes.flatMap(unfolded).filter((change) => !SILENT.has(change.field));

const asObject = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
/** Custom fields are stored in one container; what changed in it is told field by field. */
function unfolded(change: HistoryEntry["changes"][number]): HistoryEntry["changes"] {
  if (change.field !== "custom_fields") return [change];
  const [old, fresh] = [asObject(change.old), asObject(change.new)];
  return [...new Set([...Object.keys(old), ...Object.keys(fresh)])]
    .filter((key) => JSON.stringify(old[key] ?? null) !== JSON.stringify(fresh[key] ?? null))
    .map((key) => ({ field: `custom.${key}`, old: old[key] ?? null, new: fresh[key] ?? null }));
}

const columnOf = (field: string) => (field.startsWith("custom.") ? "custom_fields" : field);

/** What a move from one stage to another says already. */
const IMPLIED = new Set(["stage_id", "status", "probability"]);
/** The changes of a happening that its sentence leaves out. */
export const furtherChanges = ({ type, from, to, changes }: Happening): HistoryEntry["changes"] =>
  type === "converted" ? [] : from && to ? changes.filter((change) => !IMPLIED.has(change.field)) : changes;

/** A change that only the machine takes note of, such as a card's place in its column. */
const isSilent = ({ type, metadata }: Activity) =>
  type === "updated" && metadata?.fields !== undefined && metadata.fields.every((field) => SILENT.has(field));

function writtenIn({ metadata }: Activity): Happening["written"] {
  const { entity, id, action = "created" } = metadata ?? {};
  return entity && id ? { entity, id, action } : null;
}

function mergeIn({ type, metadata }: Activity): Happening["merge"] {
  if (type !== "merged") return null;
  return {
    side: metadata?.side === "goes" ? "goes" : "stays",
    other: metadata?.other ?? null,
    undone: metadata?.undone === true,
  };
}
/** The trail keeps a merge on both records, and knows neither by its name. */
function mergeOf(entry: HistoryEntry, id: string | undefined): Happening["merge"] {
  if (entry.action !== "MERGE") return null;
  const { loser_id, undone } = asObject(entry.details);
  return { side: loser_id === id ? "goes" : "stays", other: null, undone: undone === true };
}
/** What an activity of the same change set tells already. Sign-ins, exports and the like are told by the trail alone. */
const WRITES = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"]);

/**
 * Activities and history tell of the same writes, one in words and one by field. They meet by change set: an
 * activity takes the changes of its set, and what only the history knows stands by itself.
 */
export function mergeTimeline(
  activities: Activity[],
  history: HistoryEntry[],
  id?: string,
  /** Fields that only the machine writes. */
  worked: ReadonlySet<string> = new Set(),
): Happening[] {
  const bySet = new Map<string, HistoryEntry[]>();
  for (const entry of history) bySet.set(entry.change_set_id, [...(bySet.get(entry.change_set_id) ?? []), entry]);
  const creations = new Set([
    ...activities.flatMap((activity) => (activity.type === "created" ? [activity.change_set_id] : [])),
    ...history.flatMap((entry) => (entry.action === "INSERT" ? [entry.change_set_id] : [])),
  ]);
  const spokenOf = (entry: HistoryEntry) =>
    spoken(entry.changes).filter((change) => !creations.has(entry.change_set_id) || !worked.has(change.field));
  /** What was worked out right after a record was made belongs to its making. */
  const isPartOfMaking = ({ type, change_set_id, metadata }: Activity) =>
    type === "updated" &&
    change_set_id !== null &&
    creations.has(change_set_id) &&
    metadata?.fields?.every((field) => worked.has(field) || SILENT.has(field)) === true;
  const told = activities
    .filter((activity) => !isSilent(activity) && !isPartOfMaking(activity))
    .map((activity): Happening => {
      const entries = (activity.change_set_id && bySet.get(activity.change_set_id)) || [];
      const named = activity.metadata?.fields;
      const changes = entries.flatMap((entry) => (entry.action === "UPDATE" ? spokenOf(entry) : []));
      return {
        id: activity.id,
        at: activity.created_at,
        type: activity.type === "created" && entries.some((entry) => entry.origin === "import") ? "imported" : activity.type,
        actor: activity.user?.full_name ?? entries[0]?.user?.full_name ?? null,
        subject: WRITTEN.has(activity.type) ? activity.subject : null,
        description: WRITTEN.has(activity.type) ? activity.description : null,
        from: activity.metadata?.from ?? null,
        to: activity.metadata?.to ?? null,
        // Several activities may come of one request; each tells its own fields.
        changes: named ? changes.filter((change) => named.includes(columnOf(change.field))) : changes,
        fields: (named ?? []).filter((field) => !SILENT.has(field) && field !== "custom_fields"),
        version: entries[0]?.version ?? null,
        merge: mergeIn(activity),
        written: writtenIn(activity),
      };
    });
  const sets = new Set(activities.map((activity) => activity.change_set_id));
  const untold = history
    .filter((entry) => !sets.has(entry.change_set_id) || !WRITES.has(entry.action))
    .map(
      (entry): Happening => ({
        id: entry.id,
        at: entry.at,
        type: entry.action === "INSERT" && entry.origin === "import" ? "imported" : TYPE_OF[entry.action],
        actor: entry.user?.full_name ?? null,
        subject: null,
        description: null,
        from: null,
        to: null,
        changes: entry.action === "UPDATE" ? spokenOf(entry) : [],
        fields: [],
        version: entry.version,
        merge: mergeOf(entry, id),
        written: null,
      }),
    )
    .filter((happening) => happening.type !== "updated" || happening.changes.length > 0);
  return [...told, ...untold].sort((one, other) => other.at.localeCompare(one.at));
}

/** What happened on each day, newest day first; the days are those of the person's calendar. */
export function byDay<Entry extends { at: string }>(
  list: Entry[],
  dayOf: (at: Date) => string,
): { day: string; entries: Entry[] }[] {
  const days = new Map<string, Entry[]>();
  for (const entry of list) {
    const day = dayOf(new Date(entry.at));
    days.set(day, [...(days.get(day) ?? []), entry]);
  }
  return [...days].map(([day, entries]) => ({ day, entries }));
}
