import { Menu } from "@base-ui/react/menu";
import { Check, ChevronDown } from "lucide-react";
import { type KeyboardEvent, memo, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type GrantableResource, SCOPES, type Scope } from "@/api/people";
import i18n from "@/i18n";
import { cx, DropMenu } from "@/ui";
import { covers, type Grants, keyOf, matrixOf, moveBy, type Place, type Row, stepScope, withAll, withGrant } from "./matrix";

const wordOf = (action: string): string => i18n.t(`actions.${action as "read"}`, { defaultValue: action });
const shortOf = (scope: Scope | null): string => (scope ? i18n.t(`scopes.${scope}.short`) : i18n.t("scopes.none.short"));
/** What a cell says when it is read out: first what stands in it. */
const tellOf = (scope: Scope | null): string => (scope ? `${shortOf(scope)}. ${longOf(scope)}` : longOf(null));
const longOf = (scope: Scope | null): string => (scope ? i18n.t(`scopes.${scope}.long`) : i18n.t("scopes.none.long"));

type MatrixProps = {
  role: string;
  resources: GrantableResource[];
  draft: Grants;
  before: Grants;
  shipped: Grants | null;
  /** What the person in front of the screen holds: nobody grants more than that. */
  mine: Grants;
  disabled: boolean;
  onChange: (draft: Grants) => void;
};
/** The cell whose scope is being chosen. */
type Open = { key: string; resource: string; action: string; scopes: Scope[]; anchor: HTMLElement };

/**
 * Resources as rows, actions as columns, each cell a scope. One tab stop: arrow keys walk, Enter opens the choice,
 * + and − go one scope further or back, Delete takes the permission away.
 */
export function Matrix({ role, resources, draft, before, shipped, mine, disabled, onChange }: MatrixProps) {
  const { t } = useTranslation();
  const { groups, actions } = useMemo(() => matrixOf(resources), [resources]);
  const rows = useMemo(() => groups.flatMap((group) => group.rows), [groups]);
  const [active, setActive] = useState<Place>({ row: 0, column: 0 });
  const [open, setOpen] = useState<Open | null>(null);
  const table = useRef<HTMLTableElement>(null);
  const latest = useRef(draft);
  useEffect(() => {
    latest.current = draft;
  });

  const set = useCallback((key: string, scope: Scope | null) => onChange(withGrant(latest.current, key, scope)), [onChange]);
  const setSeveral = (cells: { key: string; scopes: Scope[] }[], scope: Scope | null) =>
    onChange(withAll(latest.current, cells, scope, mine));
  const focus = (place: Place) => {
    setActive(place);
    table.current?.querySelector<HTMLElement>(`[data-place="${place.row}:${place.column}"]`)?.focus();
  };
  const cellAt = ({ row, column }: Place) => {
    const held = rows[row];
    const action = actions[column];
    const scopes = action === undefined ? undefined : held?.scopes.get(action);
    return held && action !== undefined && scopes ? { row: held, action, scopes, key: keyOf(held.resource, action) } : null;
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const place = event.target instanceof HTMLElement ? event.target.dataset.place : undefined;
    if (!place) return;
    const [row = 0, column = 0] = place.split(":").map(Number);
    const next = moveBy(event, { row, column }, rows.length, actions.length);
    if (next) {
      event.preventDefault();
      focus(next);
      return;
    }
    const cell = disabled ? null : cellAt({ row, column });
    if (!cell) return;
    const allowed = cell.scopes.filter((scope) => covers(mine.get(cell.key), scope));
    const now = draft.get(cell.key) ?? null;
    if (event.key === "Delete" || event.key === "Backspace") set(cell.key, null);
    else if (event.key === "+" || event.key === "=") set(cell.key, stepScope(now, allowed, 1));
    else if (event.key === "-") set(cell.key, stepScope(now, allowed, -1));
    else return;
    event.preventDefault();
  };
  const choose = useCallback((row: Row, action: string, anchor: HTMLElement) => {
    const scopes = row.scopes.get(action);
    if (scopes) setOpen({ key: keyOf(row.resource, action), resource: row.label, action, scopes, anchor });
  }, []);
  const setMenu = (label: string, cells: { key: string; scopes: Scope[] }[]) => {
    const offered = SCOPES.filter((scope) => cells.some((cell) => cell.scopes.includes(scope)));
    return [
      { heading: label },
      ...[null, ...offered].map((scope) => ({ label: longOf(scope), onSelect: () => setSeveral(cells, scope) })),
    ];
  };
  let at = -1;
  return (
    <section
      aria-label={t("roles.matrixOf", { role })}
      className="rounded-md bg-raised shadow-card max-xl:overflow-auto"
      tabIndex={0}
    >
      <table
        ref={table}
        role="grid"
        aria-label={t("roles.matrixOf", { role })}
        onKeyDown={onKeyDown}
        className="w-full min-w-[900px] table-fixed border-separate border-spacing-0"
      >
        <thead>
          <tr>
            <th
              scope="col"
              className="sticky start-0 top-0 z-20 w-44 border-b bg-raised px-4 text-start text-xs font-medium text-fg-2 max-sm:w-32 max-sm:px-3"
            >
              {t("roles.resource")}
            </th>
            {actions.map((action) => (
              <th
                key={action}
                scope="col"
                className="sticky top-0 z-10 h-9 border-b bg-raised px-1 text-xs font-medium text-fg-2"
              >
                {disabled ? (
                  wordOf(action)
                ) : (
                  <HeadMenu
                    label={t("roles.setColumn", { action: wordOf(action) })}
                    word={wordOf(action)}
                    items={setMenu(
                      t("roles.setColumn", { action: wordOf(action) }),
                      rows.flatMap((row) => {
                        const scopes = row.scopes.get(action);
                        return scopes ? [{ key: keyOf(row.resource, action), scopes }] : [];
                      }),
                    )}
                  />
                )}
              </th>
            ))}
          </tr>
        </thead>
        {groups.map((group) => (
          <tbody key={group.name}>
            <tr>
              <th
                scope="rowgroup"
                colSpan={actions.length + 1}
                className="border-b bg-sunken px-4 py-1.5 text-start text-2xs font-medium text-fg-2 max-sm:px-3"
              >
                <span className="sticky start-4">{t(`roles.groups.${group.name}`)}</span>
              </th>
            </tr>
            {group.rows.map((row) => {
              at += 1;
              return (
                <MatrixRow
                  key={row.resource}
                  row={row}
                  index={at}
                  actions={actions}
                  draft={draft}
                  before={before}
                  shipped={shipped}
                  signature={signatureOf(row, draft, open)}
                  activeColumn={active.row === at ? active.column : null}
                  disabled={disabled}
                  head={
                    disabled
                      ? null
                      : setMenu(
                          t("roles.setRow", { resource: row.label }),
                          [...row.scopes].map(([action, scopes]) => ({ key: keyOf(row.resource, action), scopes })),
                        )
                  }
                  onFocus={setActive}
                  onChoose={choose}
                />
              );
            })}
          </tbody>
        ))}
      </table>
      {open && (
        <ScopeMenu
          open={open}
          now={draft.get(open.key) ?? null}
          held={mine.get(open.key)}
          onChoose={(scope) => set(open.key, scope)}
          onClose={() => setOpen(null)}
        />
      )}
    </section>
  );
}

/** What a row shows, as one text: a row is drawn anew only when that changes. */
const signatureOf = (row: Row, draft: Grants, open: Open | null) =>
  `${[...row.scopes.keys()].map((action) => draft.get(keyOf(row.resource, action)) ?? "").join()}|${open?.resource === row.label ? open.action : ""}`;

type HeadItems = Parameters<typeof DropMenu>[0]["items"];
function HeadMenu({ label, word, items, start = false }: { label: string; word: string; items: HeadItems; start?: boolean }) {
  return (
    <DropMenu
      label={label}
      trigger={
        <button
          type="button"
          tabIndex={-1}
          aria-label={word}
          title={label}
          className={cx(
            "group relative inline-flex h-7 max-w-full items-center rounded-xs px-1.5 hover:bg-hover hover:text-fg data-[popup-open]:bg-hover pointer-coarse:h-10",
            start && "-ms-1.5 font-medium",
          )}
        >
          <span className="truncate">{word}</span>
          <ChevronDown
            size={12}
            aria-hidden
            className="absolute -end-2 shrink-0 opacity-0 group-hover:opacity-100 group-focus-visible:opacity-100 pointer-coarse:opacity-60"
          />
        </button>
      }
      items={items}
    />
  );
}

type RowProps = {
  row: Row;
  index: number;
  actions: string[];
  draft: Grants;
  before: Grants;
  shipped: Grants | null;
  signature: string;
  activeColumn: number | null;
  disabled: boolean;
  head: HeadItems | null;
  onFocus: (place: Place) => void;
  onChoose: (row: Row, action: string, anchor: HTMLElement) => void;
};
const MatrixRow = memo(
  function MatrixRow({ row, index, actions, draft, before, shipped, activeColumn, disabled, head, onFocus, onChoose }: RowProps) {
    const { t } = useTranslation();
    return (
      <tr>
        <th scope="row" className="sticky start-0 z-10 border-b bg-raised px-4 text-start font-normal max-sm:px-3">
          {head ? (
            <HeadMenu start label={t("roles.setRow", { resource: row.label })} word={row.label} items={head} />
          ) : (
            <span className="font-medium">{row.label}</span>
          )}
        </th>
        {actions.map((action, column) => {
          const key = keyOf(row.resource, action);
          const scope = draft.get(key) ?? null;
          const place = `${index}:${column}`;
          const offered = row.scopes.has(action);
          const changed = scope !== (before.get(key) ?? null);
          const differs = shipped !== null && scope !== (shipped.get(key) ?? null);
          const words = [
            `${row.label}, ${wordOf(action)}: ${offered ? tellOf(scope) : t("roles.notOffered")}`,
            changed ? t("roles.wasBefore", { scope: shortOf(before.get(key) ?? null) }) : "",
            differs ? t("roles.wasShipped", { scope: shortOf(shipped?.get(key) ?? null) }) : "",
          ]
            .filter(Boolean)
            .join(". ");
          return (
            <td key={action} className="h-9 border-b p-0.5 text-center pointer-coarse:h-11">
              <button
                type="button"
                data-place={place}
                data-scope={scope ?? "none"}
                tabIndex={activeColumn === column ? 0 : -1}
                aria-label={words}
                title={changed || differs ? words : undefined}
                aria-haspopup={offered && !disabled ? "menu" : undefined}
                aria-disabled={!offered || disabled || undefined}
                onFocus={() => onFocus({ row: index, column })}
                onClick={(event) => offered && !disabled && onChoose(row, action, event.currentTarget)}
                className={cx(
                  "relative flex h-7 w-full items-center justify-center rounded-xs px-1 text-xs font-medium whitespace-nowrap pointer-coarse:h-10",
                  !offered && "text-transparent",
                  offered && !disabled && "hover:shadow-[inset_0_0_0_1px_var(--line-strong)]",
                  offered && scope === null && "text-fg-3",
                  scope === "all" && "bg-accent-soft text-accent-text",
                  scope !== null && scope !== "all" && "bg-active text-fg",
                  changed && "shadow-[inset_0_0_0_1.5px_var(--accent)]!",
                )}
              >
                {scope ? shortOf(scope) : <span aria-hidden>{offered ? shortOf(null) : "·"}</span>}
                {differs && <span aria-hidden className="absolute end-1 top-1 size-1.5 rounded-full bg-warning-text" />}
              </button>
            </td>
          );
        })}
      </tr>
    );
  },
  (one, other) =>
    one.signature === other.signature &&
    one.activeColumn === other.activeColumn &&
    one.disabled === other.disabled &&
    one.before === other.before &&
    one.shipped === other.shipped &&
    one.row === other.row,
);

/** The scopes a cell may have, with what each means. What may not be granted says why. */
function ScopeMenu({
  open,
  now,
  held,
  onChoose,
  onClose,
}: {
  open: Open;
  now: Scope | null;
  held: Scope | undefined;
  onChoose: (scope: Scope | null) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const reason = (scope: Scope) =>
    covers(held, scope) ? undefined : held ? t("roles.notMore", { scope: shortOf(held) }) : t("roles.notHeld");
  return (
    <Menu.Root open onOpenChange={(next) => !next && onClose()}>
      <Menu.Portal>
        <Menu.Positioner anchor={open.anchor} sideOffset={4} align="center" className="z-50">
          <Menu.Popup
            className="popup w-64 p-1"
            aria-label={`${open.resource}, ${wordOf(open.action)}`}
            finalFocus={() => open.anchor}
          >
            {[null, ...open.scopes].map((scope) => {
              const why = scope ? reason(scope) : undefined;
              return (
                <Menu.Item
                  key={scope ?? "none"}
                  disabled={why !== undefined}
                  className="menu-item py-1"
                  onClick={() => onChoose(scope)}
                >
                  <span className="min-w-0 flex-1">
                    <span className={cx("block font-medium", why && "text-fg-3")}>
                      {scope ? shortOf(scope) : t("scopes.none.name")}
                    </span>
                    <span className="block text-xs text-fg-2">{why ?? longOf(scope)}</span>
                  </span>
                  {scope === now && <Check size={14} className="shrink-0 text-accent-text" aria-hidden />}
                </Menu.Item>
              );
            })}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
