import type { Mention } from "@/lib/mentions";
import { recall, remember } from "@/lib/storage";

/** What stands in the composer of a record and is not sent yet. It survives a reload, a day and a lost connection. */
export type Tab = "note" | "interaction" | "task";
export type Draft = {
  tab: Tab;
  note: { text: string; mentions: Mention[] };
  interaction: {
    channel: string;
    type: string;
    note: string;
    outcome: string;
    occurred_at: string | null;
    follow_up_at: string | null;
  };
  task: {
    text: string;
    type: string | null;
    priority: string;
    due_at: string | null;
    assignee: { id: string; name: string } | null;
  };
};

export const emptyDraft = (tab: Tab): Draft => ({
  tab,
  note: { text: "", mentions: [] },
  interaction: { channel: "phone", type: "", note: "", outcome: "", occurred_at: null, follow_up_at: null },
  task: { text: "", type: null, priority: "medium", due_at: null, assignee: null },
});
/** Whether there is anything worth keeping. */
export const isEmpty = ({ note, interaction, task }: Draft): boolean =>
  [note.text, interaction.type, interaction.note, interaction.outcome, task.text].every((text) => text.trim() === "");

/** More drafts than this are not kept: the ones that were not touched for longest go. */
const MOST = 40;
const INDEX = "drafts";
const isNames = (value: unknown): value is string[] => Array.isArray(value) && value.every((name) => typeof name === "string");
const isDraft = (value: unknown): value is Draft =>
  typeof value === "object" && value !== null && ["tab", "note", "interaction", "task"].every((part) => part in value);

const names = () => recall<string[]>(INDEX, [], isNames);
export function readDraft(record: string, tab: Tab): Draft {
  const fresh = emptyDraft(tab);
  const held = recall<Draft>(`draft.${record}`, fresh, isDraft);
  return {
    ...held,
    note: { ...fresh.note, ...held.note },
    interaction: { ...fresh.interaction, ...held.interaction },
    task: { ...fresh.task, ...held.task },
  };
}
export function keepDraft(record: string, draft: Draft) {
  const others = names().filter((name) => name !== record);
  if (isEmpty(draft)) {
    remember(`draft.${record}`, undefined);
    remember(INDEX, others.length > 0 ? others : undefined);
    return;
  }
  remember(`draft.${record}`, draft);
  for (const name of others.slice(MOST - 1)) remember(`draft.${name}`, undefined);
  remember(INDEX, [record, ...others.slice(0, MOST - 1)]);
}
/** Leaves nothing behind for the next person at this machine. */
export function forgetDrafts() {
  for (const name of names()) remember(`draft.${name}`, undefined);
  remember(INDEX, undefined);
}
