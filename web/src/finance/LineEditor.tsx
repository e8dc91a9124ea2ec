import { Package, Plus, ReceiptText, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/client";
import { fetchList, findEntity, useMeta } from "@/api/queries";
import type { Entity, Rec } from "@/api/types";
import { useUnsavedGuard } from "@/app/unsaved";
import { useRecordItems } from "@/fields/parts/RecordPick";
import { compareDecimal } from "@/lib/decimal";
import { exactMoney } from "@/lib/format";
import { saveRecord } from "@/records/edit";
import { explain, sentence } from "@/records/errors";
import { Button, cx, Empty, Notice, notify, Picker } from "@/ui";
import { moved, SortableLine, SortableList } from "@/ui/Sortable";
import { DecimalCell } from "./DecimalCell";
import { type DraftLine, emptyLine, lineOf, operationsOf, saveLines } from "./invoices";
import { Sums } from "./Sums";
import { placesOf, totalsOf } from "./totals";
import { writing } from "./writing";

const LINE_HEIGHT = 44;
const COLUMNS = "@2xl:grid-cols-[24px_minmax(0,1fr)_72px_64px_96px_92px_64px_104px_32px]";
const discountsOf = (invoice: Rec) => ({
  discount_percent: String(invoice.discount_percent ?? "0"),
  fixed_discount: String(invoice.fixed_discount ?? "0"),
});

/** The lines of a draft: written here, summed up as they are typed, saved all at once. */
export function LineEditor({ entity, invoice, kept }: { entity: Entity; invoice: Rec; kept: Rec[] }) {
  const { t } = useTranslation();
  const currency = String(invoice.currency ?? "");
  const [lines, setLines] = useState<DraftLine[]>(() => kept.map(lineOf));
  const [discounts, setDiscounts] = useState(() => discountsOf(invoice));
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  const held = discountsOf(invoice);
  // Lines that were saved, or that nobody has touched, are read anew from what the server keeps.
  const [seen, setSeen] = useState(kept);
  const [saved, setSaved] = useState(false);
  if (kept !== seen) {
    setSeen(kept);
    if (saved || operationsOf(invoice.id, seen, lines).length === 0) {
      setSaved(false);
      setLines(kept.map(lineOf));
    }
  }
  const discounted = (["discount_percent", "fixed_discount"] as const).filter(
    (name) => compareDecimal(discounts[name], held[name]) !== 0,
  );
  const dirty = operationsOf(invoice.id, kept, lines).length > 0 || discounted.length > 0;
  useUnsavedGuard(dirty && !busy);
  useEffect(() => {
    writing.set(dirty ? invoice.id : null);
    return () => writing.set(null);
  }, [dirty, invoice.id]);
  const totals = totalsOf(lines, discounts, currency);
  const put = (next: DraftLine[]) => {
    setLines(next);
    setFailure(null);
  };
  const change = (key: string, part: Partial<DraftLine>) =>
    put(lines.map((line) => (line.key === key ? { ...line, ...part } : line)));
  const add = (line: Partial<DraftLine> = {}) => {
    const fresh = { ...emptyLine(lines.at(-1)?.tax_rate ?? "0"), ...line };
    put([...lines, fresh]);
    // The new line is where one goes on writing.
    requestAnimationFrame(() =>
      list.current
        ?.querySelector<HTMLElement>(line.description ? `[data-quantity="${fresh.key}"] input` : `[data-line="${fresh.key}"]`)
        ?.focus(),
    );
  };
  const save = async () => {
    if (busy || !dirty) return;
    if (lines.some((line) => !line.description.trim())) {
      setFailure(t("invoices.needsDescription"));
      return;
    }
    setBusy(true);
    setFailure(null);
    try {
      if (discounted.length > 0) {
        const changes = discounted.flatMap((name) => {
          const field = entity.fields.find((entry) => entry.name === name);
          return field ? [{ field, value: discounts[name] }] : [];
        });
        if (!(await saveRecord(entity, invoice, changes))) return;
      }
      await saveLines(entity, invoice, kept, lines);
      setSaved(true);
      notify(t("invoices.saved"));
    } catch (error) {
      setFailure(refusalOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a key of the fields within, which saves them all
    <div
      ref={list}
      className="@container"
      onKeyDown={(event) => {
        if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
          event.preventDefault();
          void save();
        }
      }}
    >
      {lines.length === 0 ? (
        <Empty icon={<ReceiptText size={20} />} title={t("invoices.noLines")} hint={t("invoices.noLinesHint")} />
      ) : (
        <>
          <div aria-hidden className={cx("hidden border-b px-2 py-2 text-xs font-medium text-fg-2 @2xl:grid", COLUMNS)}>
            <span />
            <span className="px-2">{t("invoices.description")}</span>
            {(["quantity", "unit", "price", "discount", "tax", "amount"] as const).map((name) => (
              <span key={name} className={cx("px-2", name === "unit" ? "" : "text-end")}>
                {t(`invoices.${name}`)}
              </span>
            ))}
          </div>
          <SortableList
            names={lines.map((line, at) => line.description || t("invoices.line", { place: at + 1 }))}
            lineHeight={LINE_HEIGHT}
            onMove={(from, to) => put(moved(lines, from, to))}
          >
            {lines.map((line, at) => (
              <SortableLine
                key={line.key}
                id={line.key}
                index={at}
                handle={t("invoices.moveLine", { place: at + 1 })}
                className={cx(
                  "grid grid-cols-[24px_minmax(0,1fr)_32px] items-start gap-y-1 border-b border-line/80 px-2 py-1.5",
                  COLUMNS,
                )}
              >
                <LineFields
                  line={line}
                  place={at + 1}
                  currency={currency}
                  amount={totals.lines[at] ?? "0"}
                  onChange={(part) => change(line.key, part)}
                  onEnter={() => {
                    if (at === lines.length - 1) add();
                  }}
                  onRemove={() => put(lines.filter((one) => one.key !== line.key))}
                />
              </SortableLine>
            ))}
          </SortableList>
        </>
      )}
      <div className="flex flex-wrap gap-1.5 border-b border-line/80 p-2">
        <Button size="sm" variant="ghost" onClick={() => add()}>
          <Plus size={14} /> {t("invoices.addLine")}
        </Button>
        <AddProduct onAdd={add} />
      </div>
      <div className="flex flex-wrap items-start gap-4 p-3">
        {lines.length > 0 && (
          <div className="grid min-w-0 flex-1 basis-52 grid-cols-[minmax(0,1fr)_96px] items-center gap-x-2 gap-y-1 text-xs text-fg-2">
            <span aria-hidden>{t("invoices.wholeDiscount")}</span>
            <DecimalCell
              label={t("invoices.wholeDiscount")}
              value={discounts.discount_percent}
              scale={4}
              max={100}
              onChange={(discount_percent) => setDiscounts({ ...discounts, discount_percent })}
            />
            <span aria-hidden>{t("invoices.fixedDiscount", { currency })}</span>
            <DecimalCell
              label={t("invoices.fixedDiscount", { currency })}
              value={discounts.fixed_discount}
              scale={placesOf(currency)}
              onChange={(fixed_discount) => setDiscounts({ ...discounts, fixed_discount })}
            />
          </div>
        )}
        <div className="min-w-0 flex-1 basis-64">
          <Sums totals={totals} currency={currency} />
        </div>
      </div>
      {failure && (
        <div className="px-3 pb-3">
          <Notice>{failure}</Notice>
        </div>
      )}
      {dirty && (
        <div role="status" className="flex flex-wrap items-center justify-end gap-2 rounded-b-md border-t bg-sunken px-3 py-2">
          <span className="me-auto text-xs text-fg-2">{t("invoices.unsaved")}</span>
          <Button
            size="sm"
            disabled={busy}
            onClick={() => {
              put(kept.map(lineOf));
              setDiscounts(held);
            }}
          >
            {t("unsaved.discard")}
          </Button>
          <Button size="sm" variant="primary" disabled={busy} keys="mod+enter" onClick={() => void save()}>
            {t("common.save")}
          </Button>
        </div>
      )}
    </div>
  );
}

/** What the server says of a line, in words: "operations[2].data.quantity" is no news to anybody. */
function refusalOf(error: unknown): string {
  const remarks = error instanceof ApiError ? (error.problem?.errors ?? []) : [];
  if (remarks.length === 0) return explain(error);
  return remarks.map(({ field, message }) => sentence(message, field.split(".").at(-1)?.replaceAll("_", " "))).join(" ");
}

function LineFields({
  line,
  place,
  currency,
  amount,
  onChange,
  onEnter,
  onRemove,
}: {
  line: DraftLine;
  place: number;
  currency: string;
  amount: string;
  onChange: (part: Partial<DraftLine>) => void;
  onEnter: () => void;
  onRemove: () => void;
}) {
  const { t } = useTranslation();
  const label = (name: "description" | "quantity" | "unit" | "price" | "discount" | "tax") =>
    t("invoices.cell", { name: t(`invoices.${name}`), place });
  const figure = (name: "quantity" | "price" | "discount" | "tax") => {
    const field = ({ quantity: "quantity", price: "unit_price", discount: "discount_percent", tax: "tax_rate" } as const)[name];
    return (
      <div
        className="min-w-0 @max-2xl:col-start-2 @max-2xl:grid @max-2xl:grid-cols-[minmax(0,1fr)_120px] @max-2xl:items-center"
        data-quantity={name === "quantity" ? line.key : undefined}
      >
        <span aria-hidden className="px-2 text-xs text-fg-2 @2xl:hidden">
          {t(`invoices.${name}`)}
        </span>
        <DecimalCell
          label={label(name)}
          value={line[field]}
          scale={name === "price" ? placesOf(currency) : 4}
          {...(name === "discount" || name === "tax" ? { max: 100 } : {})}
          onChange={(value) => onChange({ [field]: value })}
          onEnter={onEnter}
        />
      </div>
    );
  };
  return (
    <>
      <textarea
        data-line={line.key}
        aria-label={label("description")}
        rows={1}
        value={line.description}
        maxLength={1000}
        onChange={(event) => onChange({ description: event.target.value })}
        className="field-sizing-content min-h-8 w-full resize-none rounded-xs bg-transparent px-2 py-1.5 outline-none hover:bg-hover focus:bg-canvas focus:shadow-[inset_0_0_0_2px_var(--ring)]"
      />
      {figure("quantity")}
      <input
        aria-label={label("unit")}
        value={line.unit}
        maxLength={20}
        onChange={(event) => onChange({ unit: event.target.value })}
        className="h-8 w-full min-w-0 rounded-xs bg-transparent px-2 outline-none hover:bg-hover focus:bg-canvas focus:shadow-[inset_0_0_0_2px_var(--ring)] @max-2xl:hidden"
      />
      {figure("price")}
      {figure("discount")}
      {figure("tax")}
      <span className="tabular flex h-8 items-center justify-end px-2 font-medium @max-2xl:col-start-2" data-amount>
        {exactMoney(amount, currency)}
      </span>
      <Button
        variant="ghost"
        size="icon"
        className="@max-2xl:col-start-3 @max-2xl:row-start-1"
        aria-label={t("invoices.removeLine", { place })}
        onClick={onRemove}
      >
        <X size={14} />
      </Button>
    </>
  );
}

/** Takes a product over with its price. */
function AddProduct({ onAdd }: { onAdd: (line: Partial<DraftLine>) => void }) {
  const { t } = useTranslation();
  const entity = findEntity(useMeta(), "product");
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const { items, loading } = useRecordItems(entity, text, open);
  if (!entity?.permissions.includes("read")) return null;
  return (
    <Picker
      label={t("invoices.addProduct")}
      items={items}
      value={[]}
      open={open}
      onOpenChange={setOpen}
      onSearch={setText}
      loading={loading}
      onChange={([id]) => {
        setOpen(false);
        if (!id) return;
        void fetchList(entity.plural, { filter: { field: "id", op: "eq", value: id } }, { limit: 1 }).then(({ data }) => {
          const product = data[0];
          if (product)
            onAdd({ description: String(product.name ?? ""), unit_price: String(product.price ?? "0"), product_id: product.id });
        });
      }}
      triggerLabel={t("invoices.addProduct")}
      trigger={
        <Button size="sm" variant="ghost">
          <Package size={14} /> {t("invoices.addProduct")}
        </Button>
      }
    />
  );
}
