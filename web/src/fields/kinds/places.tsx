import { useTranslation } from "react-i18next";
import { loadedMeta } from "@/api/queries";
import type { Address } from "@/api/types";
import { COUNTRIES } from "@/lib/countries";
import { countryName, currencyName } from "@/lib/format";
import type { PickItem } from "@/ui";
import { boxEditor } from "../parts/BoxEditor";
import { pickEditor, pickInput } from "../parts/PickEditor";
import { PlainView, plainText } from "../parts/plain";
import { type KindModule, understood, type ViewProps } from "../types";
import { isBlank, isObject } from "../values";

const parseCode = (text: string) => understood(text.trim() === "" ? null : text.trim().toUpperCase());

const CountryView = ({ value }: ViewProps) =>
  isBlank(value) ? null : <span className="truncate">{countryName(String(value))}</span>;
const countryItems = (): PickItem[] =>
  COUNTRIES.map((code) => ({ value: code, label: countryName(code), hint: code })).sort((a, b) => a.label.localeCompare(b.label));
export const country: KindModule = {
  width: 140,
  View: CountryView,
  Editor: pickEditor({ View: CountryView, useItems: countryItems }),
  Input: pickInput({ View: CountryView, useItems: countryItems }),
  filter: "options",
  operators: ["in", "nin", "is_null"],
  text: (value) => (isBlank(value) ? "" : countryName(String(value))),
  parse: parseCode,
};

export const currencyItems = (): PickItem[] =>
  (loadedMeta()?.currencies ?? []).map((code) => ({ value: code, label: code, hint: currencyName(code) }));
export const currency: KindModule = {
  width: 100,
  View: PlainView,
  Editor: pickEditor({ View: PlainView, useItems: currencyItems }),
  Input: pickInput({ View: PlainView, useItems: currencyItems }),
  filter: "options",
  operators: ["in", "nin", "is_null"],
  text: plainText,
  parse: parseCode,
};

const PARTS = ["line1", "line2", "postal_code", "city", "state", "country"] as const;
const asAddress = (value: unknown): Address => (isObject(value) ? (value as Address) : {});
const addressText = (value: unknown): string => {
  const held = asAddress(value);
  const town = [held.postal_code, held.city].filter(Boolean).join(" ");
  return [held.line1, held.line2, town, held.state, held.country ? countryName(held.country) : ""].filter(Boolean).join(", ");
};
const finish = (draft: Address): Address | null => {
  const kept = Object.fromEntries(Object.entries(draft).filter(([, part]) => part));
  return Object.keys(kept).length === 0 ? null : kept;
};

function AddressForm({ draft, onDraft }: { draft: Address; onDraft: (draft: Address) => void }) {
  const { t } = useTranslation();
  return (
    <div className="grid grid-cols-2 gap-2">
      {PARTS.map((part) => (
        <input
          key={part}
          aria-label={t(`address.${part}`)}
          placeholder={t(`address.${part}`)}
          autoComplete="off"
          maxLength={part === "country" ? 2 : undefined}
          value={draft[part] ?? ""}
          onChange={(event) => {
            const text = part === "country" ? event.target.value.toUpperCase() : event.target.value;
            onDraft({ ...draft, [part]: text || null });
          }}
          className={`field-box h-9 ${part.startsWith("line") ? "col-span-2" : ""}`}
        />
      ))}
    </div>
  );
}
const AddressView = ({ value }: ViewProps) => <span className="truncate">{addressText(value)}</span>;
export const address: KindModule = {
  width: 240,
  View: AddressView,
  Editor: boxEditor<Address>({ View: AddressView, start: asAddress, finish, Form: AddressForm }),
  Input: ({ value, aria, onChange }) => (
    // biome-ignore lint/a11y/useSemanticElements: the row around it already carries the label a fieldset would need
    <div role="group" {...aria}>
      <AddressForm draft={asAddress(value)} onDraft={(draft) => onChange(finish(draft))} />
    </div>
  ),
  wide: true,
  filter: "none",
  operators: ["is_null"],
  text: addressText,
  parse: (text) => understood(text.trim() === "" ? null : { line1: text.trim() }),
};
