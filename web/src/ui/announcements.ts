import { Accessibility } from "@dnd-kit/dom";
import type { DragDropProvider, DragEndEvent } from "@dnd-kit/react";
import { type ComponentProps, type RefObject, useState } from "react";

type Plugins = Extract<NonNullable<ComponentProps<typeof DragDropProvider>["plugins"]>, unknown[]>;
type DragEvent = Pick<DragEndEvent, "operation">;

export type { DragEvent };
export type Moment = "picked" | "over" | "dropped" | "cancelled";

/** Tells assistive technology what a drag does, in the names of things instead of their numbers. */
export function useAnnouncements(instructions: string, say: RefObject<(event: DragEvent, moment: Moment) => string>) {
  const [plugins] = useState(() => {
    const speak = (moment: Moment) => (event: DragEvent) => say.current(event, moment);
    return (defaults: Plugins): Plugins => [
      ...defaults.filter((plugin) => plugin !== Accessibility),
      Accessibility.configure({
        screenReaderInstructions: { draggable: instructions },
        announcements: {
          dragstart: speak("picked"),
          dragover: speak("over"),
          dragend: (event: DragEvent & { canceled: boolean }) => speak(event.canceled ? "cancelled" : "dropped")(event),
        },
      }),
    ];
  });
  return plugins;
}
