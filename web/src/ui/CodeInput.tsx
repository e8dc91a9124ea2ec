import { OTPField } from "@base-ui/react/otp-field";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { FieldAria } from "./Controls";

/** How many digits a code has. */
export const DIGITS = 6;

/** The six digits of a second factor: typed, pasted or filled in by the browser, and handed on as soon as they are complete. */
export function CodeInput({
  aria,
  value,
  onChange,
  onComplete,
  disabled = false,
}: {
  aria: FieldAria;
  value: string;
  onChange: (value: string) => void;
  onComplete: (value: string) => void;
  disabled?: boolean;
}) {
  const { t } = useTranslation();
  const { id, ...described } = aria;
  const root = useRef<HTMLDivElement>(null);
  const before = useRef(value);
  useEffect(() => {
    // Emptied after a refusal: the next attempt begins at the first place.
    if (value === "" && before.current !== "" && !disabled) root.current?.querySelector("input")?.focus();
    if (value !== "" || !disabled) before.current = value;
  }, [value, disabled]);
  return (
    <OTPField.Root
      ref={root}
      id={id}
      length={DIGITS}
      value={value}
      disabled={disabled}
      onValueChange={onChange}
      onValueComplete={onComplete}
      className="grid grid-cols-6 gap-2"
    >
      {Array.from({ length: DIGITS }, (_, index) => (
        <OTPField.Input
          // biome-ignore lint/suspicious/noArrayIndexKey: a fixed row of places
          key={index}
          {...described}
          {...(index === 0 ? { autoFocus: true } : { "aria-label": t("auth.digit", { place: index + 1, count: DIGITS }) })}
          className="field-box tabular h-11 px-0! text-center text-lg font-medium"
        />
      ))}
    </OTPField.Root>
  );
}
