import { Checkbox as BaseCheckbox } from "@base-ui/react/checkbox";
import { Switch as BaseSwitch } from "@base-ui/react/switch";
import clsx from "clsx";
import { Check, Minus } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { useId } from "react";

export function Checkbox({ label, ...rest }: { label: string } & BaseCheckbox.Root.Props) {
  return (
    <BaseCheckbox.Root
      {...rest}
      aria-label={label}
      className="flex size-4 shrink-0 items-center justify-center rounded-xs bg-raised shadow-[inset_0_0_0_1px_var(--control)] data-[checked]:bg-accent data-[checked]:shadow-none data-[indeterminate]:bg-accent data-[indeterminate]:shadow-none"
    >
      <BaseCheckbox.Indicator className="text-accent-fg">
        {rest.indeterminate ? <Minus size={12} strokeWidth={3} /> : <Check size={12} strokeWidth={3} />}
      </BaseCheckbox.Indicator>
    </BaseCheckbox.Root>
  );
}

export function Switch(props: BaseSwitch.Root.Props) {
  return (
    <BaseSwitch.Root
      {...props}
      className="relative h-5 w-8 shrink-0 rounded-full bg-control transition-colors data-[checked]:bg-accent"
    >
      <BaseSwitch.Thumb className="mt-0.5 block size-4 translate-x-0.5 rounded-full bg-white shadow transition-transform data-[checked]:translate-x-[14px] rtl:-translate-x-0.5 rtl:data-[checked]:-translate-x-[14px]" />
    </BaseSwitch.Root>
  );
}

/** A labelled place in a form: label above, help and error below, all tied together for assistive technology. */
export function FormRow({
  label,
  required = false,
  help,
  error,
  aside,
  className,
  children,
}: {
  label: string;
  /** Stands at the end of the label's line. */
  aside?: ReactNode;
  required?: boolean;
  help?: string | null | undefined;
  error?: string | undefined;
  className?: string | undefined;
  children: (aria: FieldAria) => ReactNode;
}) {
  const id = useId();
  const described = [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(" ");
  const aria: FieldAria = {
    id,
    ...(error ? { "aria-invalid": true } : {}),
    ...(described ? { "aria-describedby": described } : {}),
    ...(required ? { "aria-required": true } : {}),
  };
  return (
    <div className={clsx("min-w-0", className)}>
      <div className="mb-1 flex items-baseline justify-between gap-2">
        <label htmlFor={id} className="block font-medium">
          {label}
          {required && (
            <span aria-hidden className="ms-0.5 text-danger-text">
              *
            </span>
          )}
        </label>
        {aside}
      </div>
      {children(aria)}
      {help && (
        <p id={`${id}-help`} className="mt-1 text-xs text-fg-2">
          {help}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} role="alert" className="mt-1 text-xs font-medium text-danger-text">
          {error}
        </p>
      )}
    </div>
  );
}
export type FieldAria = {
  id: string;
  "aria-invalid"?: true;
  "aria-describedby"?: string;
  "aria-required"?: true;
};

export function TextInput({ className, ...rest }: ComponentProps<"input">) {
  return <input autoComplete="off" {...rest} className={clsx("field-box h-9", className)} />;
}
