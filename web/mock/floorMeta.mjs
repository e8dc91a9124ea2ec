// The metadata of leads, tasks, notes and interactions.
import { choices, custom, entity, field, stamps } from "./fields.mjs";

/** What may be written about a company, a contact, a lead or a deal. */
export const aboutIt = [
  { name: "tasks", label: "Tasks", entity: "task", field: "subject_id" },
  { name: "notes", label: "Notes", entity: "note", field: "subject_id" },
  { name: "interactions", label: "Interactions", entity: "interaction", field: "subject_id" },
  { name: "documents", label: "Documents", entity: "document", field: "subject_id" },
];
const subject = (options = {}) => [
  field("subject_type", "About a", "choice", {
    choices: choices("company:Company,contact:Contact,lead:Lead,deal:Deal"),
    ...options,
  }),
  field("subject_id", "About", "any_reference", { entity_field: "subject_type", include: "subject", ...options }),
];

export const SOURCES = choices(
  "website:Website:blue,referral:Referral:green,cold_call:Cold call:gray,inbound:Inbound:teal,partner:Partner:orange,event:Event:pink,google_ads:Google Ads:amber,organic:Organic:green,import:Import:gray,other:Other:gray",
);
const LEAD_STATUS = choices(
  "new:New:blue,contacted:Contacted:teal,qualified:Qualified:violet,proposal:Proposal:amber,converted:Converted:green,lost:Lost:red",
);
const TASK_TYPES = choices(
  "call:Call:green,email:Email:blue,meeting:Meeting:pink,todo:To-do:gray,follow_up:Follow-up:amber,demo:Demo:violet",
);
const TASK_STATUS = choices(
  "todo:To do:gray,in_progress:In progress:blue,review:Review:amber,completed:Completed:green,cancelled:Cancelled:red",
);
const PRIORITIES = choices("low:Low:gray,medium:Medium:blue,high:High:amber,urgent:Urgent:red");
export const CHANNELS = choices(
  "phone:Phone:green,email:Email:blue,meeting:Meeting:pink,chat:Chat:teal,whatsapp:WhatsApp:green,sms:SMS:violet,other:Other:gray",
);

export const floorEntities = [
  entity(
    "lead",
    "leads",
    "Lead",
    "Leads",
    "target",
    "full_name",
    [
      field("full_name", "Name", "text", { ro: true }),
      field("first_name", "First name", "text"),
      field("last_name", "Last name", "text"),
      field("company_name", "Company", "text"),
      field("email", "E-mail", "email"),
      field("phone", "Phone", "phone"),
      field("job_title", "Job title", "text"),
      field("website", "Website", "url"),
      field("product_id", "Product", "reference", { reference: "product" }),
      field("source", "Source", "choice", { choices: SOURCES }),
      field("source_detail", "Source detail", "text"),
      field("status", "Status", "choice", { default: "new", choices: LEAD_STATUS }),
      field("pipeline_id", "Pipeline", "reference", { r: true, reference: "pipeline" }),
      field("stage_id", "Stage", "reference", { r: true, reference: "stage" }),
      field("score", "Score", "percent", { ro: true }),
      field("estimated_value", "Estimated value", "money", { min: 0, currency_field: "currency" }),
      field("currency", "Currency", "currency", { default: "USD" }),
      field("expected_close_date", "Expected close", "date"),
      field("owner_id", "Owner", "user"),
      field("notes", "Notes", "long_text"),
      field("lost_reason", "Lost reason", "text", { help: "Needed when a lead is lost" }),
      field("is_archived", "Archived", "boolean", { default: false }),
      field("converted_at", "Converted", "timestamp", { ro: true }),
      field("converted_company_id", "Converted to company", "reference", { ro: true, reference: "company" }),
      field("converted_contact_id", "Converted to contact", "reference", { ro: true, reference: "contact" }),
      field("converted_deal_id", "Converted to deal", "reference", { ro: true, reference: "deal" }),
      field("tags", "Tags", "tags"),
      field("board_position", "Board position", "text", { ro: true, filterable: false }),
      custom,
      ...stamps,
    ],
    {
      table: ["full_name", "company_name", "stage_id", "source", "estimated_value", "score", "owner_id", "email", "created_at"],
      sections: [
        { label: "Lead", fields: ["first_name", "last_name", "job_title", "company_name", "stage_id", "status", "owner_id"] },
        { label: "Contact", fields: ["email", "phone", "website"] },
        {
          label: "Opportunity",
          fields: ["product_id", "estimated_value", "currency", "expected_close_date", "score", "lost_reason"],
        },
        { label: "Origin", fields: ["source", "source_detail", "tags", "notes"] },
        {
          label: "Conversion",
          fields: ["converted_at", "converted_company_id", "converted_contact_id", "converted_deal_id"],
        },
      ],
      board: { group_by: "stage_id" },
    },
    { children: aboutIt, archive: "is_archived" },
  ),
  entity(
    "task",
    "tasks",
    "Task",
    "Tasks",
    "square-check",
    "title",
    [
      field("title", "Title", "text", { r: true }),
      field("description", "Description", "long_text"),
      ...subject(),
      field("type", "Type", "choice", { default: "todo", choices: TASK_TYPES }),
      field("status", "Status", "choice", { default: "todo", choices: TASK_STATUS }),
      field("priority", "Priority", "choice", { default: "medium", choices: PRIORITIES }),
      field("due_at", "Due", "timestamp"),
      field("reminder_at", "Reminder", "timestamp"),
      field("recurrence", "Recurrence", "text"),
      field("completed_at", "Completed", "timestamp", { ro: true }),
      field("assigned_to_id", "Assigned to", "user", { include: "assigned_to" }),
      field("estimated_hours", "Estimated hours", "decimal", { min: 0 }),
      field("actual_hours", "Actual hours", "decimal", { min: 0 }),
      field("parent_id", "Part of", "reference", { reference: "task" }),
      field("interaction_id", "Follows up", "reference", { ro: true, reference: "interaction" }),
      field("tags", "Tags", "tags"),
      custom,
      ...stamps,
    ],
    {
      table: ["title", "type", "status", "priority", "due_at", "subject_id", "assigned_to_id"],
      sections: [
        {
          label: "Task",
          fields: ["title", "type", "status", "priority", "due_at", "reminder_at", "assigned_to_id", "subject_id"],
        },
        { label: "Details", fields: ["description", "parent_id", "recurrence", "estimated_hours", "actual_hours", "tags"] },
      ],
    },
  ),
  entity(
    "note",
    "notes",
    "Note",
    "Notes",
    "sticky-note",
    "content",
    [
      field("content", "Content", "long_text", { r: true, max_length: 20000, searchable: true }),
      field("is_pinned", "Pinned", "boolean", { default: false }),
      ...subject({ r: true, create_only: true }),
      field("mentions", "Mentions", "json", { ro: true }),
      field("created_by", "Author", "user", { ro: true, include: "creator" }),
      ...stamps,
    ],
    { table: ["content", "is_pinned", "subject_id", "created_by", "created_at"] },
  ),
  entity(
    "interaction",
    "interactions",
    "Interaction",
    "Interactions",
    "messages-square",
    "type",
    [
      field("type", "Type", "text", { r: true }),
      field("channel", "Channel", "choice", { r: true, choices: CHANNELS }),
      ...subject({ r: true }),
      field("note", "Note", "long_text", { r: true }),
      field("outcome", "Outcome", "text"),
      field("occurred_at", "When", "timestamp"),
      field("follow_up_at", "Follow-up", "timestamp"),
      field("product_id", "Product", "reference", { reference: "product" }),
      field("created_by", "Author", "user", { ro: true, include: "creator" }),
      ...stamps,
    ],
    { table: ["type", "channel", "subject_id", "note", "outcome", "occurred_at", "created_by"] },
    { permissions: ["create", "read", "export", "import"], soft_delete: false },
  ),
];
