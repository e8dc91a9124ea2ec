import type { ReactNode } from "react";
import { plainText, TEXT_OPERATORS } from "../parts/plain";
import { textEditor, textInput } from "../parts/TextEditor";
import { type KindModule, understood, type ViewProps } from "../types";

/** E-mail, phone and web addresses: one line of text that is also a link. */
const parse = (text: string) => understood(text.trim() === "" ? null : text.trim());

function linked(href: (value: string) => string, shown: (value: string) => string = (value) => value) {
  return function LinkView({ value }: ViewProps): ReactNode {
    const text = plainText(value);
    if (!text) return null;
    return (
      <a
        href={href(text)}
        tabIndex={-1}
        target="_blank"
        rel="noopener noreferrer"
        onClick={(event) => event.stopPropagation()}
        className="truncate text-fg-2 underline decoration-line-strong underline-offset-3 hover:text-accent-text"
      >
        {shown(text)}
      </a>
    );
  };
}
/** Only web addresses become links; "javascript:" and its like stay text on our own page. */
const webAddress = (value: string) => (/^https?:\/\//i.test(value) ? value : `https://${value}`);
const bare = (value: string) => value.replace(/^https?:\/\//i, "").replace(/\/$/, "");

export const email: KindModule = {
  width: 220,
  View: linked((value) => `mailto:${value}`),
  Editor: textEditor({ parse, inputMode: "email" }),
  Input: textInput({ parse, inputMode: "email", type: "email" }),
  links: true,
  filter: "text",
  operators: TEXT_OPERATORS,
  text: plainText,
  parse,
};
export const phone: KindModule = {
  width: 150,
  View: linked((value) => `tel:${value.replace(/[^\d+]/g, "")}`),
  Editor: textEditor({ parse, inputMode: "tel" }),
  Input: textInput({ parse, inputMode: "tel", type: "tel" }),
  links: true,
  filter: "text",
  operators: TEXT_OPERATORS,
  text: plainText,
  parse,
};
export const url: KindModule = {
  width: 190,
  View: linked(webAddress, bare),
  Editor: textEditor({ parse, inputMode: "url" }),
  Input: textInput({ parse, inputMode: "url", type: "text" }),
  links: true,
  filter: "text",
  operators: TEXT_OPERATORS,
  text: plainText,
  parse,
};
