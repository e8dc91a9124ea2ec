import { useId } from "react";
import { useTranslation } from "react-i18next";
import { Picker, type PickItem, Switch } from "@/ui";
import { CHANNELS, FORBIDDING } from "../preferences";
import { draftOf, type InputProps, Unfinished } from "../types";
import { isObject } from "../values";
import { Pairs } from "./PairsInput";
import { PickTrigger } from "./PickEditor";
import { StructureGroup } from "./StructureGroup";

type Draft = { told: Record<string, unknown>; rest: unknown };
const TOLD: readonly string[] = [...FORBIDDING, "channels"];
const split = (value: unknown): Draft => {
  const entries = Object.entries(isObject(value) ? value : {});
  return {
    told: Object.fromEntries(entries.filter(([name]) => TOLD.includes(name))),
    rest: Object.fromEntries(entries.filter(([name]) => !TOLD.includes(name))),
  };
};

/** How somebody wants to be written to, or not at all. What else is noted of them stands below. */
export default function PreferencesInput({ value, onChange, ...held }: InputProps) {
  const { t } = useTranslation();
  const id = useId();
  const { told, rest } = draftOf(value, split);
  const put = (draft: Draft) =>
    onChange(
      draft.rest instanceof Unfinished
        ? new Unfinished(draft, draft.rest.text)
        : { ...draft.told, ...(draft.rest as Record<string, unknown>) },
    );
  const set = (name: string, next: unknown) => {
    const { [name]: _, ...others } = told;
    put({ told: next === undefined ? others : { ...others, [name]: next }, rest });
  };
  const channels = Array.isArray(told.channels) ? told.channels.map(String) : [];
  const nameOf = (channel: string) => {
    const known = CHANNELS.find((one) => one === channel);
    return known ? t(`preferences.channel.${known}`) : channel;
  };
  const items: PickItem[] = [...new Set([...CHANNELS, ...channels])].map((one) => ({ value: one, label: nameOf(one) }));
  return (
    <StructureGroup {...held} className="flex flex-col gap-3">
      <ul className="m-0 flex list-none flex-col rounded-sm p-0 shadow-[inset_0_0_0_1px_var(--line-strong)]">
        {FORBIDDING.map((name) => (
          <li key={name} className="flex min-h-10 items-center gap-3 border-b border-line/80 px-3 last:border-b-0">
            <span id={`${id}-${name}`} className="me-auto">
              {t(`preferences.${name}`)}
            </span>
            <Switch
              aria-labelledby={`${id}-${name}`}
              checked={told[name] === true}
              onCheckedChange={(on) => set(name, on ? true : undefined)}
            />
          </li>
        ))}
      </ul>
      <div>
        <label htmlFor={`${id}-channels`} className="mb-1 block font-medium">
          {t("preferences.channels")}
        </label>
        <Picker
          label={t("preferences.channels")}
          multiple
          items={items}
          value={channels}
          onChange={(next) => set("channels", next.length > 0 ? next : undefined)}
          trigger={
            <PickTrigger aria={{ id: `${id}-channels` }} inputRef={() => {}} onBlur={() => {}}>
              {channels.length > 0 ? channels.map(nameOf).join(", ") : null}
            </PickTrigger>
          }
        />
      </div>
      <div className="flex flex-col gap-2">
        <span className="font-medium">{t("preferences.more")}</span>
        <Pairs value={rest instanceof Unfinished ? {} : rest} style="any" onChange={(next) => put({ told, rest: next })} />
      </div>
    </StructureGroup>
  );
}
