import i18n from "@/i18n";
import { notify } from "@/ui";

type Step = { id: number; run: () => Promise<void> };
const LONGEST = 20;
let steps: Step[] = [];
let counter = 0;

/** Remembers how to take something back: Ctrl+Z takes the last one back. Returns how to take back this one. */
export function rememberUndo(run: () => Promise<void>): () => void {
  counter += 1;
  const step: Step = { id: counter, run };
  steps = [...steps.slice(1 - LONGEST), step];
  return () => void takeBack(step);
}

/** The same, offered in a message. */
export function offerUndo(title: string, run: () => Promise<void>, description?: string) {
  const undo = rememberUndo(run);
  notify(title, { ...(description ? { description } : {}), action: { label: i18n.t("common.undo"), run: undo } });
}

async function takeBack(step: Step) {
  if (!steps.some((held) => held.id === step.id)) return;
  steps = steps.filter((held) => held.id !== step.id);
  await step.run();
}

/** Takes the last remembered step back. Says so when there is none. */
export function undoLast() {
  const last = steps.at(-1);
  if (last) void takeBack(last);
  else notify(i18n.t("record.nothingToUndo"));
}
export const forgetUndo = () => {
  steps = [];
};
