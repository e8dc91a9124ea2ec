import clsx from "clsx";
import type { ComponentProps } from "react";
import { keyCaps } from "@/lib/hotkeys";

const VARIANTS = {
  primary: "bg-accent text-accent-fg hover:bg-accent-hover shadow-[0_1px_2px_oklch(0.3_0.1_272/0.25)]",
  secondary: "bg-raised text-fg shadow-[inset_0_0_0_1px_var(--line-strong)] hover:bg-hover data-[popup-open]:bg-hover",
  ghost: "text-fg-2 hover:bg-hover hover:text-fg data-[popup-open]:bg-hover data-[popup-open]:text-fg",
  danger: "text-danger-text hover:bg-danger-soft",
  solidDanger: "bg-danger text-accent-fg hover:brightness-95",
};
const SIZES = { md: "h-8 px-2.5", sm: "h-7 px-2", lg: "h-9 px-3.5", icon: "size-7" };

export type ButtonProps = ComponentProps<"button"> & {
  variant?: keyof typeof VARIANTS;
  size?: keyof typeof SIZES;
  /** The key that does the same; drawn on the button and told to assistive technology. */
  keys?: string;
};

export const buttonClass = (variant: keyof typeof VARIANTS = "secondary", size: keyof typeof SIZES = "md") =>
  clsx(
    "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-sm font-medium whitespace-nowrap select-none",
    "disabled:opacity-55 pointer-coarse:min-h-10 pointer-coarse:min-w-10",
    SIZES[size],
    VARIANTS[variant],
  );

export function Button({ variant = "secondary", size = "md", className, keys, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      aria-keyshortcuts={keys?.replace("mod", "Control")}
      className={clsx(buttonClass(variant, size), className)}
    >
      {children}
      {keys && <Keys keys={keys} onAccent={variant === "primary"} />}
    </button>
  );
}

/** Key caps. Hidden from assistive technology, which learns keys from aria-keyshortcuts. */
export function Keys({ keys, onAccent = false, always = false }: { keys: string; onAccent?: boolean; always?: boolean }) {
  return (
    <span
      aria-hidden
      className={clsx(
        "ms-0.5 gap-0.5",
        always ? "inline-flex" : "hidden md:inline-flex pointer-coarse:hidden",
        onAccent && "[&_kbd]:bg-black/20 [&_kbd]:text-white [&_kbd]:shadow-none",
      )}
    >
      {keyCaps(keys).map((cap, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a fixed list
        <kbd key={index}>{cap}</kbd>
      ))}
    </span>
  );
}
