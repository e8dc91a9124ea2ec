import { timeZoneItems } from "@/settings/places";
import { pickEditor, pickInput } from "../parts/PickEditor";
import { PlainView } from "../parts/plain";
import type { KindModule } from "../types";
import { text } from "./text";

/** The name of a time zone: stored as a text, chosen from those that there are. */
export const timeZone: KindModule = {
  ...text,
  Editor: pickEditor({ View: PlainView, useItems: timeZoneItems }),
  Input: pickInput({ View: PlainView, useItems: timeZoneItems }),
};
