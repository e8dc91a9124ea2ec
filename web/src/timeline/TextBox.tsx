import { Bold, Italic, Link2, List, ListOrdered } from "lucide-react";
import { type ComponentType, type KeyboardEvent, type RefObject, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { findEntity, useMeta } from "@/api/queries";
import { useRecordItems } from "@/fields/parts/RecordPick";
import { type Mention, mentionAt } from "@/lib/mentions";
import { Avatar, Button, cx, Tip } from "@/ui";

type Wrap = { label: "bold" | "italic" | "bullets" | "numbers" | "link"; icon: ComponentType<{ size?: number }>; keys?: string };
const WRAPS: Wrap[] = [
  { label: "bold", icon: Bold, keys: "mod+b" },
  { label: "italic", icon: Italic, keys: "mod+i" },
  { label: "bullets", icon: List },
  { label: "numbers", icon: ListOrdered },
  { label: "link", icon: Link2 },
];

/** What a formatting button makes of a text and its selection: the new text, and what is selected in it then. */
export function wrapped(text: string, from: number, to: number, how: Wrap["label"]): { text: string; from: number; to: number } {
  const chosen = text.slice(from, to);
  if (how === "bullets" || how === "numbers") {
    const start = text.lastIndexOf("\n", from - 1) + 1;
    const lines = text.slice(start, to).split("\n");
    const marked = lines.map((line, index) => `${how === "bullets" ? "-" : `${index + 1}.`} ${line}`).join("\n");
    const added = marked.length - (to - start);
    return { text: text.slice(0, start) + marked + text.slice(to), from: to + added, to: to + added };
  }
  const [before, after] = how === "bold" ? ["**", "**"] : how === "italic" ? ["*", "*"] : ["[", "](https://)"];
  const put = text.slice(0, from) + before + chosen + after + text.slice(to);
  // Of a link the address is what is still to be written.
  if (how === "link" && chosen) return { text: put, from: to + 3, to: to + 3 + 8 };
  return { text: put, from: from + before.length, to: to + before.length };
}

/** A box for a longer text in Markdown, in which colleagues are named with "@". */
export function TextBox({
  label,
  placeholder,
  value,
  mentions,
  onChange,
  onMention,
  boxRef,
  invalid = false,
  rows = 3,
  children,
}: {
  label: string;
  placeholder: string;
  value: string;
  mentions?: Mention[];
  onChange: (text: string) => void;
  /** Absent where nobody is named. */
  onMention?: (mention: Mention) => void;
  boxRef: RefObject<HTMLTextAreaElement | null>;
  invalid?: boolean;
  rows?: number;
  /** Stands at the end of the row of tools. */
  children?: React.ReactNode;
}) {
  const { t } = useTranslation();
  const id = useId();
  const [typed, setTyped] = useState<{ start: number; query: string } | null>(null);
  const [at, setAt] = useState(0);
  const user = findEntity(useMeta(), "user");
  const { items } = useRecordItems(user, typed?.query ?? "", typed !== null && onMention !== undefined);
  const offered = typed && onMention ? items.slice(0, 6) : [];
  const look = () => {
    const box = boxRef.current;
    if (!box || !onMention) return;
    const found = mentionAt(box.value, box.selectionStart);
    setTyped(found);
    if (found?.query !== typed?.query) setAt(0);
  };
  const name = (item: { value: string; label: string }) => {
    const box = boxRef.current;
    if (!box || !typed || !onMention) return;
    const label = item.label.replaceAll(/[[\]\n]/g, " ").trim();
    const next = `${value.slice(0, typed.start)}@${label} ${value.slice(box.selectionStart)}`;
    onChange(next);
    if (!mentions?.some((mention) => mention.id === item.value)) onMention({ id: item.value, name: label });
    setTyped(null);
    select(typed.start + label.length + 2);
  };
  const select = (from: number, to = from) =>
    requestAnimationFrame(() => {
      boxRef.current?.focus();
      boxRef.current?.setSelectionRange(from, to);
    });
  const format = (how: Wrap["label"]) => {
    const box = boxRef.current;
    if (!box) return;
    const next = wrapped(value, box.selectionStart, box.selectionEnd, how);
    onChange(next.text);
    select(next.from, next.to);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const mod = event.ctrlKey || event.metaKey;
    if (offered.length > 0) {
      const chosen = offered[at];
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        setAt((at + (event.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length);
      } else if ((event.key === "Enter" && !mod) || event.key === "Tab") {
        event.preventDefault();
        if (chosen) name(chosen);
      } else if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        setTyped(null);
      }
      return;
    }
    if (mod && (event.key === "b" || event.key === "i")) {
      event.preventDefault();
      format(event.key === "b" ? "bold" : "italic");
    } else if (event.key === "Escape") {
      event.preventDefault();
      (event.target as HTMLElement).blur();
    }
  };
  return (
    <div className="relative">
      <textarea
        ref={boxRef}
        aria-label={label}
        placeholder={placeholder}
        aria-invalid={invalid || undefined}
        {...(onMention ? { "aria-autocomplete": "list" as const } : {})}
        {...(offered.length > 0 ? { "aria-controls": id, "aria-activedescendant": `${id}-${at}` } : {})}
        rows={rows}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyUp={look}
        onClick={look}
        onInput={look}
        onBlur={() => setTyped(null)}
        onKeyDown={onKeyDown}
        className="field-sizing-content block max-h-72 min-h-20 w-full resize-none bg-transparent px-3 py-2.5 outline-none"
      />
      {offered.length > 0 && (
        <div
          id={id}
          role="listbox"
          aria-label={t("composer.colleagues")}
          className="popup absolute start-3 top-full z-40 w-64 p-1"
        >
          {offered.map((item, index) => (
            <div
              key={item.value}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === at}
              tabIndex={-1}
              className={cx("menu-item", index === at && "bg-active")}
              // The box must not lose its cursor to the list.
              onMouseDown={(event) => {
                event.preventDefault();
                name(item);
              }}
            >
              <Avatar name={item.label} size={18} />
              <span className="truncate">{item.label}</span>
            </div>
          ))}
        </div>
      )}
      <div className="flex items-center gap-0.5 px-2 pb-2">
        {WRAPS.map(({ label: how, icon: Icon, keys }) => (
          <Tip key={how} label={t(`composer.format.${how}`)} keys={keys}>
            <Button
              variant="ghost"
              size="icon"
              aria-label={t(`composer.format.${how}`)}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => format(how)}
            >
              <Icon size={14} />
            </Button>
          </Tip>
        ))}
        <span className="ms-auto flex items-center gap-2">{children}</span>
      </div>
    </div>
  );
}

/** Whatever was typed in a box, its cursor kept at hand for the buttons around it. */
export const useBox = () => useRef<HTMLTextAreaElement>(null);
