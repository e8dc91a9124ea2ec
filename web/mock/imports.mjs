// Imports for the mock: CSV only, one row every few milliseconds so that progress can be seen.
import { problem } from "./records.mjs";

function parseCsv(text) {
  const rows = [[]];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (quoted && character === '"' && text[at + 1] === '"') {
      cell += '"';
      at++;
    } else if (character === '"') quoted = !quoted;
    else if (!quoted && character === ",") {
      rows.at(-1).push(cell);
      cell = "";
    } else if (!quoted && character === "\n") {
      rows.at(-1).push(cell.replace(/\r$/, ""));
      cell = "";
      rows.push([]);
    } else cell += character;
  }
  rows.at(-1).push(cell);
  return rows.filter((row) => row.some((one) => one !== ""));
}

/** The parts of a multipart body, by name. */
function partsOf(request, raw) {
  const boundary = /boundary=(.+)$/.exec(request.headers["content-type"] ?? "")?.[1];
  if (!boundary) throw problem(415, "unsupported_media_type", "A file is expected.");
  const parts = {};
  for (const piece of raw.toString("utf8").split(`--${boundary}`).slice(1, -1)) {
    const [head, ...rest] = piece.split("\r\n\r\n");
    const name = /name="([^"]+)"/.exec(head)?.[1];
    if (name)
      parts[name] = { text: rest.join("\r\n\r\n").replace(/\r\n$/, ""), file: /filename="([^"]*)"/.exec(head)?.[1] ?? null };
  }
  return parts;
}

const quote = (cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

export function createImports({ store, insert, update, uuid }) {
  const jobs = [];
  const shown = ({ rows, errors, entityObject, options, made, ...job }) => job;

  function suggest(entity, header) {
    const key = header.toLowerCase().replace(/[^a-z0-9]/g, "");
    const exact = entity.fields.find((field) =>
      [field.name, field.label].some((word) => word.toLowerCase().replace(/[^a-z0-9]/g, "") === key),
    );
    if (exact) return [exact.name, 1];
    const near = entity.fields.find(
      (field) => key.length > 3 && (key.includes(field.label.toLowerCase()) || field.label.toLowerCase().includes(key)),
    );
    return near ? [near.name, 0.6] : [null, 0];
  }

  function preview(entity, text) {
    const [headers = [], ...rows] = parseCsv(text);
    return {
      columns: headers.map((header, index) => {
        const [suggestion, confidence] = suggest(entity, header);
        return { header, samples: rows.slice(0, 3).map((row) => row[index] ?? ""), suggestion, confidence };
      }),
      rows: rows.slice(0, 20),
      total_rows: rows.length,
      encoding: "utf-8",
      delimiter: ",",
      date_order: null,
      required: entity.fields.filter((field) => field.required && field.default === null).map((field) => field.name),
      match_on: ["name", "email"].filter((name) => entity.fields.some((field) => field.name === name)),
    };
  }

  function take(job, [cells, line]) {
    const { entityObject: entity, options } = job;
    const values = { ...options.defaults };
    for (const [index, header] of job.headers.entries()) {
      const name = options.mapping[header];
      if (name && cells[index]) values[name] = cells[index];
    }
    const fail = (column, value, message) => {
      job.failed += 1;
      job.has_errors = true;
      job.errors.push([String(line), column, value, message, ...cells]);
    };
    for (const field of entity.fields) {
      const value = values[field.name];
      if (field.required && field.default === null && !value) return fail(field.label, "", `${field.label} is required.`);
      if (value && field.kind === "integer" && !/^\d+$/.test(value))
        return fail(field.label, value, `${field.label} must be a whole number.`);
      if (value && field.kind === "email" && !value.includes("@"))
        return fail(field.label, value, "This is not an e-mail address.");
      if (value && field.kind === "integer") values[field.name] = Number(value);
    }
    const twin =
      options.match_on &&
      store[entity.plural].find((row) => !row.deleted_at && row[options.match_on] === values[options.match_on]);
    if (twin && options.duplicates === "skip") job.skipped += 1;
    else if (twin && options.duplicates === "update") {
      job.updated += 1;
      if (!job.dry_run) update(entity, twin, values);
    } else {
      job.created += 1;
      if (!job.dry_run) job.made.push(insert(entity, values));
    }
  }

  function run(job) {
    if (job.status === "cancelled") return;
    job.status = "running";
    const batch = Math.max(1, Math.ceil(job.total / (job.dry_run ? 2 : 6)));
    for (const row of job.rows.splice(0, batch)) {
      take(job, row);
      job.processed += 1;
    }
    if (job.rows.length > 0) setTimeout(run, job.dry_run ? 60 : 250, job).unref();
    else {
      job.status = "completed";
      job.finished_at = new Date().toISOString();
      if (!job.dry_run && job.created + job.updated > 0) job.undo_until = new Date(Date.now() + 30 * 24 * 3600_000).toISOString();
    }
  }

  /** Deletes what the job made; a record that was changed since stays. */
  function undo(job) {
    if (job.undone_at) throw problem(409, "state_conflict", "this import was undone already");
    if (!job.undo_until) throw problem(409, "state_conflict", "this import is not over yet; cancel it first");
    const now = new Date().toISOString();
    const kept = job.made.filter((row) => row.version > 1 && !row.deleted_at);
    const gone = job.made.filter((row) => row.deleted_at);
    for (const row of job.made) if (!kept.includes(row)) row.deleted_at ??= now;
    job.undo_until = null;
    job.undone_at = now;
    job.undo = {
      deleted: job.made.length - kept.length - gone.length,
      restored: 0,
      gone: gone.length,
      kept: { changed: kept.length, used: 0, not_allowed: 0, refused: 0 },
      kept_records: kept.map((row) => ({ entity: job.entity, id: row.id, title: row.name, reason: "changed", detail: null })),
    };
  }

  return {
    receive(entity, what, request, raw) {
      const parts = partsOf(request, raw);
      if (!parts.file)
        throw problem(422, "validation", "A file is needed.", [
          { field: "file", code: "required", message: "A file is needed." },
        ]);
      if (what === "preview") return [200, preview(entity, parts.file.text)];
      const options = JSON.parse(parts.options.text);
      const [headers = [], ...rows] = parseCsv(parts.file.text);
      const job = {
        id: uuid(),
        entity: entity.name,
        status: "queued",
        dry_run: options.dry_run === true,
        file_name: parts.file.file,
        total: rows.length,
        processed: 0,
        created: 0,
        updated: 0,
        skipped: 0,
        failed: 0,
        message: null,
        started_at: new Date().toISOString(),
        finished_at: null,
        has_errors: false,
        undo_until: null,
        undone_at: null,
        undone_by: null,
        undo: null,
        made: [],
        rows: rows.map((row, index) => [row, index + 2]),
        headers,
        errors: [],
        entityObject: entity,
        options,
      };
      jobs.unshift(job);
      setTimeout(run, 80, job).unref();
      return [202, shown(job)];
    },
    jobs(method, id, action) {
      if (!id)
        return [
          200,
          { data: jobs.map(shown), page: { limit: 100, next_cursor: null, total: jobs.length, total_is_lower_bound: false } },
        ];
      const job = jobs.find((one) => one.id === id);
      if (!job) throw problem(404, "not_found", "There is no such import.");
      if (action === "cancel" && method === "POST") {
        job.status = "cancelled";
        job.finished_at = new Date().toISOString();
      }
      if (action === "undo" && method === "POST") undo(job);
      if (action === "errors")
        return [
          200,
          [["row", "column", "value", "message", ...job.headers], ...job.errors]
            .map((row) => row.map(quote).join(","))
            .join("\n"),
        ];
      return [200, shown(job)];
    },
  };
}
