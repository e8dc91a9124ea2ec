/** The shapes of the HTTP interface that the application reads: sign-in, metadata, records, errors, imports. */
import type { components } from "./schema";

type Schemas = components["schemas"];

/** An answer as the server writes it: whole. The description calls members optional that every answer has. */
type Whole<T> = T extends (infer One)[] ? Whole<One>[] : T extends object ? { [Name in keyof T]-?: Whole<T[Name]> } : T;

/** The organization's settings, and what may be changed of them. */
export type OrganizationUpdate = Schemas["OrganizationUpdate"];
export type OrganizationSettings = Omit<Schemas["Organization"], "settings"> & {
  settings: NonNullable<OrganizationUpdate["settings"]>;
};

/** Every kind a field can have. The registry in src/fields holds one entry for each, and the compiler checks it. */
export const KINDS = [
  "text",
  "long_text",
  "email",
  "phone",
  "url",
  "integer",
  "decimal",
  "money",
  "percent",
  "boolean",
  "date",
  "timestamp",
  "choice",
  "multi_choice",
  "tags",
  "reference",
  "any_reference",
  "user",
  "currency",
  "country",
  "address",
  "json",
  "color",
  "custom_fields",
  "uuid",
] as const;
export type Kind = (typeof KINDS)[number];

export const OPERATORS = [
  "eq",
  "ne",
  "gt",
  "gte",
  "lt",
  "lte",
  "in",
  "nin",
  "contains",
  "starts",
  "is_null",
  "between",
  "has",
] as const;
export type Operator = (typeof OPERATORS)[number];

export const HUES = ["gray", "red", "orange", "amber", "green", "teal", "blue", "violet", "pink"] as const;
export type Hue = (typeof HUES)[number];

export type Choice = { value: string; label: string; hue?: Hue | null };

export type Field = {
  name: string;
  label: string;
  kind: Kind;
  required: boolean;
  read_only: boolean;
  /** Written when the record is made, and never after. */
  create_only?: boolean;
  /** This person may not hand records to others: the field is theirs to read only. */
  assign_only?: boolean;
  nullable: boolean;
  unique: boolean;
  default: unknown;
  max_length: number | null;
  min: number | string | null;
  max: number | string | null;
  scale: number | null;
  choices: Choice[] | null;
  /** For kinds reference and user: the name of the entity that is pointed at. */
  reference: string | null;
  /** For kind any_reference: the field of the same record that says what kind of record is pointed at. */
  entity_field?: string | null;
  /** The name under which `include=` nests the record that is pointed at. */
  include: string | null;
  filterable: boolean;
  sortable: boolean;
  searchable: boolean;
  operators: Operator[];
  personal: boolean;
  custom: boolean;
  help: string | null;
  /** For money: the field of the same record that holds the currency. */
  currency_field: string | null;
};

export type Permission = "create" | "read" | "update" | "delete" | "import" | "export" | "bulk";
export type Child = { name: string; label: string; entity: string; field: string };
export type Section = { label: string; fields: string[] };
export type Entity = {
  name: string;
  /** Also the path segment of the entity. */
  plural: string;
  label: string;
  label_plural: string;
  icon: string;
  resource: string;
  title_field: string;
  permissions: Permission[];
  soft_delete: boolean;
  read_only: boolean;
  /** The flag that takes a record out of the lists without deleting it. */
  archive?: string | null;
  /** Whether two records of it may be found to be the same, and be made one. */
  mergeable?: boolean;
  /** Whether lists of it take a text search. Absent means yes. */
  searchable?: boolean;
  fields: Field[];
  children: Child[];
  layout: { table: string[]; sections: Section[]; board: { group_by: string } | null };
};
export type Meta = { entities: Entity[]; currencies: string[] };

export type Address = Partial<Record<"line1" | "line2" | "city" | "state" | "postal_code" | "country", string | null>>;
/** A record that a reference points at, as `include=` nests it. */
export type Nested = { id: string; [title: string]: unknown };
export type Values = Record<string, unknown>;
export type Rec = Values & {
  id: string;
  version: number;
  created_at: string;
  updated_at: string;
  deleted_at?: string | null;
  custom_fields?: Values;
};

export type Page = {
  limit: number;
  next_cursor: string | null;
  total?: number | null;
  total_is_lower_bound?: boolean;
  /** How many there are in each group, where a list is grouped. */
  counts?: Record<string, number>;
};
export type List<T = Rec> = { data: T[]; page: Page };

/** One condition. `field` may be a path: `company.industry_id`, `custom.tier`. */
export type Condition = { field: string; op: Operator; value: unknown };
export type FilterTree = Condition | { and: FilterTree[] } | { or: FilterTree[] } | { not: FilterTree };

export type FieldError = { field: string; code: string; message: string };
export type Conflict = { field: string; mine: unknown; theirs: unknown; was: unknown };
export type Problem = {
  type?: string;
  title: string;
  status: number;
  code: string;
  detail?: string;
  errors?: FieldError[];
  request_id?: string;
  conflicts?: Conflict[];
  current?: Rec;
};

/** What a person's account says of them beside what every sign-in tells. */
type Account = { phone?: string | null; avatar_url?: string | null; is_verified?: boolean };
export type Session = Pick<Whole<Schemas["Session"]>, "user" | "organization">;
export type Me = Omit<Whole<Schemas["Me"]>, "user"> & { user: Whole<Schemas["SignedInUser"]> & Account };
export type AuthOptions = { registration_open: boolean; first: boolean };

export type Activity = {
  id: string;
  type: string;
  subject: string | null;
  description: string | null;
  entity_type: string;
  entity_id: string;
  user_id: string | null;
  user?: { id: string; full_name: string } | null;
  change_set_id?: string | null;
  metadata?: {
    fields?: string[];
    from?: string;
    to?: string;
    /** What was written: the kind of the note, interaction or task, and its id. */
    entity?: string;
    id?: string;
    action?: "created" | "updated" | "deleted";
    /** Of a merge: whether it was taken back. */
    /** Of a merge. */
    undone?: boolean;
    other?: string | null;
    side?: "stays" | "goes";
  } | null;
  created_at: string;
};
export type HistoryEntry = Omit<Schemas["HistoryEntry"], "version" | "change_set_id" | "user" | "details"> & {
  version: number | null;
  change_set_id: string;
  user: { id: string; full_name: string } | null;
  /** Of a merge or an erasure: what became of which records. */
  details?: Record<string, unknown> | null;
};

export type Pipeline = Whole<Schemas["PipelineTotals"]>;
export type PipelineStage = Pipeline["stages"][number];
export type StageTotal = PipelineStage["totals"][number];

export type ImportJob = Whole<Schemas["Import"]>;
export type ImportStatus = ImportJob["status"];
export type ImportColumn = { header: string; samples: string[]; suggestion: string | null; confidence: number };
export type ImportPreview = {
  columns: ImportColumn[];
  rows: string[][];
  total_rows: number;
  encoding: string | null;
  delimiter: string | null;
  date_order: string | null;
  required: string[];
  match_on: string[];
  /** The program that the file comes from, recognized by its headers. */
  source?: string | null;
  /** Everything that a column may go to: fields, parts of addresses, fields of records that a row brings along. */
  targets?: { name: string; label: string }[];
};
export type ImportOptions = Whole<Omit<Schemas["ImportOptions"], "mapping" | "defaults" | "value_map">> & {
  mapping: Record<string, string | null>;
  defaults: Record<string, string>;
  /** By field: what stands in the file → what is meant. */
  value_map: Record<string, Record<string, string>>;
};
