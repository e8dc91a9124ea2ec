import { useNavigate, useParams } from "@tanstack/react-router";
import { FileSpreadsheet, Upload } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/client";
import { can, useEntity } from "@/api/queries";
import type { Entity, ImportJob, ImportPreview } from "@/api/types";
import { EntityIcon } from "@/app/EntityIcon";
import { NotFound, PageHead, useTitle } from "@/app/pages";
import { number } from "@/lib/format";
import { within } from "@/lib/words";
import { explain } from "@/records/errors";
import { Button, cx, Notice, ScrollRegion } from "@/ui";
import { CheckStep } from "./CheckStep";
import { MappingStep } from "./MappingStep";
import { type Choices, doubledFields, freshChoices, importForm, type Mapping, missingFields, suggestedMapping } from "./model";
import { distinctValues } from "./values";

export default function ImportPage() {
  const params = useParams({ strict: false });
  const entity = useEntity(params.entity ?? "");
  if (!entity || !can(entity, "import")) return <NotFound />;
  return <Wizard key={entity.name} entity={entity} />;
}

const STEPS = ["file", "columns", "check"] as const;
type Step = (typeof STEPS)[number];
type Draft = { file: File; preview: ImportPreview; mapping: Mapping; choices: Choices; values: Map<string, string[]> };

/** From a file to records: choose it, say what its columns are, see what would happen, and let it happen. */
function Wizard({ entity }: { entity: Entity }) {
  const { t } = useTranslation();
  useTitle(t("imports.into", { label: within(entity.label_plural) }));
  const navigate = useNavigate();
  const [step, setStep] = useState<Step>("file");
  const [draft, setDraft] = useState<Draft | null>(null);
  const [trial, setTrial] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const attempt = async (run: () => Promise<void>) => {
    setBusy(true);
    setFailure(null);
    try {
      await run();
    } catch (error) {
      setFailure(explain(error));
    } finally {
      setBusy(false);
    }
  };
  const choose = (file: File) =>
    attempt(async () => {
      const form = new FormData();
      form.append("file", file, file.name);
      const preview = await request<ImportPreview>(`/${entity.plural}/import/preview`, { method: "POST", body: form });
      const mapping = suggestedMapping(preview);
      const values = await distinctValues(file, preview);
      setDraft({ file, preview, mapping, choices: freshChoices(preview, mapping), values });
      setStep("columns");
    });
  const send = async (dryRun: boolean) => {
    if (!draft) return undefined;
    const form = importForm(draft.file, draft.mapping, draft.choices, dryRun);
    return request<ImportJob>(`/${entity.plural}/import`, { method: "POST", body: form });
  };
  const check = () =>
    attempt(async () => {
      const job = await send(true);
      setTrial(job?.id ?? null);
      setStep("check");
    });
  const start = () =>
    attempt(async () => {
      const job = await send(false);
      if (job) void navigate({ to: "/imports/$id", params: { id: job.id } });
    });
  const missing = draft ? missingFields(draft.preview.required, draft.mapping, draft.choices.defaults) : [];
  const doubled = draft ? doubledFields(draft.mapping) : [];
  return (
    <>
      <PageHead
        icon={<EntityIcon name={entity.icon} size={16} />}
        title={t("imports.into", { label: within(entity.label_plural) })}
      >
        <Button onClick={() => void navigate({ to: "/$entity", params: { entity: entity.plural } })}>{t("common.cancel")}</Button>
      </PageHead>
      <ol className="m-0 flex shrink-0 list-none items-center gap-1 border-b px-4 py-2.5" aria-label={t("imports.steps")}>
        {STEPS.map((name, index) => {
          const current = name === step;
          const past = STEPS.indexOf(step) > index;
          return (
            <li key={name} aria-current={current ? "step" : undefined} className="flex items-center gap-1">
              {index > 0 && <span aria-hidden className="mx-1 h-px w-5 bg-line-strong sm:w-8" />}
              <span
                className={cx(
                  "tabular flex size-5 items-center justify-center rounded-full text-2xs font-semibold",
                  current || past ? "bg-accent text-accent-fg" : "bg-active text-fg-2",
                )}
              >
                {index + 1}
              </span>
              <span className={cx("ms-1", current ? "font-medium" : "text-fg-2 max-sm:sr-only")}>
                {t(`imports.step.${name}`)}
              </span>
            </li>
          );
        })}
      </ol>
      <ScrollRegion label={t("imports.steps")} className="min-h-0 flex-1 bg-sunken">
        <div className="mx-auto flex max-w-[960px] flex-col gap-4 p-4 lg:p-6">
          {failure && <Notice>{failure}</Notice>}
          {step === "file" && <FileStep busy={busy} onChoose={(file) => void choose(file)} />}
          {step === "columns" && draft && (
            <>
              <p className="flex items-center gap-2 text-fg-2">
                <FileSpreadsheet size={15} aria-hidden />
                <span className="font-medium text-fg">{draft.file.name}</span>
                {t("imports.rows", { count: draft.preview.total_rows, shown: number(draft.preview.total_rows) })}
              </p>
              <MappingStep
                entity={entity}
                preview={draft.preview}
                mapping={draft.mapping}
                choices={draft.choices}
                missing={missing}
                doubled={doubled}
                values={draft.values}
                onMapping={(mapping) => setDraft({ ...draft, mapping })}
                onChoices={(choices) => setDraft({ ...draft, choices })}
              />
            </>
          )}
          {step === "check" && trial && <CheckStep id={trial} entity={entity} />}
        </div>
      </ScrollRegion>
      {step !== "file" && (
        <footer className="flex shrink-0 items-center justify-end gap-2 border-t px-4 py-3">
          <Button
            disabled={busy}
            onClick={() => {
              setFailure(null);
              setStep(step === "check" ? "columns" : "file");
            }}
          >
            {t("imports.back")}
          </Button>
          {step === "columns" && (
            <Button variant="primary" disabled={busy || missing.length > 0 || doubled.length > 0} onClick={() => void check()}>
              {busy ? t("common.loading") : t("imports.check")}
            </Button>
          )}
          {step === "check" && (
            <Button variant="primary" disabled={busy} onClick={() => void start()}>
              {busy ? t("common.loading") : t("imports.start")}
            </Button>
          )}
        </footer>
      )}
    </>
  );
}

const ACCEPT = ".csv,.tsv,.txt,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

function FileStep({ busy, onChoose }: { busy: boolean; onChoose: (file: File) => void }) {
  const { t } = useTranslation();
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  return (
    <section
      aria-label={t("imports.step.file")}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const file = event.dataTransfer.files[0];
        if (file) onChoose(file);
      }}
      className={cx(
        "flex flex-col items-center gap-2 rounded-lg border-2 border-dashed bg-raised px-6 py-16 text-center",
        over ? "border-accent bg-accent-soft" : "border-line-strong",
      )}
    >
      <span className="flex size-12 items-center justify-center rounded-lg bg-hover text-fg-3">
        <Upload size={22} aria-hidden />
      </span>
      <h2 className="mt-1 text-base font-semibold">{t("imports.drop")}</h2>
      <p className="max-w-96 text-fg-2">{t("imports.dropHint")}</p>
      <Button variant="primary" size="lg" className="mt-2" disabled={busy} onClick={() => input.current?.click()}>
        {busy ? t("imports.reading") : t("imports.pick")}
      </Button>
      <input
        ref={input}
        type="file"
        accept={ACCEPT}
        aria-label={t("imports.pick")}
        tabIndex={-1}
        className="sr-only"
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = "";
          if (file) onChoose(file);
        }}
      />
    </section>
  );
}
