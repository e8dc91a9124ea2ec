/** A colleague named in a note. In the box they stand as "@Ana Whitfield"; stored, the name carries who is meant. */
export type Mention = { id: string; name: string };

const STORED = /@\[([^\]\n]{1,200})\]\(user:([\w-]{1,64})\)/g;
/** A name cannot end its own brackets. */
const clean = (name: string) => name.replaceAll(/[[\]\n]/g, " ").trim();

/** The text as it is stored. A longer name wins over one that it begins with. */
export function encodeMentions(text: string, mentions: Mention[]): string {
  const names = mentions
    .map((mention) => ({ ...mention, name: clean(mention.name) }))
    .filter((mention) => mention.name !== "")
    .sort((one, other) => other.name.length - one.name.length);
  if (names.length === 0) return text;
  const pattern = new RegExp(
    `@(${names.map(({ name }) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})(?![\\p{L}\\p{N}])`,
    "gu",
  );
  return text.replaceAll(pattern, (whole, name: string) => {
    const mention = names.find((entry) => entry.name === name);
    return mention ? `@[${mention.name}](user:${mention.id})` : whole;
  });
}

/** A stored text as it stands in the box, with who is meant by its names. */
export function decodeMentions(content: string): { text: string; mentions: Mention[] } {
  const mentions = new Map<string, Mention>();
  const text = content.replaceAll(STORED, (_, name: string, id: string) => {
    mentions.set(id, { id, name });
    return `@${name}`;
  });
  return { text, mentions: [...mentions.values()] };
}

/** What is being typed after an "@" at the cursor, and where it begins. Null where nobody is being named. */
export function mentionAt(text: string, caret: number): { start: number; query: string } | null {
  const match = /(?:^|[\s(])@([\p{L}\p{N}.'-]*(?: [\p{L}\p{N}.'-]*)?)$/u.exec(text.slice(0, caret));
  if (!match || match[1] === undefined) return null;
  return { start: caret - match[1].length - 1, query: match[1] };
}

/** A text in one line, without the marks that make words bold. */
export const withoutMarks = (text: string): string => text.replaceAll(/\*\*(\S(?:.*?\S)?)\*\*/g, "$1");
