import type { Conflict, Entity, Field, Rec } from "@/api/types";
import { createStore } from "@/lib/store";

/** A write that met somebody else's: the dialog asks, field by field, which value stands. */
export type ConflictCase = {
  entity: Entity;
  record: Rec;
  conflicts: Conflict[];
  /** Gets the fields to write again with my value. An empty list keeps theirs throughout. */
  settle: (mine: string[]) => void;
};
export const conflictStore = createStore<ConflictCase | null>(null);

/** A write that needs one more value first, such as the reason a deal was lost. */
export type QuestionCase = {
  entity: Entity;
  field: Field;
  title: string;
  settle: (answer: { value: unknown } | null) => void;
};
export const questionStore = createStore<QuestionCase | null>(null);

/** Asks for one value and waits. Null when the person thinks better of it. */
export const askForValue = (entity: Entity, field: Field, title: string): Promise<{ value: unknown } | null> =>
  new Promise((settle) => {
    questionStore.set({
      entity,
      field,
      title,
      settle: (answer) => {
        questionStore.set(null);
        settle(answer);
      },
    });
  });

/** A thing to be sure about before it happens. */
export type ConfirmCase = { title: string; detail: string; action: string; settle: (yes: boolean) => void };
export const confirmStore = createStore<ConfirmCase | null>(null);
export const confirm = (title: string, detail: string, action: string): Promise<boolean> =>
  new Promise((settle) => {
    confirmStore.set({
      title,
      detail,
      action,
      settle: (yes) => {
        confirmStore.set(null);
        settle(yes);
      },
    });
  });
