// How the stand-in describes entities and fields: the shapes of the server's GET /meta.

const OPERATORS = {
  text: ["eq", "ne", "in", "nin", "contains", "starts", "is_null"],
  long_text: ["contains", "is_null"],
  figure: ["eq", "ne", "gt", "gte", "lt", "lte", "in", "between", "is_null"],
  date: ["eq", "ne", "gt", "gte", "lt", "lte", "between", "is_null"],
  choice: ["eq", "ne", "in", "nin", "is_null"],
  list: ["has", "is_null"],
  boolean: ["eq", "is_null"],
  none: [],
};
const GROUP = {
  integer: "figure",
  decimal: "figure",
  money: "figure",
  percent: "figure",
  date: "date",
  timestamp: "date",
  choice: "choice",
  reference: "choice",
  user: "choice",
  currency: "choice",
  country: "choice",
  color: "choice",
  uuid: "choice",
  multi_choice: "list",
  tags: "list",
  boolean: "boolean",
  long_text: "long_text",
  address: "none",
  json: "none",
  custom_fields: "none",
  any_reference: "choice",
};

/** One field. Options: r required, ro read only, u unique, and every property of the interface by its own name. */
export const field = (name, label, kind, options = {}) => {
  const { r, ro, u, ...rest } = options;
  const group = GROUP[kind] ?? "text";
  return {
    name,
    label,
    kind,
    required: r === true,
    read_only: ro === true,
    nullable: r !== true,
    unique: u === true,
    default: null,
    max_length: kind === "text" || kind === "email" ? 255 : null,
    min: null,
    max: null,
    scale: kind === "money" ? 2 : null,
    choices: null,
    reference: kind === "user" ? "user" : null,
    include: kind === "reference" || kind === "user" ? name.replace(/_id$/, "") : null,
    filterable: group !== "none",
    sortable: !["none", "list", "long_text"].includes(group) && kind !== "any_reference",
    searchable: kind === "text" || kind === "email",
    operators: OPERATORS[group],
    personal: kind === "email" || kind === "phone",
    custom: name.startsWith("custom."),
    help: null,
    currency_field: null,
    ...rest,
  };
};
export const choices = (text) =>
  text.split(",").map((entry) => {
    const [value, label, hue] = entry.split(":");
    return { value, label, hue: hue ?? null };
  });
export const stamps = [
  field("created_at", "Created", "timestamp", { ro: true }),
  field("updated_at", "Changed", "timestamp", { ro: true }),
];
export const custom = field("custom_fields", "Custom fields", "custom_fields");

const ALL = ["create", "read", "update", "delete", "import", "export", "bulk"];
export const entity = (name, plural, label, label_plural, icon, title_field, fields, layout, options = {}) => ({
  name,
  plural,
  label,
  label_plural,
  icon,
  resource: plural.replaceAll("-", "_"),
  title_field,
  permissions: ALL,
  soft_delete: true,
  read_only: false,
  children: [],
  ...options,
  fields,
  layout: { board: null, sections: [], ...layout },
});
