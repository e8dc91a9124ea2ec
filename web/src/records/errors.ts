import { ApiError, OfflineError } from "@/api/client";
import type { Entity } from "@/api/types";
import i18n from "@/i18n";
import { notify } from "@/ui";

/** What went wrong, in words for the person in front of the screen. */
export function explain(error: unknown): string {
  if (error instanceof OfflineError) return i18n.t("errors.offline");
  if (error instanceof ApiError) {
    const first = error.problem?.errors?.[0];
    if (first) return sentence(first.message, nameOf(first.field));
    if (error.problem?.detail || error.problem?.title) return sentence(error.message);
    if (error.status === 403) return i18n.t("errors.forbidden");
    if (error.status === 404) return i18n.t("errors.notFound");
    return i18n.t("errors.server", { status: error.status });
  }
  return i18n.t("errors.unknown");
}

/** "annual_revenue" or "operations[3].data.name" in words: "Annual revenue", "Name". */
export function nameOf(path: string): string {
  const words = (path.split(".").at(-1) ?? path).replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The server's remark as a sentence. One that begins in lower case wants its subject: "must be a date". */
export function sentence(message: string, subject = ""): string {
  const text = /^[a-z]/.test(message)
    ? subject
      ? `${subject} ${message}`
      : message.charAt(0).toUpperCase() + message.slice(1)
    : message;
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Says in a message that something failed. A session that ran out speaks for itself. */
export function complain(title: string, error: unknown) {
  if (error instanceof ApiError && error.status === 401) return;
  notify(title, { description: explain(error), error: true });
}

/** The request number to quote to an administrator, if there is one. */
export const requestIdOf = (error: unknown): string | undefined =>
  error instanceof ApiError ? error.problem?.request_id : undefined;

export const labelOf = (entity: Entity, name: string): string =>
  entity.fields.find((field) => field.name === name)?.label ?? name;
