import "@/i18n/connect";
import { Bell, ChevronDown, ChevronUp, FilePlus2, PencilLine, Plus, Webhook, X } from "lucide-react";
import { type ComponentType, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { findEntity, useMeta } from "@/api/queries";
import type { Entity } from "@/api/types";
import { StructureGroup } from "@/fields/parts/StructureGroup";
import { draftOf, type InputProps, Unfinished } from "@/fields/types";
import { Button, DropMenu } from "@/ui";
import { moved } from "@/ui/Sortable";
import { type Action, DEEDS, type Deed, deedOf, freshAction, MOST_ACTIONS, problemOfActions } from "./rule";
import { CreateForm, UpdateForm } from "./SetForms";
import { NotifyForm, WebhookForm } from "./TellForms";

const ICONS: Record<Deed, ComponentType<{ size?: number }>> = {
  update: PencilLine,
  create: FilePlus2,
  notify: Bell,
  webhook: Webhook,
};
export type ActionFormProps = { action: Action; trigger: Entity; onChange: (action: Action) => void };
const FORMS: Record<Deed, ComponentType<ActionFormProps>> = {
  update: UpdateForm,
  create: CreateForm,
  notify: NotifyForm,
  webhook: WebhookForm,
};
const listOf = (value: unknown): Action[] => (Array.isArray(value) ? (value as Action[]) : []);

/** What an automation does, one action after the other, each with the controls of its kind. */
export default function ActionsInput({ value, values, onChange, ...held }: InputProps) {
  const { t } = useTranslation();
  const meta = useMeta();
  const trigger = findEntity(meta, String(values.trigger_entity ?? ""));
  const actions = draftOf(value, listOf);
  // What is typed in a form stays with its action, wherever that goes.
  const count = useRef(0);
  const [keys, setKeys] = useState<number[]>(() => actions.map(() => count.current++));
  const list = useRef<HTMLOListElement>(null);
  const put = (next: Action[], keep: number[] = keys) => {
    setKeys(keep);
    const problem = problemOfActions(next, meta, trigger);
    onChange(problem ? new Unfinished(next, problem) : next);
  };
  const move = (from: number, to: number, direction: "up" | "down") => {
    put(moved(actions, from, to), moved(keys, from, to));
    requestAnimationFrame(() =>
      list.current?.querySelector<HTMLElement>(`[data-action="${to}"] [data-move="${direction}"]`)?.focus(),
    );
  };
  if (!trigger) return <NoTrigger {...held} />;
  return (
    <StructureGroup {...held} className="flex flex-col gap-2">
      {actions.length > 0 && (
        <ol ref={list} className="m-0 flex list-none flex-col gap-2 p-0">
          {actions.map((action, at) => {
            const deed = deedOf(action);
            const Icon = deed ? ICONS[deed] : undefined;
            const Form = deed ? FORMS[deed] : undefined;
            const place = at + 1;
            return (
              <li
                key={keys[at]}
                data-action={at}
                className="rounded-sm shadow-[inset_0_0_0_1px_var(--line-strong)]"
                aria-label={t("connect.actionOf", { place })}
              >
                <div className="flex items-center gap-2 border-b border-line ps-3 pe-1 py-1">
                  {Icon && (
                    <span className="flex text-fg-2">
                      <Icon size={14} />
                    </span>
                  )}
                  <span className="me-auto font-medium">
                    {place}. {deed ? t(`connect.deeds.${deed}`) : t("connect.otherAction", { name: String(action?.do) })}
                  </span>
                  <Button
                    variant="ghost"
                    size="icon"
                    data-move="up"
                    aria-label={t("connect.moveUp", { place })}
                    disabled={at === 0}
                    onClick={() => move(at, at - 1, "up")}
                  >
                    <ChevronUp size={14} />
                  </Button>
                  <Button
                    variant="ghost"
                    size="icon"
                    data-move="down"
                    aria-label={t("connect.moveDown", { place })}
                    disabled={at === actions.length - 1}
                    onClick={() => move(at, at + 1, "down")}
                  >
                    <ChevronDown size={14} />
                  </Button>
                  <Button
                    variant="ghost"
                    size="icon"
                    aria-label={t("connect.removeAction", { place })}
                    onClick={() =>
                      put(
                        actions.filter((_, index) => index !== at),
                        keys.filter((_, index) => index !== at),
                      )
                    }
                  >
                    <X size={14} />
                  </Button>
                </div>
                <div className="flex flex-col gap-3 p-3">
                  {Form ? (
                    <Form
                      action={action}
                      trigger={trigger}
                      onChange={(next) => put(actions.map((one, index) => (index === at ? next : one)))}
                    />
                  ) : (
                    <p className="text-fg-2">{t("connect.keptAsItIs")}</p>
                  )}
                </div>
              </li>
            );
          })}
        </ol>
      )}
      {actions.length < MOST_ACTIONS && (
        <DropMenu
          trigger={
            <Button size="sm" className="self-start">
              <Plus size={14} aria-hidden /> {t("connect.addAction")}
            </Button>
          }
          items={DEEDS.map((deed) => {
            const Icon = ICONS[deed];
            return {
              label: t(`connect.deeds.${deed}`),
              hint: t(`connect.deedHints.${deed}`),
              icon: <Icon size={14} />,
              onSelect: () => put([...actions, freshAction(deed)], [...keys, count.current++]),
            };
          })}
        />
      )}
    </StructureGroup>
  );
}

/** What depends on the kind of record cannot be chosen before that is. */
export function NoTrigger(held: Pick<InputProps, "field" | "aria" | "inputRef" | "onBlur">) {
  const { t } = useTranslation();
  return (
    <StructureGroup {...held} className="flex min-h-9 items-center text-fg-2">
      {t("connect.noTrigger")}
    </StructureGroup>
  );
}
