import { loadedMeta } from "@/api/queries";
import { type PickItem, Tag } from "@/ui";
import { eventInWords, HAPPENINGS } from "../events";
import { pickEditor, pickInput } from "../parts/PickEditor";
import { type KindModule, understood, type ViewProps } from "../types";

const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const EventsView = ({ value }: ViewProps) => (
  <span className="flex min-w-0 gap-1 overflow-hidden">
    {list(value).map((event) => (
      <Tag key={event} label={eventInWords(event)} />
    ))}
  </span>
);
const EventsWhole = ({ value }: ViewProps) => (
  <span className="flex min-w-0 flex-wrap gap-1 py-1.5">
    {list(value).map((event) => (
      <Tag key={event} label={eventInWords(event)} />
    ))}
  </span>
);
/** Everything that may happen, kind of record by kind of record. */
const eventItems = (): PickItem[] =>
  ["*", ...(loadedMeta()?.entities ?? []).flatMap(({ name }) => HAPPENINGS.map((what) => `${name}.${what}`))].map((event) => ({
    value: event,
    label: eventInWords(event),
    hint: event,
  }));

/** Which events a webhook is told of: stored as a list of names, chosen by their words. */
export const events: KindModule = {
  width: 240,
  View: EventsView,
  Whole: EventsWhole,
  Editor: pickEditor({ View: EventsView, useItems: eventItems, multiple: true }),
  Input: pickInput({ View: EventsView, useItems: eventItems, multiple: true }),
  wide: true,
  filter: "none",
  operators: ["is_null"],
  text: (value) => list(value).map(eventInWords).join(", "),
  parse: (text) =>
    understood(
      text
        .split(/[,;\s]+/)
        .map((part) => part.trim())
        .filter(Boolean),
    ),
};
