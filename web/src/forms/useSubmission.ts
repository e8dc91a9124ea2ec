import { useEffect, useRef, useState } from "react";
import { ApiError } from "@/api/client";
import i18n from "@/i18n";
import { explain, nameOf, sentence } from "@/records/errors";

/** What a submission may know better than the general words: undefined leaves it to them. */
type Wording = (error: unknown) => string | undefined;

/**
 * One submission of a form made by hand: whether it is under way, what is wrong as a whole, and what is wrong with each
 * field. The server's remark on a field that the form has lands on that field, and the first such field gets the focus.
 */
export function useSubmission<Name extends string>(fields: readonly Name[]) {
  const form = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [errors, setErrors] = useState<Partial<Record<Name, string>>>({});
  useEffect(() => {
    if (Object.values(errors).some(Boolean)) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [errors]);

  function clear(name?: Name) {
    setFailure(null);
    setErrors((held) => (name === undefined ? {} : held[name] ? { ...held, [name]: undefined } : held));
  }
  function refuse(found: Partial<Record<Name, string>>, whole: string | null = null) {
    setErrors(found);
    setFailure(whole);
  }
  /** Runs it; resolves to whether it succeeded. */
  async function submit(run: () => Promise<void>, wording?: Wording): Promise<boolean> {
    setBusy(true);
    clear();
    try {
      await run();
      return true;
    } catch (error) {
      const remarks = error instanceof ApiError ? (error.problem?.errors ?? []) : [];
      const placeOf = (field: string) => fields.find((name) => name === field || `settings.${name}` === field);
      const placed: Partial<Record<Name, string>> = {};
      for (const { field, message } of remarks) {
        const name = placeOf(field);
        if (name && !placed[name]) placed[name] = sentence(message, i18n.t("auth.thisField"));
      }
      const rest = remarks.filter(({ field }) => !placeOf(field));
      const whole = wording?.(error) ?? (Object.keys(placed).length === 0 || rest.length > 0 ? explainRest(error, rest) : null);
      refuse(placed, whole);
      return false;
    } finally {
      setBusy(false);
    }
  }
  return { form, busy, failure, errors, submit, clear, refuse };
}

function explainRest(error: unknown, rest: { field: string; message: string }[]): string {
  if (rest.length === 0) return explain(error);
  return rest.map(({ field, message }) => sentence(message, nameOf(field))).join(" ");
}
