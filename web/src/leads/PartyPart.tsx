import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Entity } from "@/api/types";
import { useRecordItems } from "@/fields/parts/RecordPick";
import { hasFace, isPerson } from "@/fields/values";
import { within } from "@/lib/words";
import { Avatar, Button, cx, Picker, Tag } from "@/ui";
import type { Choice, Conversion, Match } from "./conversion";

const HUE = { domain: "green", email: "green", phone: "green", name: "amber" } as const;

/** Whether a lead's company or person is one that is known already, a new one, or none. */
export function PartyPart({
  part,
  entity,
  known,
  fresh,
  choice,
  error,
  onChange,
}: {
  part: "company" | "contact";
  entity: Entity;
  known: Conversion["company"];
  /** What a new one is called. */
  fresh: string;
  choice: Choice;
  error: string | undefined;
  onChange: (choice: Choice) => void;
}) {
  const { t } = useTranslation();
  const id = useId();
  const [others, setOthers] = useState<{ id: string; name: string }[]>([]);
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const found = useRecordItems(entity, text, open);
  const label = within(entity.label);
  const offered: (Omit<Match, "reason"> & { reason: Match["reason"] | null })[] = [
    ...known.matches,
    ...others
      .filter((other) => !known.matches.some((match) => match.id === other.id))
      .map((other) => ({ ...other, reason: null })),
  ];
  return (
    <fieldset className="rounded-md p-3 shadow-[inset_0_0_0_1px_var(--line)]">
      <legend className="float-start mb-2 w-full font-semibold">{entity.label}</legend>
      <div className="clear-both flex flex-col gap-0.5">
        {offered.map((match) => (
          <Option
            key={match.id}
            name={`${id}-choice`}
            checked={choice.action === "use" && choice.id === match.id}
            onChoose={() => onChange({ action: "use", id: match.id })}
          >
            {hasFace(entity) && <Avatar name={match.name} square={!isPerson(entity)} size={20} />}
            <span className="min-w-0 truncate">
              {t("leads.use")} <span className="font-medium">{match.name}</span>
            </span>
            {match.reason && <Tag label={t(`leads.reason.${match.reason}`)} hue={HUE[match.reason]} />}
            {match.id === known.suggested && <span className="text-xs text-fg-3">{t("leads.suggested")}</span>}
          </Option>
        ))}
        <Option
          name={`${id}-choice`}
          checked={choice.action === "create"}
          onChoose={() => onChange({ action: "create", ...(part === "company" ? { name: choice.name ?? fresh } : {}) })}
        >
          <span className="shrink-0">{t("leads.create", { label })}</span>
          {part === "company" ? (
            <input
              aria-label={t("leads.nameOf", { label })}
              aria-invalid={error && choice.action === "create" ? true : undefined}
              value={choice.action === "create" ? (choice.name ?? "") : fresh}
              maxLength={255}
              onFocus={() => {
                if (choice.action !== "create") onChange({ action: "create", name: fresh });
              }}
              onChange={(event) => onChange({ action: "create", name: event.target.value })}
              className="field-box h-8 min-w-0 flex-1"
            />
          ) : (
            <span className="min-w-0 truncate font-medium">{fresh}</span>
          )}
        </Option>
        <Option name={`${id}-choice`} checked={choice.action === "none"} onChoose={() => onChange({ action: "none" })}>
          <span className="text-fg-2">{t("leads.none", { label })}</span>
        </Option>
      </div>
      {error && (
        <p role="alert" className="mt-1 px-2 text-xs font-medium text-danger-text">
          {error}
        </p>
      )}
      <Picker
        label={t("leads.other", { label })}
        triggerLabel={t("leads.other", { label })}
        items={found.items}
        loading={found.loading}
        onSearch={setText}
        onOpenChange={setOpen}
        value={[]}
        onChange={(_, [chosen]) => {
          if (!chosen) return;
          setOthers((held) => [...held, { id: chosen.value, name: chosen.label }]);
          onChange({ action: "use", id: chosen.value });
        }}
        trigger={
          <Button variant="ghost" size="sm" className="mt-1">
            {t("leads.other", { label })}
          </Button>
        }
      />
    </fieldset>
  );
}

export function Option({
  name,
  checked,
  onChoose,
  children,
}: {
  name: string;
  checked: boolean;
  onChoose: () => void;
  children: React.ReactNode;
}) {
  return (
    <label
      className={cx(
        "flex min-h-9 cursor-default items-center gap-2.5 rounded-sm px-2 py-0.5 has-focus-visible:outline-2 has-focus-visible:outline-ring pointer-coarse:min-h-11",
        checked ? "bg-accent-soft" : "hover:bg-hover",
      )}
    >
      <input type="radio" name={name} checked={checked} onChange={onChoose} className="shrink-0 accent-(--accent) outline-none" />
      {children}
    </label>
  );
}
