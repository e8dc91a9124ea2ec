import { Plus, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Button, type FieldAria } from "@/ui";
import { HueButton } from "@/ui/HueButton";
import { moved, SortableLine, SortableList } from "@/ui/Sortable";
import { type DraftChoice, newChoice } from "./model";

const LINE = 41;

/** The choices of a field: named, coloured, put in order. Enter adds another one. */
export function ChoicesEditor({
  aria,
  choices,
  onChange,
}: {
  aria: FieldAria;
  choices: DraftChoice[];
  onChange: (choices: DraftChoice[]) => void;
}) {
  const { t } = useTranslation();
  // A group has a name and a description; that it is required is said of fields alone.
  const { "aria-required": _, ...named } = aria;
  const list = useRef<HTMLDivElement>(null);
  const wanted = useRef<string | null>(null);
  useEffect(() => {
    if (wanted.current === null) return;
    list.current?.querySelector<HTMLElement>(`[data-choice="${wanted.current}"]`)?.focus();
    wanted.current = null;
  });
  const set = (id: string, change: Partial<DraftChoice>) =>
    onChange(choices.map((one) => (one.id === id ? { ...one, ...change } : one)));
  const add = (after = choices.length) => {
    const fresh = newChoice(choices);
    wanted.current = fresh.id;
    onChange([...choices.slice(0, after), fresh, ...choices.slice(after)]);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: the row around it already carries the label a fieldset would need
    <div ref={list} role="group" {...named} className="rounded-sm shadow-[inset_0_0_0_1px_var(--line-strong)]">
      <SortableList
        names={choices.map((choice) => choice.label)}
        lineHeight={LINE}
        onMove={(from, to) => onChange(moved(choices, from, to))}
      >
        {choices.map((choice, index) => {
          const name = choice.label || t("customFields.choice", { place: index + 1 });
          return (
            <SortableLine
              key={choice.id}
              id={choice.id}
              index={index}
              handle={t("customFields.moveChoice", { choice: name })}
              className="flex min-h-10 items-center gap-1 border-b px-1.5 py-0.5"
            >
              <HueButton
                label={t("customFields.colorOf", { choice: name })}
                value={choice.hue}
                onChange={(hue) => set(choice.id, { hue })}
              />
              <input
                data-choice={choice.id}
                aria-label={t("customFields.choice", { place: index + 1 })}
                autoComplete="off"
                maxLength={100}
                value={choice.label}
                onChange={(event) => set(choice.id, { label: event.target.value })}
                onKeyDown={(event) => {
                  if (event.key !== "Enter" || event.nativeEvent.isComposing || event.ctrlKey || event.metaKey) return;
                  event.preventDefault();
                  if (choice.label.trim()) add(index + 1);
                }}
                className="h-8 min-w-0 flex-1 rounded-xs bg-transparent px-1.5 outline-none focus:shadow-[inset_0_0_0_2px_var(--ring)] pointer-coarse:h-10"
              />
              <Button
                variant="ghost"
                size="icon"
                aria-label={t("customFields.removeChoice", { choice: name })}
                onClick={() => onChange(choices.filter((one) => one.id !== choice.id))}
              >
                <X size={14} />
              </Button>
            </SortableLine>
          );
        })}
      </SortableList>
      <Button variant="ghost" className="m-1" onClick={() => add()}>
        <Plus size={14} aria-hidden />
        {t("customFields.addChoice")}
      </Button>
    </div>
  );
}
