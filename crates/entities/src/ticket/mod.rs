//! What a customer asks of support, from the asking to its end. The clock of what was promised, the number and
//! what follows from the status are the database's (`migrations/0013_support.up.sql`).

mod alerts;
mod assignment;
mod merge;
mod metrics;
mod reply;
mod rules;
mod settings;

pub use alerts::sla_alerts;
pub use assignment::{Assignment, assign};
pub use merge::merge;
pub use metrics::{MetricsRequest, metrics};
pub use reply::{Reply, reply};
pub use rules::TicketRules;
pub(crate) use settings::check as check_settings;

use jiff::Timestamp;
use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use uuid::Uuid;

use crate::subject;

pub const NUMBER: Col<String> = col("number");
pub const SUBJECT: Col<String> = col("subject");
pub const DESCRIPTION: Col<String> = col("description");
pub const STATUS: Col<String> = col("status");
pub const PRIORITY: Col<String> = col("priority");
pub const CATEGORY: Col<String> = col("category");
pub const CHANNEL: Col<String> = col("channel");
pub const COMPANY: Col<Uuid> = col("company_id");
pub const CONTACT: Col<Uuid> = col("contact_id");
pub const ASSIGNED_TO: Col<Uuid> = col("assigned_to_id");
pub const SLA_POLICY: Col<Uuid> = col("sla_policy_id");
pub const OPENED_AT: Col<Timestamp> = col("opened_at");
pub const FIRST_RESPONSE_DUE_AT: Col<Timestamp> = col("first_response_due_at");
pub const FIRST_RESPONDED_AT: Col<Timestamp> = col("first_responded_at");
pub const FIRST_RESPONSE_SECONDS: Col<i64> = col("first_response_seconds");
pub const FIRST_RESPONSE_MET: Col<bool> = col("first_response_met");
pub const SLA_DUE_AT: Col<Timestamp> = col("sla_due_at");
pub const RESOLVED_AT: Col<Timestamp> = col("resolved_at");
pub const RESOLUTION_MET: Col<bool> = col("resolution_met");
pub const CLOSED_AT: Col<Timestamp> = col("closed_at");
pub const REOPENED_COUNT: Col<i64> = col("reopened_count");
pub const SLA_RUNNING_SINCE: Col<Timestamp> = col("sla_running_since");
pub const SLA_USED_SECONDS: Col<i64> = col("sla_used_seconds");
pub const FIRST_RESPONSE_WARNED_AT: Col<Timestamp> = col("first_response_warned_at");
pub const FIRST_RESPONSE_BREACHED_AT: Col<Timestamp> = col("first_response_breached_at");
pub const SLA_WARNED_AT: Col<Timestamp> = col("sla_warned_at");
pub const SLA_BREACHED_AT: Col<Timestamp> = col("sla_breached_at");
pub const MERGED_INTO: Col<Uuid> = col("merged_into_id");

const STATUSES: &[Choice] = &[
    Choice::new("open", "Open", "blue").also(&["new", "todo"]),
    Choice::new("in_progress", "In progress", "violet").also(&[
        "in progress",
        "active",
        "waiting on us",
        "assigned",
    ]),
    Choice::new("waiting_customer", "Waiting for customer", "amber").also(&[
        "waiting customer",
        "waiting on customer",
        "waiting on contact",
        "awaiting user info",
        "on hold",
        "pending",
    ]),
    Choice::new("resolved", "Resolved", "green").also(&["solved", "done"]),
    Choice::new("closed", "Closed", "gray").also(&["complete", "completed"]),
];

/// Of tickets and of what is promised to them.
pub(crate) const PRIORITIES: &[Choice] = &[
    Choice::new("low", "Low", "gray").also(&["4 - low", "p4"]),
    Choice::new("medium", "Medium", "blue").also(&["normal", "3 - moderate", "moderate", "p3"]),
    Choice::new("high", "High", "orange").also(&["2 - high", "p2"]),
    Choice::new("urgent", "Urgent", "red").also(&["critical", "1 - critical", "highest", "p1"]),
];

const CATEGORIES: &[Choice] = &[
    Choice::new("bug", "Bug", "red").also(&["problem", "defect"]),
    Choice::new("feature_request", "Feature request", "violet")
        .also(&["feature request", "change"]),
    Choice::new("question", "Question", "blue").also(&["request"]),
    Choice::new("incident", "Incident", "orange"),
];

const CHANNELS: &[Choice] = &[
    Choice::new("email", "Email", "blue").also(&["e-mail"]),
    Choice::new("phone", "Phone", "orange").also(&["call"]),
    Choice::new("chat", "Chat", "teal"),
    Choice::new("portal", "Portal", "violet").also(&[
        "form",
        "self service",
        "self-service",
        "web",
    ]),
];

pub static TICKET: Entity = Entity {
    name: "ticket",
    table: "tickets",
    is_view: false,
    path: "tickets",
    label: "Ticket",
    label_plural: "Tickets",
    icon: "life-buoy",
    resource: "tickets",
    title: "subject",
    access: Access::Owned {
        owner: "assigned_to_id",
        also: &[],
        company: Some("company_id"),
    },
    fields: FIELDS,
    children: &[
        Child {
            name: "comments",
            label: "Comments",
            entity: "ticket_comment",
            field: "ticket_id",
        },
        subject::TASKS,
        subject::NOTES,
        Child {
            name: "merged",
            label: "Merged tickets",
            entity: "ticket",
            field: "merged_into_id",
        },
        crate::document::DOCUMENTS,
    ],
    layout: LAYOUT,
    verbs: Verbs::ALL,
    soft_delete: true,
    versioned: true,
    tagged: true,
    extensible: true,
    archive: None,
    natural_keys: &["number"],
    default_sort: ("created_at", true),
    all: fields_of!(TICKET),
};

const FIELDS: &[Field] = &[
    Field::of(NUMBER, "Number", Kind::Text)
        .searchable()
        .filterable()
        .system()
        .aliases(&["ticket number", "ticket_number", "ticket"]),
    Field::of(SUBJECT, "Subject", Kind::Text)
        .required()
        .searchable()
        .sortable()
        .aliases(&["ticket name", "title", "summary", "short description"])
        .help("Taken from the description when left empty"),
    Field::of(DESCRIPTION, "Description", Kind::LongText)
        .required()
        .aliases(&["ticket description", "body", "details", "message"]),
    Field::of(STATUS, "Status", Kind::Choice)
        .choices(STATUSES)
        .required()
        .default(Default::Text("open"))
        .filterable()
        .aliases(&["ticket status", "state", "incident state", "incident_state"]),
    Field::of(PRIORITY, "Priority", Kind::Choice)
        .choices(PRIORITIES)
        .required()
        .default(Default::Text("medium"))
        .filterable()
        .aliases(&["ticket priority", "severity"]),
    Field::of(CATEGORY, "Category", Kind::Choice)
        .choices(CATEGORIES)
        .filterable()
        .aliases(&["type", "ticket type"]),
    Field::of(CHANNEL, "Channel", Kind::Choice)
        .choices(CHANNELS)
        .filterable()
        .aliases(&["ticket source", "contact type", "contact_type"]),
    Field::of(COMPANY, "Company", Kind::Reference)
        .references("company")
        .filterable()
        .aliases(&[
            "client",
            "customer",
            "account",
            "associated company",
            "associated company domain",
        ])
        .help("The contact's, when left empty"),
    Field::of(CONTACT, "Contact", Kind::Reference)
        .references("contact")
        .filterable()
        .aliases(&[
            "requester",
            "caller",
            "associated contact",
            "associated contact email",
        ]),
    Field::of(ASSIGNED_TO, "Assigned to", Kind::User)
        .writer(Writer::Assigner)
        .filterable()
        .aliases(&["ticket owner", "assignee", "assigned to", "agent"]),
    Field::of(SLA_POLICY, "SLA policy", Kind::Reference)
        .references("sla_policy")
        .filterable()
        .system(),
    Field::of(OPENED_AT, "Opened", Kind::Timestamp)
        .filled()
        .writer(Writer::OnCreate)
        .sortable()
        .aliases(&["create date", "opened at", "opened_at", "date opened"])
        .help("When the customer asked; now, when left empty"),
    Field::of(FIRST_RESPONSE_DUE_AT, "First response due", Kind::Timestamp)
        .sortable()
        .system(),
    Field::of(FIRST_RESPONDED_AT, "First responded", Kind::Timestamp)
        .writer(Writer::OnCreate)
        .sortable()
        .aliases(&["first response", "first response date"]),
    Field::of(
        FIRST_RESPONSE_SECONDS,
        "Time to first response (s)",
        Kind::Integer,
    )
    .system(),
    Field::of(FIRST_RESPONSE_MET, "First response in time", Kind::Boolean)
        .undecided()
        .system(),
    Field::of(SLA_DUE_AT, "Resolution due", Kind::Timestamp)
        .sortable()
        .system()
        .help("Empty while we wait for the customer"),
    Field::of(RESOLVED_AT, "Resolved", Kind::Timestamp)
        .writer(Writer::OnCreate)
        .sortable()
        .aliases(&["resolved at", "resolved_at", "date resolved"]),
    Field::of(RESOLUTION_MET, "Resolved in time", Kind::Boolean)
        .undecided()
        .system(),
    Field::of(CLOSED_AT, "Closed", Kind::Timestamp)
        .writer(Writer::OnCreate)
        .sortable()
        .aliases(&["close date", "closed at", "closed_at", "date closed"]),
    Field::of(REOPENED_COUNT, "Reopened", Kind::Integer)
        .filled()
        .system(),
    Field::of(SLA_RUNNING_SINCE, "Clock runs since", Kind::Timestamp).system(),
    Field::of(SLA_USED_SECONDS, "Time used before (s)", Kind::Integer)
        .filled()
        .system()
        .help("Business time, without the time in which we waited for the customer"),
    Field::of(
        FIRST_RESPONSE_WARNED_AT,
        "First response warned",
        Kind::Timestamp,
    )
    .system(),
    Field::of(
        FIRST_RESPONSE_BREACHED_AT,
        "First response missed",
        Kind::Timestamp,
    )
    .system(),
    Field::of(SLA_WARNED_AT, "Resolution warned", Kind::Timestamp).system(),
    Field::of(SLA_BREACHED_AT, "Resolution missed", Kind::Timestamp)
        .sortable()
        .system(),
    Field::of(MERGED_INTO, "Merged into", Kind::Reference)
        .references("ticket")
        .filterable()
        .system(),
];

const LAYOUT: Layout = Layout {
    table: &[
        "number",
        "subject",
        "status",
        "priority",
        "company_id",
        "assigned_to_id",
        "sla_due_at",
        "tags",
        "created_at",
    ],
    sections: &[
        Section {
            label: "Ticket",
            fields: &[
                "number",
                "subject",
                "status",
                "priority",
                "category",
                "channel",
                "company_id",
                "contact_id",
                "assigned_to_id",
                "description",
                "tags",
            ],
        },
        Section {
            label: "Promise",
            fields: &[
                "sla_policy_id",
                "first_response_due_at",
                "first_responded_at",
                "first_response_met",
                "sla_due_at",
                "resolution_met",
                "sla_used_seconds",
            ],
        },
        Section {
            label: "Course",
            fields: &[
                "opened_at",
                "resolved_at",
                "closed_at",
                "reopened_count",
                "merged_into_id",
            ],
        },
    ],
    board: Some("status"),
};
