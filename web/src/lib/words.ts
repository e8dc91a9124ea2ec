/** A label as it stands within a sentence: "Company" is a company, an "SLA policy" stays one. */
export const within = (label: string): string =>
  label
    .split(" ")
    .map((word) => (/^\p{Lu}{2}/u.test(word) ? word : word.toLowerCase()))
    .join(" ");

/** Abbreviations that the names of settings are made of. */
const ABBREVIATIONS = new Set(["api", "html", "http", "id", "imap", "sla", "smtp", "tls", "ui", "url", "utm", "vat"]);
/** The name that a program gave something, as people read it: "imap_host" is the IMAP host. */
export function inWords(name: string): string {
  const words = name
    .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
    .split(/[\s_.-]+/)
    .filter(Boolean)
    .map((word) => (ABBREVIATIONS.has(word.toLowerCase()) ? word.toUpperCase() : word.toLowerCase()));
  const text = words.join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
