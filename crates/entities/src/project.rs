//! Work for a company: planned, staffed, paid for.

use jiff::civil::Date;
use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Change, Draft, Rules};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{rate, subject, task};

pub const NAME: Col<String> = col("name");
pub const DESCRIPTION: Col<String> = col("description");
pub const COMPANY: Col<Uuid> = col("company_id");
pub const DEAL: Col<Uuid> = col("deal_id");
pub const CAMPAIGN: Col<Uuid> = col("campaign_id");
pub const STATUS: Col<String> = col("status");
pub const PRIORITY: Col<String> = col("priority");
pub const START_DATE: Col<Date> = col("start_date");
pub const DUE_DATE: Col<Date> = col("due_date");
pub const COMPLETION_DATE: Col<Date> = col("completion_date");
pub const TASK_COUNT: Col<i64> = col("task_count");
pub const COMPLETED_TASK_COUNT: Col<i64> = col("completed_task_count");
pub const PROGRESS: Col<i64> = col("progress");
pub const ESTIMATED_HOURS: Col<Decimal> = col("estimated_hours");
pub const ACTUAL_HOURS: Col<Decimal> = col("actual_hours");
pub const BUDGET: Col<Decimal> = col("budget");
pub const ACTUAL_COST: Col<Decimal> = col("actual_cost");
pub const CURRENCY: Col<String> = col("currency");
pub const BUDGET_WARNING: Col<i64> = col("budget_warning");
pub const OWNER: Col<Uuid> = col("owner_id");
pub const PROJECT_MANAGER: Col<Uuid> = col("project_manager_id");
pub const SETTINGS: Col<Json> = col("settings");

/// Document 000's words are stored; those of 001 and 003 mean the same.
const STATUSES: &[Choice] = &[
    Choice::new("planning", "Planning", "gray").also(&["planned", "not started"]),
    Choice::new("active", "In progress", "blue").also(&["in_progress", "started"]),
    Choice::new("paused", "On hold", "amber").also(&["on_hold"]),
    Choice::new("completed", "Completed", "green").also(&["done", "closed"]),
    Choice::new("cancelled", "Cancelled", "red").also(&["canceled"]),
];

pub static PROJECT: Entity = Entity {
    name: "project",
    table: "projects",
    is_view: false,
    path: "projects",
    label: "Project",
    label_plural: "Projects",
    icon: "folder-kanban",
    resource: "projects",
    title: "name",
    access: Access::InProjects {
        owner: "owner_id",
        also: &["project_manager_id"],
        company: Some("company_id"),
        projects: &["id"],
    },
    fields: &[
        Field::of(NAME, "Name", Kind::Text)
            .required()
            .searchable()
            .sortable()
            .aliases(&["project", "project name", "title"]),
        Field::of(COMPANY, "Company", Kind::Reference)
            .references("company")
            .required()
            .filterable()
            .aliases(&["client", "client_id", "client name", "customer", "account"]),
        Field::of(DEAL, "Deal", Kind::Reference)
            .references("deal")
            .filterable(),
        Field::of(CAMPAIGN, "Campaign", Kind::Reference)
            .references("campaign")
            .filterable(),
        Field::of(STATUS, "Status", Kind::Choice)
            .choices(STATUSES)
            .required()
            .default(Default::Text("planning"))
            .filterable()
            .aliases(&["project_status", "project status"]),
        Field::of(PRIORITY, "Priority", Kind::Choice)
            .choices(task::PRIORITIES)
            .required()
            .default(Default::Text("medium"))
            .filterable(),
        Field::of(START_DATE, "Start", Kind::Date)
            .sortable()
            .aliases(&["start date"]),
        Field::of(DUE_DATE, "Due", Kind::Date)
            .sortable()
            .aliases(&["due date", "end_date", "end date", "deadline"]),
        Field::of(COMPLETION_DATE, "Completed", Kind::Date)
            .sortable()
            .system(),
        Field::of(TASK_COUNT, "Tasks", Kind::Integer)
            .default(Default::Integer(0))
            .system()
            .help("Without the cancelled ones"),
        Field::of(COMPLETED_TASK_COUNT, "Completed tasks", Kind::Integer)
            .default(Default::Integer(0))
            .system(),
        Field::of(PROGRESS, "Progress", Kind::Percent)
            .sortable()
            .system()
            .help("Completed tasks of all that are not cancelled"),
        Field::of(ESTIMATED_HOURS, "Estimated hours", Kind::Decimal)
            .range(0, 1_000_000)
            .aliases(&["estimated hours", "budget hours"]),
        Field::of(ACTUAL_HOURS, "Actual hours", Kind::Decimal)
            .default(Default::Integer(0))
            .sortable()
            .system()
            .help("From approved time"),
        Field::of(BUDGET, "Budget", Kind::Money)
            .currency(CURRENCY)
            .sortable(),
        Field::of(ACTUAL_COST, "Actual cost", Kind::Money)
            .currency(CURRENCY)
            .default(Default::Integer(0))
            .sortable()
            .system()
            .confidential(rate::RESOURCE)
            .help("From approved time and what an hour costs"),
        Field::of(CURRENCY, "Currency", Kind::Currency)
            .required()
            .default(Default::BaseCurrency)
            .writer(Writer::OnCreate)
            .filterable()
            .help("Of the budget, the costs and the rates; fixed once the project is there"),
        Field::of(BUDGET_WARNING, "Budget warning", Kind::Integer)
            .default(Default::Integer(0))
            .system()
            .confidential(rate::RESOURCE)
            .help("80 or 100: the share of the budget at which a warning was given"),
        Field::of(OWNER, "Owner", Kind::User)
            .writer(Writer::Assigner)
            .default(Default::CurrentUser)
            .filterable()
            .aliases(&["project owner", "assigned to"]),
        Field::of(PROJECT_MANAGER, "Project manager", Kind::User)
            .filterable()
            .aliases(&["project manager", "manager"]),
        Field::of(DESCRIPTION, "Description", Kind::LongText),
        Field::of(SETTINGS, "Settings", Kind::Json)
            .default(Default::Empty)
            .aliases(&["metadata"]),
    ],
    children: &[
        task::IN_PROJECT,
        Child {
            name: "members",
            label: "Members",
            entity: "project_member",
            field: "project_id",
        },
        Child {
            name: "time-entries",
            label: "Time",
            entity: "time_entry",
            field: "project_id",
        },
        Child {
            name: "leads",
            label: "Leads",
            entity: "lead",
            field: "project_id",
        },
        subject::NOTES,
        Child {
            name: "invoices",
            label: "Invoices",
            entity: "invoice",
            field: "project_id",
        },
        Child {
            name: "rates",
            label: "Rates",
            entity: "rate",
            field: "project_id",
        },
        crate::document::DOCUMENTS,
    ],
    layout: Layout {
        table: &[
            "name",
            "company_id",
            "status",
            "priority",
            "progress",
            "due_date",
            "budget",
            "actual_cost",
            "project_manager_id",
            "tags",
        ],
        sections: &[
            Section {
                label: "Project",
                fields: &[
                    "name",
                    "company_id",
                    "deal_id",
                    "campaign_id",
                    "status",
                    "priority",
                    "owner_id",
                    "project_manager_id",
                    "description",
                    "tags",
                ],
            },
            Section {
                label: "Time",
                fields: &[
                    "start_date",
                    "due_date",
                    "completion_date",
                    "progress",
                    "completed_task_count",
                    "task_count",
                    "estimated_hours",
                    "actual_hours",
                ],
            },
            Section {
                label: "Money",
                fields: &["budget", "currency", "actual_cost", "budget_warning"],
            },
        ],
        board: Some("status"),
    },
    verbs: Verbs::ALL,
    soft_delete: true,
    versioned: true,
    tagged: true,
    extensible: true,
    archive: None,
    natural_keys: &["name"],
    default_sort: ("created_at", true),
    all: fields_of!(PROJECT),
};

/// Rules of projects.
pub struct ProjectRules;

impl Rules for ProjectRules {
    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if (change.changes(DUE_DATE) || change.changes(START_DATE))
            && let (Some(start), Some(due)) = (change.get(START_DATE), change.get(DUE_DATE))
            && due < start
        {
            faults.push(Fault::new("rule", "lies before the start").at("due_date"));
        }
    }
}
