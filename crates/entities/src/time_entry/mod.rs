//! Time that somebody spent on a project: drafted, submitted, approved or rejected, and then locked.
//!
//! The database holds what must be: 24 hours a day, who may approve, what is locked, the rate that is fixed
//! with the approval.

mod review;
mod week;

pub use review::{Review, Selected, review};
pub use week::{Cell, Week, WeekCells, set_week, week};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jiff::civil::Date;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, Change, Draft, EngineError, Rules};
use kith_store::Statement;
use kith_store::types::Type;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::rate;

pub const USER: Col<Uuid> = col("user_id");
pub const PROJECT: Col<Uuid> = col("project_id");
pub const TASK: Col<Uuid> = col("task_id");
pub const DATE: Col<Date> = col("date");
pub const HOURS: Col<Decimal> = col("hours");
pub const DESCRIPTION: Col<String> = col("description");
pub const BILLABLE: Col<bool> = col("billable");
pub const STATUS: Col<String> = col("status");
pub const SUBMITTED_AT: Col<Timestamp> = col("submitted_at");
pub const APPROVED_BY: Col<Uuid> = col("approved_by_id");
pub const APPROVED_AT: Col<Timestamp> = col("approved_at");
pub const REJECTION_REASON: Col<String> = col("rejection_reason");
pub const HOURLY_RATE: Col<Decimal> = col("rate");
pub const COST_RATE: Col<Decimal> = col("cost_rate");
pub const CURRENCY: Col<String> = col("currency");
pub const AMOUNT: Col<Decimal> = col("amount");
pub const COST: Col<Decimal> = col("cost");
pub const INVOICE_ITEM: Col<Uuid> = col("invoice_item_id");

const STATUSES: &[Choice] = &[
    Choice::new("draft", "Draft", "gray"),
    Choice::new("pending", "Pending", "amber").also(&["submitted"]),
    Choice::new("approved", "Approved", "green"),
    Choice::new("rejected", "Rejected", "red"),
];

pub static TIME_ENTRY: Entity = Entity {
    name: "time_entry",
    table: "time_entries",
    is_view: false,
    path: "time-entries",
    label: "Time entry",
    label_plural: "Time entries",
    icon: "timer",
    resource: "time_entries",
    title: "description",
    access: Access::InProjects {
        owner: "user_id",
        also: &[],
        company: None,
        projects: &["project_id"],
    },
    fields: &[
        Field::of(USER, "Person", Kind::User)
            .required()
            .writer(Writer::Assigner)
            .default(Default::CurrentUser)
            .filterable()
            .aliases(&["user", "employee", "person", "team member"]),
        Field::of(PROJECT, "Project", Kind::Reference)
            .references("project")
            .required()
            .filterable(),
        Field::of(TASK, "Task", Kind::Reference)
            .references("task")
            .filterable(),
        Field::of(DATE, "Date", Kind::Date)
            .required()
            .sortable()
            .aliases(&["day", "spent on", "work date"]),
        Field::of(HOURS, "Hours", Kind::Decimal)
            .required()
            .range(0, 24)
            .sortable()
            .aliases(&["duration", "time spent", "quantity"]),
        Field::of(DESCRIPTION, "Description", Kind::Text)
            .max_length(2000)
            .aliases(&["notes", "comment", "comments"]),
        Field::of(BILLABLE, "Billable", Kind::Boolean)
            .required()
            .default(Default::Boolean(true))
            .sortable(),
        Field::of(STATUS, "Status", Kind::Choice)
            .choices(STATUSES)
            .required()
            .default(Default::Text("draft"))
            .filterable()
            .system(),
        Field::of(SUBMITTED_AT, "Submitted", Kind::Timestamp).system(),
        Field::of(APPROVED_BY, "Approved by", Kind::User)
            .filterable()
            .system(),
        Field::of(APPROVED_AT, "Approved", Kind::Timestamp)
            .sortable()
            .system(),
        Field::of(REJECTION_REASON, "Rejected because", Kind::Text)
            .max_length(1000)
            .system(),
        Field::of(HOURLY_RATE, "Rate", Kind::Money)
            .currency(CURRENCY)
            .confidential(rate::RESOURCE)
            .help("Taken from the rates with the approval, unless set"),
        Field::of(COST_RATE, "Cost rate", Kind::Money)
            .currency(CURRENCY)
            .confidential(rate::RESOURCE),
        Field::of(CURRENCY, "Currency", Kind::Currency)
            .filled()
            .system()
            .help("The project's"),
        Field::of(AMOUNT, "Amount", Kind::Money)
            .currency(CURRENCY)
            .confidential(rate::RESOURCE)
            .system(),
        Field::of(COST, "Cost", Kind::Money)
            .currency(CURRENCY)
            .confidential(rate::RESOURCE)
            .system(),
        Field::of(INVOICE_ITEM, "Invoice item", Kind::Uuid)
            .filterable()
            .system(),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "date",
            "user_id",
            "project_id",
            "task_id",
            "hours",
            "description",
            "billable",
            "status",
        ],
        sections: &[
            Section {
                label: "Time",
                fields: &[
                    "user_id",
                    "project_id",
                    "task_id",
                    "date",
                    "hours",
                    "billable",
                    "description",
                ],
            },
            Section {
                label: "Approval",
                fields: &[
                    "status",
                    "submitted_at",
                    "approved_by_id",
                    "approved_at",
                    "rejection_reason",
                ],
            },
            Section {
                label: "Money",
                fields: &["rate", "amount", "cost_rate", "cost", "currency"],
            },
        ],
        board: None,
    },
    verbs: Verbs::ALL,
    soft_delete: true,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &[],
    default_sort: ("date", true),
    all: fields_of!(TIME_ENTRY),
};

/// Rules of time.
pub struct TimeEntryRules;

impl Rules for TimeEntryRules {
    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if change.get(HOURS).is_some_and(|hours| hours.is_zero()) {
            faults.push(Fault::new("out_of_range", "must be more than 0").at("hours"));
        }
    }

    /// Time on a task is time on the task's project.
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        async move {
            let tasks: Vec<Uuid> = batch
                .changes
                .iter()
                .filter(|change| change.get(PROJECT).is_none())
                .filter_map(|change| change.get(TASK))
                .collect();
            if tasks.is_empty() {
                return Ok(());
            }
            let statement = Statement::new(
                "SELECT t.id, t.project_id FROM tasks t WHERE t.id = ANY ($1) AND t.project_id IS NOT NULL AND t.deleted_at IS NULL",
            )
            .with(tasks, Type::UUID_ARRAY);
            for row in batch.tx.query(&statement).await? {
                let (task, project): (Uuid, Uuid) = (row.try_get(0)?, row.try_get(1)?);
                for change in batch.changes.iter_mut() {
                    if change.get(TASK) == Some(task) && change.get(PROJECT).is_none() {
                        change.set(PROJECT, project);
                    }
                }
            }
            Ok(())
        }
        .boxed()
    }
}
