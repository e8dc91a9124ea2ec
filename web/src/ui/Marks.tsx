import clsx from "clsx";
import type { CSSProperties, ReactNode } from "react";
import type { Hue } from "@/api/types";
import { hueOf, initials } from "@/lib/format";

/** A coloured label. The dot marks a state that a record passes through. */
export function Tag({ label, hue, dot = false }: { label: string; hue?: Hue | null | undefined; dot?: boolean }) {
  return (
    <span className="tag" data-hue={hue ?? "gray"} data-dot={dot || undefined}>
      <span className="truncate">{label}</span>
    </span>
  );
}

/** Initials in the colour of the name: round for people, square for everything else. */
export function Avatar({ name, size = 20, square = false }: { name: string; size?: number; square?: boolean }) {
  return (
    <span
      aria-hidden
      className="avatar"
      // Drawn by the style sheet, so that the letters are never taken for text: not read, not copied, not matched.
      data-initials={initials(name, square ? 1 : 2)}
      style={
        {
          width: size,
          height: size,
          borderRadius: square ? Math.round(size / 4) : 99,
          fontSize: Math.round(size * (square ? 0.55 : 0.42)),
          "--hue": hueOf(name),
        } as CSSProperties
      }
    />
  );
}

export function Person({ name, size = 20 }: { name: string; size?: number }) {
  return (
    <span className="flex min-w-0 items-center gap-2">
      <Avatar name={name} size={size} />
      <span className="truncate">{name}</span>
    </span>
  );
}

export function Thing({ name, size = 18 }: { name: string; size?: number }) {
  return (
    <span className="flex min-w-0 items-center gap-2">
      <Avatar name={name} size={size} square />
      <span className="truncate">{name}</span>
    </span>
  );
}

export const Skeleton = ({ className }: { className?: string }) => <span aria-hidden className={clsx("skeleton", className)} />;

/** What to show where there is nothing: what this place is for, and the way on. */
export function Empty({
  icon,
  title,
  hint,
  children,
}: {
  icon: ReactNode;
  title: string;
  hint?: string | undefined;
  children?: ReactNode;
}) {
  return (
    <div className="flex flex-1 flex-col items-center justify-center gap-2 p-8 text-center">
      <span className="mb-1 flex size-11 items-center justify-center rounded-lg bg-hover text-fg-3">{icon}</span>
      <h2 className="text-base font-semibold">{title}</h2>
      {hint && <p className="max-w-80 text-fg-2">{hint}</p>}
      {children && <div className="mt-2 flex flex-wrap justify-center gap-2">{children}</div>}
    </div>
  );
}

/** A message in the page: an error with what to do, or a warning. */
export function Notice({ tone = "danger", children }: { tone?: "danger" | "warning" | "info"; children: ReactNode }) {
  return (
    <div
      role={tone === "danger" ? "alert" : "status"}
      className={clsx(
        "rounded-sm px-3 py-2",
        tone === "danger" && "bg-danger-soft text-danger-text",
        tone === "warning" && "bg-warning-soft text-warning-text",
        tone === "info" && "bg-accent-soft text-accent-text",
      )}
    >
      {children}
    </div>
  );
}

/** A part of the page that scrolls by itself: reachable and named for the keyboard. */
export function ScrollRegion({ label, className, children }: { label: string; className?: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section aria-label={label} tabIndex={0} className={clsx("scroll outline-offset-[-2px]", className)}>
      {children}
    </section>
  );
}
