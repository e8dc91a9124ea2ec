import clsx from "clsx";
import { HUES, type Hue } from "@/api/types";
import i18n from "@/i18n";
import { DropMenu } from "./Menu";

/** One of the nine colours of the palette, chosen from a menu behind a swatch. */
export function HueButton({
  label,
  value,
  onChange,
  disabled = false,
  className,
}: {
  label: string;
  value: Hue;
  onChange: (hue: Hue) => void;
  disabled?: boolean;
  className?: string;
}) {
  const swatch = (hue: Hue) => <span className="swatch size-3.5 rounded-full" data-hue={hue} />;
  const name = `${label}: ${i18n.t(`hues.${value}`)}`;
  return (
    <DropMenu
      label={label}
      trigger={
        <button
          type="button"
          disabled={disabled}
          aria-label={name}
          className={clsx(
            "flex size-7 shrink-0 items-center justify-center rounded-sm enabled:hover:bg-hover data-[popup-open]:bg-hover pointer-coarse:size-10",
            className,
          )}
        >
          {swatch(value)}
        </button>
      }
      items={HUES.map((hue) => ({
        label: i18n.t(`hues.${hue}`),
        icon: swatch(hue),
        checked: hue === value,
        onSelect: () => onChange(hue),
      }))}
    />
  );
}
