// Files for the stand-in's exports: the columns asked for, as CSV or as lines of JSON.
const TYPES = {
  csv: "text/csv; charset=utf-8",
  ndjson: "application/x-ndjson",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
};
const quote = (value) => {
  const text = value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

export function exported(entity, rows, { format = "csv", fields }) {
  const names = fields ? fields.split(",") : entity.fields.map((field) => field.name);
  const headers = {
    "content-type": TYPES[format],
    "content-disposition": `attachment; filename="${entity.plural}.${format}"`,
  };
  if (format === "ndjson")
    return [
      200,
      rows.map((row) => JSON.stringify(Object.fromEntries(names.map((name) => [name, row[name]])))).join("\n"),
      headers,
    ];
  return [200, [names.join(","), ...rows.map((row) => names.map((name) => quote(row[name])).join(","))].join("\n"), headers];
}
