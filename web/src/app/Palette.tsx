import { Autocomplete } from "@base-ui/react/autocomplete";
import { Dialog } from "@base-ui/react/dialog";
import { useQueries } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import {
  Archive,
  Check,
  CornerDownLeft,
  HelpCircle,
  Kanban,
  Link2,
  LogOut,
  MessagesSquare,
  Monitor,
  Moon,
  PencilLine,
  Plus,
  Search,
  Sparkles,
  StickyNote,
  Sun,
  SunMedium,
  Trash2,
  Undo2,
  Upload,
} from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { fetchList, findEntity, useMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { kindOf } from "@/fields/registry";
import { hasFace, isPerson, titleOf, valueIn } from "@/fields/values";
import { plainOf } from "@/timeline/markdownModel";
import { Avatar, Keys } from "@/ui";
import { type Command, type CommandIcon, commandsHere } from "./commands";
import { EntityIcon } from "./EntityIcon";
import { searchable, searchedAlways } from "./navigation";
import { recentVisits } from "./recent";
import { matchesWords, SIGNS, scopeOf } from "./scopes";

type Item = { id: string; label: string; hint?: string | undefined; icon: ReactNode; keys?: string | undefined; run: () => void };
type Group = { value: string; items: Item[] };
const ICONS: Record<CommandIcon, typeof Plus> = {
  plus: Plus,
  upload: Upload,
  board: Kanban,
  light: Sun,
  dark: Moon,
  system: Monitor,
  out: LogOut,
  undo: Undo2,
  help: HelpCircle,
  day: SunMedium,
  edit: PencilLine,
  archive: Archive,
  delete: Trash2,
  link: Link2,
  convert: Sparkles,
  note: StickyNote,
  talk: MessagesSquare,
  done: Check,
};
const PER_ENTITY = 5;
const ALONE = 20;
const SHORTEST = 2;
const REST_MS = 90;

/** A text once the fingers rest, so that not every letter asks the server. */
function useRested(text: string): string {
  const [rested, setRested] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return rested;
}

/** Everything by typing: records of every kind, pages and actions, all or one of them by its sign. */
export default function Palette({ commands, onClose }: { commands: Command[]; onClose: () => void }) {
  const { t } = useTranslation();
  const meta = useMeta();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [here] = useState(commandsHere);
  const [visits] = useState(recentVisits);
  const all = searchable(meta);
  const scope = scopeOf(text, all);
  const wanted = useRested(scope.text);
  const user = findEntity(meta, "user");
  const entities =
    scope.kind === "entity"
      ? [scope.entity]
      : scope.kind === "people"
        ? user
          ? [user]
          : []
        : scope.kind === "actions" || scope.kind === "pages"
          ? []
          : all.filter(searchedAlways);
  const alone = entities.length === 1;
  const asked = wanted.length >= SHORTEST || alone;
  const found = useQueries({
    queries: entities.map((entity) => ({
      queryKey: ["list", entity.plural, { palette: wanted, alone }],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        fetchList(entity.plural, wanted ? { q: wanted } : {}, { limit: alone ? ALONE : PER_ENTITY }, signal),
      enabled: asked,
    })),
  });
  const open = (plural: string, id: string) => void navigate({ to: "/$entity/$id", params: { entity: plural, id } });
  const recordItem = (entity: Entity, record: Rec): Item => {
    const name = entity.name === "note" ? plainOf(titleOf(entity, record)).slice(0, 80) : titleOf(entity, record);
    const second = entity.fields.find(
      (field) =>
        field.name !== entity.title_field &&
        ["url", "email", "money", "phone", "any_reference"].includes(field.kind) &&
        valueIn(record, field),
    );
    return {
      id: record.id,
      label: name,
      hint: second ? kindOf(second).text(valueIn(record, second), second, record) : undefined,
      icon: hasFace(entity) ? (
        <Avatar name={name || "?"} square={!isPerson(entity)} />
      ) : (
        <span className="flex size-5 items-center justify-center text-fg-3">
          <EntityIcon name={entity.icon} />
        </span>
      ),
      run: () => open(entity.plural, record.id),
    };
  };
  const records: Group[] = entities.map((entity, index) => ({
    value: entity.label_plural,
    items: (asked ? (found[index]?.data?.data ?? []) : []).map((record) => recordItem(entity, record)),
  }));
  const recent: Group = {
    value: t("palette.recent"),
    items: visits.flatMap((visit): Item[] => {
      const entity = findEntity(meta, visit.plural);
      if (!entity) return [];
      return [
        {
          id: `recent.${visit.id}`,
          label: visit.name,
          hint: entity.label,
          icon: hasFace(entity) ? (
            <Avatar name={visit.name} square={!isPerson(entity)} />
          ) : (
            <span className="flex size-5 items-center justify-center text-fg-3">
              <EntityIcon name={entity.icon} />
            </span>
          ),
          run: () => open(entity.plural, visit.id),
        },
      ];
    }),
  };
  const fixed = (group: Command["group"]): Group => ({
    value: t(`palette.${group}`),
    items: [...here, ...commands]
      .filter((command) => command.group === group && matchesWords(command.label, scope.text))
      .map((command) => {
        const Icon = "name" in command.icon ? ICONS[command.icon.name] : null;
        return {
          id: command.id,
          label: command.label,
          keys: command.keys,
          icon: (
            <span className="flex size-5 items-center justify-center text-fg-3">
              {Icon ? <Icon size={15} /> : "entity" in command.icon ? <EntityIcon name={command.icon.entity} /> : null}
            </span>
          ),
          run: command.run,
        };
      }),
  });
  const groups = order().filter((group) => group.items.length > 0);
  function order(): Group[] {
    if (scope.kind === "actions") return [fixed("here"), fixed("actions"), fixed("view")];
    if (scope.kind === "pages") return [fixed("pages")];
    if (scope.kind === "records" && scope.text.length < SHORTEST) return [recent];
    if (scope.kind !== "all") return records;
    // Without a text the way back and the pages come first; with one, the records that match it.
    if (scope.text) return [...records, fixed("here"), fixed("pages"), fixed("actions"), fixed("view")];
    return [fixed("here"), { ...recent, items: recent.items.slice(0, 4) }, fixed("pages"), fixed("actions"), fixed("view")];
  }
  const searching = asked && (found.some((query) => query.isFetching) || wanted !== scope.text);
  return (
    <Dialog.Root open onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop z-40" />
        <Dialog.Popup
          data-layer="dialog"
          className="fixed top-[12vh] left-1/2 z-40 w-[min(620px,calc(100vw-24px))] -translate-x-1/2 overflow-hidden rounded-lg bg-raised shadow-dialog transition-[opacity,transform] duration-100 data-[ending-style]:scale-[0.98] data-[ending-style]:opacity-0 data-[starting-style]:scale-[0.98] data-[starting-style]:opacity-0"
        >
          <Dialog.Title className="sr-only">{t("palette.title")}</Dialog.Title>
          <Autocomplete.Root
            inline
            open
            items={groups}
            mode="none"
            value={text}
            onValueChange={setText}
            autoHighlight="always"
            itemToStringValue={(item: Item) => item.label}
          >
            <div className="flex h-13 items-center gap-3 border-b px-4">
              <Search size={17} className="shrink-0 text-fg-3" aria-hidden />
              <Autocomplete.Input
                aria-label={t("palette.placeholder")}
                placeholder={t("palette.placeholder")}
                className="h-12 min-w-0 flex-1 bg-transparent text-[15px] outline-none"
              />
              {scope.kind !== "all" && (
                <span className="tag shrink-0" data-hue="violet">
                  {scope.kind === "entity" ? scope.entity.label_plural : t(`palette.scope.${scope.kind}`)}
                </span>
              )}
              <kbd>Esc</kbd>
            </div>
            <Autocomplete.Empty className="px-4 py-10 text-center text-fg-2 empty:hidden">
              {searching ? t("common.loading") : t("palette.empty")}
            </Autocomplete.Empty>
            <Autocomplete.List className="scroll max-h-[min(440px,60vh)] p-2 empty:hidden">
              {(group: Group) => (
                <Autocomplete.Group key={group.value} items={group.items} className="mb-1 last:mb-0">
                  <Autocomplete.GroupLabel className="px-2 py-1 text-2xs font-medium text-fg-3">
                    {group.value}
                  </Autocomplete.GroupLabel>
                  <Autocomplete.Collection>
                    {(item: Item) => (
                      <Autocomplete.Item
                        key={item.id}
                        value={item}
                        className="menu-item min-h-9 gap-3 data-[highlighted]:bg-active"
                        onClick={() => {
                          onClose();
                          item.run();
                        }}
                      >
                        {item.icon}
                        <span className="truncate">{item.label}</span>
                        {item.hint && <span className="truncate text-fg-3">{item.hint}</span>}
                        <span className="ms-auto">{item.keys && <Keys keys={item.keys} />}</span>
                      </Autocomplete.Item>
                    )}
                  </Autocomplete.Collection>
                </Autocomplete.Group>
              )}
            </Autocomplete.List>
          </Autocomplete.Root>
          <div
            aria-hidden
            className="scroll flex h-9 items-center gap-4 overflow-y-hidden border-t bg-sunken px-4 text-2xs whitespace-nowrap text-fg-3"
          >
            {Object.entries(SIGNS).map(([sign, kind]) => (
              <span key={sign} className="flex items-center gap-1.5">
                <kbd>{sign}</kbd> {t(`palette.scope.${kind}`).toLowerCase()}
              </span>
            ))}
            <span className="ms-auto flex items-center gap-1.5 max-sm:hidden">
              <kbd>
                <CornerDownLeft size={11} />
              </kbd>
              {t("palette.choose")}
            </span>
            <span className="flex items-center gap-1.5 max-sm:hidden">
              <kbd>?</kbd> {t("palette.keys")}
            </span>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
