import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, type ButtonProps } from "./Button";
import { notify } from "./Toaster";

const SHOWN_MS = 1600;

/** Copies a text, and says for a moment that it has. */
export function CopyButton({
  text,
  label,
  ...rest
}: { text: string; label: string } & Omit<ButtonProps, "onClick" | "children">) {
  const { t } = useTranslation();
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
    } catch {
      notify(t("common.notCopied"), { error: true });
    }
  };
  return (
    <Button {...rest} onClick={() => void copy()}>
      {done ? <Check size={14} className="text-success-text" aria-hidden /> : <Copy size={14} aria-hidden />}
      <span aria-live="polite">{done ? t("common.copied") : label}</span>
    </Button>
  );
}
