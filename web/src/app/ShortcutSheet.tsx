import { useTranslation } from "react-i18next";
import { KEYS, PLACES, shortcutsOf } from "@/lib/shortcuts";
import { Keys, Modal } from "@/ui";
import type { Command } from "./commands";

/** Every key of the application, read from the one list of them; and the jumps, which depend on what there is. */
export default function ShortcutSheet({ commands, onClose }: { commands: Command[]; onClose: () => void }) {
  const { t } = useTranslation();
  const jumps = commands.flatMap((command) =>
    command.keys?.startsWith("g ") ? [{ keys: command.keys, label: command.label }] : [],
  );
  const rows = (place: (typeof PLACES)[number]) =>
    shortcutsOf(place)
      .filter((id) => !KEYS[id].startsWith("g "))
      .map((id) => ({ keys: KEYS[id], label: t(`shortcuts.keys.${id}`) }));
  return (
    <Modal title={t("shortcuts.title")} onClose={onClose} width="lg" readable>
      <div className="gap-x-8 sm:columns-2">
        {PLACES.map((place) => (
          <Group key={place} title={t(`shortcuts.places.${place}`)} rows={rows(place)} />
        ))}
        <Group title={t("shortcuts.places.jumps")} rows={jumps} />
      </div>
      <p className="mt-3 text-xs text-fg-3">{t("shortcuts.muted")}</p>
    </Modal>
  );
}

function Group({ title, rows }: { title: string; rows: { keys: string; label: string }[] }) {
  return (
    <section className="mb-5 break-inside-avoid">
      <h3 className="mb-1.5 text-xs font-semibold text-fg-2">{title}</h3>
      <dl>
        {rows.map((row) => (
          <div
            key={row.keys + row.label}
            className="flex min-h-8 items-center justify-between gap-3 border-b border-line/70 last:border-b-0"
          >
            <dt className="min-w-0 truncate">{row.label}</dt>
            <dd className="shrink-0">
              <Keys keys={row.keys} always />
              <span className="sr-only">{row.keys}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
