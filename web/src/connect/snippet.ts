import { isObject } from "@/fields/values";

export type FormField = { name: string; field: string | null; label: string; required: boolean };

/** The fields that a form asks for, as far as they have the form of one. */
export const formFields = (value: unknown): FormField[] =>
  (Array.isArray(value) ? value : []).flatMap((entry) =>
    isObject(entry) && typeof entry.name === "string"
      ? [
          {
            name: entry.name,
            field: typeof entry.field === "string" ? entry.field : null,
            label: typeof entry.label === "string" && entry.label ? entry.label : entry.name,
            required: entry.required === true,
          },
        ]
      : [],
  );

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
/** How a browser helps with a field of a lead. */
const HELP: Record<string, string> = {
  email: ' type="email" autocomplete="email"',
  phone: ' type="tel" autocomplete="tel"',
  website: ' type="url"',
  first_name: ' autocomplete="given-name"',
  last_name: ' autocomplete="family-name"',
  company_name: ' autocomplete="organization"',
};

/** A page's own form in plain HTML, without a script: what a person pastes into their site. */
export function snippetOf(
  { address, fields, honeypot }: { address: string; fields: FormField[]; honeypot: string },
  words: { send: string; leaveEmpty: string },
): string {
  const lines = fields.map(({ name, field, label, required }) => {
    const asked = required ? " required" : "";
    const box =
      field === "notes" || field === null
        ? `<textarea name="${escaped(name)}"${asked}></textarea>`
        : `<input name="${escaped(name)}"${HELP[field] ?? ""}${asked}>`;
    return `  <label>${escaped(label)} ${box}</label>`;
  });
  return [
    `<form action="${escaped(address)}" method="post">`,
    ...lines,
    ...(honeypot
      ? [
          `  <label hidden>${escaped(words.leaveEmpty)} <input name="${escaped(honeypot)}" tabindex="-1" autocomplete="off"></label>`,
        ]
      : []),
    `  <button>${escaped(words.send)}</button>`,
    "</form>",
  ].join("\n");
}
