import { Fragment, type ReactNode } from "react";
import { type Block, type Inline, readMarkdown } from "./markdownModel";

const inline = (nodes: Inline[]): ReactNode =>
  nodes.map((node, index) => {
    // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text never move
    return <Fragment key={index}>{draw(node)}</Fragment>;
  });
function draw(node: Inline): ReactNode {
  switch (node.kind) {
    case "text":
      return node.text;
    case "code":
      return <code className="rounded-xs bg-active px-1 py-px font-mono text-xs">{node.text}</code>;
    case "bold":
      return <strong className="font-semibold text-fg">{inline(node.inner)}</strong>;
    case "italic":
      return <em>{inline(node.inner)}</em>;
    case "struck":
      return <s>{inline(node.inner)}</s>;
    case "mention":
      return (
        <span data-mention={node.id} className="rounded-xs bg-accent-soft px-1 font-medium text-accent-text">
          @{node.name}
        </span>
      );
    case "link":
      return (
        <a
          href={node.href}
          target="_blank"
          rel="noopener noreferrer"
          className="break-all text-accent-text underline underline-offset-2"
        >
          {inline(node.inner)}
        </a>
      );
  }
}

const lines = (list: Inline[][]): ReactNode =>
  list.map((line, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one text never move
    <Fragment key={index}>
      {index > 0 && <br />}
      {inline(line)}
    </Fragment>
  ));

function BlockView({ block }: { block: Block }) {
  switch (block.kind) {
    case "code":
      return <pre className="scroll rounded-sm bg-active p-2.5 font-mono text-xs">{block.text}</pre>;
    case "list": {
      const List = block.ordered ? "ol" : "ul";
      return (
        <List className={`m-0 flex flex-col gap-0.5 ps-5 ${block.ordered ? "list-decimal" : "list-disc"}`}>
          {block.items.map((item, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the entries of one text never move
            <li key={index}>{inline(item)}</li>
          ))}
        </List>
      );
    }
    case "quote":
      return <blockquote className="m-0 border-s-2 border-line-strong ps-3 text-fg-2">{lines(block.lines)}</blockquote>;
    case "heading":
      return <p className="font-semibold text-fg">{lines(block.lines)}</p>;
    case "paragraph":
      return <p>{lines(block.lines)}</p>;
  }
}

/** A note as it was meant: paragraphs, lists, emphasis, links and the colleagues it names. */
export function Markdown({ source }: { source: string }) {
  return (
    <div className="flex flex-col gap-2 break-words">
      {readMarkdown(source).map((block, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the blocks of one text never move
        <BlockView key={index} block={block} />
      ))}
    </div>
  );
}
