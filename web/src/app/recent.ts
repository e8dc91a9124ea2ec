import { recall, remember } from "@/lib/storage";

/** Records that were looked at last, newest first: where people want to go back to. */
export type Visit = { plural: string; id: string; name: string };
const KEY = "recent";
const MOST = 8;

const isVisits = (value: unknown): value is Visit[] =>
  Array.isArray(value) && value.every((visit) => ["plural", "id", "name"].every((part) => typeof visit?.[part] === "string"));

export const recentVisits = (): Visit[] => recall<Visit[]>(KEY, [], isVisits);
export function rememberVisit(visit: Visit) {
  const others = recentVisits().filter((held) => held.id !== visit.id);
  remember(KEY, [visit, ...others].slice(0, MOST));
}
/** The next person at this machine need not know. */
export const forgetVisits = () => remember(KEY, undefined);
