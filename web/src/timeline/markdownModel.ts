/**
 * The little Markdown that notes are written in, read into a tree. It is drawn as React nodes (Markdown.tsx), so that
 * nothing a note says can ever become HTML of its own; what is not understood stays the text it is.
 */
export type Inline =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "bold" | "italic" | "struck"; inner: Inline[] }
  | { kind: "link"; href: string; inner: Inline[] }
  | { kind: "mention"; id: string; name: string };
export type Block =
  | { kind: "paragraph" | "heading" | "quote"; lines: Inline[][] }
  | { kind: "list"; ordered: boolean; items: Inline[][] }
  | { kind: "code"; text: string };

const TOKEN = new RegExp(
  [
    /`(?<code>[^`\n]+)`/,
    /@\[(?<name>[^\]\n]{1,200})\]\(user:(?<id>[\w-]{1,64})\)/,
    /\[(?<label>[^\]\n]{1,500})\]\((?<href>[^()\s]{1,2000})\)/,
    /\*\*(?=\S)(?<bold>(?:[^*\n]|\*(?!\*)|\*(?=\*\*(?!\*)))+?)(?<=\S)\*\*(?!\*)/,
    /~~(?=\S)(?<struck>[^~\n]+?)(?<=\S)~~/,
    /(?<![\w*])\*(?=\S)(?<star>[^*\n]+?)(?<=\S)\*(?![\w*])/,
    /(?<!\w)_(?=\S)(?<low>[^_\n]+?)(?<=\S)_(?!\w)/,
    /(?<bare>https?:\/\/[^\s<>()]*[^\s<>().,;:!?'"])/,
  ]
    .map((pattern) => pattern.source)
    .join("|"),
  "g",
);
/** Only addresses that lead somewhere: "javascript:" and its like stay text. */
const isAddress = (href: string): boolean => /^(https?:\/\/|mailto:)/i.test(href);

export function readInline(text: string): Inline[] {
  const found: Inline[] = [];
  const plain = (piece: string) => {
    if (piece) found.push({ kind: "text", text: piece });
  };
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    const { code, name, id, label, href, bold, struck, star, low, bare } = match.groups ?? {};
    if (href !== undefined && !isAddress(href)) continue;
    plain(text.slice(at, match.index));
    at = match.index + match[0].length;
    const italic = star ?? low;
    if (code !== undefined) found.push({ kind: "code", text: code });
    else if (name !== undefined && id !== undefined) found.push({ kind: "mention", id, name });
    else if (href !== undefined) found.push({ kind: "link", href, inner: [{ kind: "text", text: label ?? href }] });
    else if (bold !== undefined) found.push({ kind: "bold", inner: readInline(bold) });
    else if (struck !== undefined) found.push({ kind: "struck", inner: readInline(struck) });
    else if (italic !== undefined) found.push({ kind: "italic", inner: readInline(italic) });
    else if (bare !== undefined) found.push({ kind: "link", href: bare, inner: [{ kind: "text", text: bare }] });
  }
  plain(text.slice(at));
  return found;
}

const BULLET = /^\s{0,3}[-*+]\s+(.*)$/;
const NUMBER = /^\s{0,3}\d{1,3}[.)]\s+(.*)$/;
const HEADING = /^#{1,6}\s+(.*)$/;
const QUOTE = /^>\s?(.*)$/;

export function readMarkdown(source: string): Block[] {
  const lines = source.replaceAll("\r\n", "\n").split("\n");
  const blocks: Block[] = [];
  let at = 0;
  /** Takes lines as long as they look alike. */
  const take = (pattern: RegExp): string[] => {
    const taken: string[] = [];
    for (let match = pattern.exec(lines[at] ?? ""); at < lines.length && match; match = pattern.exec(lines[at] ?? "")) {
      taken.push(match[1] ?? "");
      at++;
    }
    return taken;
  };
  while (at < lines.length) {
    const line = lines[at] ?? "";
    if (line.trim() === "") at++;
    else if (line.startsWith("```")) {
      at++;
      const held: string[] = [];
      while (at < lines.length && !(lines[at] ?? "").startsWith("```")) held.push(lines[at++] ?? "");
      at++;
      blocks.push({ kind: "code", text: held.join("\n") });
    } else if (HEADING.test(line)) {
      at++;
      blocks.push({ kind: "heading", lines: [readInline(HEADING.exec(line)?.[1] ?? "")] });
    } else if (BULLET.test(line)) blocks.push({ kind: "list", ordered: false, items: take(BULLET).map(readInline) });
    else if (NUMBER.test(line)) blocks.push({ kind: "list", ordered: true, items: take(NUMBER).map(readInline) });
    else if (QUOTE.test(line)) blocks.push({ kind: "quote", lines: take(QUOTE).map(readInline) });
    else {
      const held = [line];
      at++;
      while (at < lines.length && (lines[at] ?? "").trim() !== "" && !STARTS.some((pattern) => pattern.test(lines[at] ?? "")))
        held.push(lines[at++] ?? "");
      blocks.push({ kind: "paragraph", lines: held.map(readInline) });
    }
  }
  return blocks;
}
const STARTS = [BULLET, NUMBER, QUOTE, HEADING, /^```/];

const plainInline = (nodes: Inline[]): string =>
  nodes
    .map((node) => ("inner" in node ? plainInline(node.inner) : node.kind === "mention" ? `@${node.name}` : node.text))
    .join("");
/** The words alone, for places with room for a line or two. */
export const plainOf = (source: string): string =>
  readMarkdown(source)
    .flatMap((block) =>
      block.kind === "code" ? [block.text] : (block.kind === "list" ? block.items : block.lines).map(plainInline),
    )
    .join(" ");
