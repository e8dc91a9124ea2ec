export type Invitee = { email: string; full_name?: string };

const ADDRESS = /^[^\s@<>,;]+@[^\s@<>,;.]+(\.[^\s@<>,;.]+)+$/;
const NAMED = /^"?([^"<>]*?)"?\s*<([^<>]+)>$/;

/**
 * The addresses in a text as people paste it: one a line, or separated by commas, semicolons or spaces, with or without
 * names ("Ana Whitfield <ana@example.com>"). Doubles count once; what is no address is handed back as it stands.
 */
export function addressesIn(text: string): { invitees: Invitee[]; unclear: string[] } {
  const invitees = new Map<string, Invitee>();
  const unclear: string[] = [];
  const take = (email: string, name = "") => {
    const key = email.toLowerCase();
    if (!ADDRESS.test(email)) unclear.push(email);
    else if (!invitees.has(key)) invitees.set(key, { email, ...(name.trim() ? { full_name: name.trim() } : {}) });
  };
  for (const part of text.split(/[\n,;]+/).map((one) => one.trim())) {
    if (part === "") continue;
    const named = NAMED.exec(part);
    if (named) take((named[2] ?? "").trim(), named[1]);
    else for (const word of part.split(/\s+/)) take(word);
  }
  return { invitees: [...invitees.values()], unclear };
}
