//! What has to be done, by whom and until when.

pub mod calendar;
mod mine;
mod order;
mod recurrence;
mod reminders;

pub use mine::{MyTasks, my_tasks};
pub use order::{Place, complete_with_subtasks, place};
pub use reminders::task_reminders;

use std::collections::HashMap;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, Caller, Change, Draft, EngineError, Rules};
use kith_store::types::Type;
use kith_store::{Statement, Tx};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::subject::{SUBJECT_FIELD, WIDER_SUBJECT_TYPE_FIELD};

pub const TITLE: Col<String> = col("title");
pub const DESCRIPTION: Col<String> = col("description");
pub const TYPE: Col<String> = col("type");
pub const STATUS: Col<String> = col("status");
pub const PRIORITY: Col<String> = col("priority");
pub const DUE_AT: Col<Timestamp> = col("due_at");
pub const REMINDER_AT: Col<Timestamp> = col("reminder_at");
pub const RECURRENCE: Col<String> = col("recurrence");
pub const COMPLETED_AT: Col<Timestamp> = col("completed_at");
pub const ASSIGNED_TO: Col<Uuid> = col("assigned_to_id");
pub const ESTIMATED_HOURS: Col<Decimal> = col("estimated_hours");
pub const ACTUAL_HOURS: Col<Decimal> = col("actual_hours");
pub const PARENT: Col<Uuid> = col("parent_id");
pub const PROJECT: Col<Uuid> = col("project_id");
pub const REPEATS: Col<Uuid> = col("repeats_id");
pub const INTERACTION: Col<Uuid> = col("interaction_id");
pub const POSITION: Col<String> = col("position");

const TYPES: &[Choice] = &[
    Choice::new("todo", "To-do", "gray").also(&["task", "to do"]),
    Choice::new("call", "Call", "orange").also(&["phone"]),
    Choice::new("email", "Email", "blue").also(&["e-mail"]),
    Choice::new("meeting", "Meeting", "pink"),
    Choice::new("follow_up", "Follow-up", "violet").also(&["follow up"]),
    Choice::new("demo", "Demo", "teal"),
];

/// Document 001's `pending` is `todo`.
const STATUSES: &[Choice] = &[
    Choice::new("todo", "To do", "gray").also(&["pending", "open", "not started"]),
    Choice::new("in_progress", "In progress", "blue").also(&["in progress", "started"]),
    Choice::new("review", "Review", "violet").also(&["waiting"]),
    Choice::new("completed", "Completed", "green").also(&["done", "closed"]),
    Choice::new("cancelled", "Cancelled", "red").also(&["canceled"]),
];

pub(crate) const PRIORITIES: &[Choice] = &[
    Choice::new("low", "Low", "gray"),
    Choice::new("medium", "Medium", "blue").also(&["normal"]),
    Choice::new("high", "High", "orange"),
    Choice::new("urgent", "Urgent", "red").also(&["critical", "highest"]),
];

pub static TASK: Entity = Entity {
    name: "task",
    table: "tasks",
    is_view: false,
    path: "tasks",
    label: "Task",
    label_plural: "Tasks",
    icon: "square-check",
    resource: "tasks",
    title: "title",
    access: Access::InProjects {
        owner: "assigned_to_id",
        also: &["created_by", "subject_owner_id"],
        company: Some("subject_company_id"),
        projects: &["project_id", "subject_project_id"],
    },
    fields: &[
        Field::of(TITLE, "Title", Kind::Text)
            .required()
            .searchable()
            .sortable()
            .aliases(&["task", "task name", "subject", "name"]),
        Field::of(DESCRIPTION, "Description", Kind::LongText)
            .aliases(&["notes", "comments", "details"]),
        WIDER_SUBJECT_TYPE_FIELD,
        SUBJECT_FIELD,
        Field::of(PROJECT, "Project", Kind::Reference)
            .references("project")
            .filterable()
            .aliases(&["project name"]),
        Field::of(TYPE, "Type", Kind::Choice)
            .choices(TYPES)
            .required()
            .default(Default::Text("todo"))
            .filterable()
            .aliases(&["task type"]),
        Field::of(STATUS, "Status", Kind::Choice)
            .choices(STATUSES)
            .required()
            .default(Default::Text("todo"))
            .filterable()
            .aliases(&["task status"]),
        Field::of(PRIORITY, "Priority", Kind::Choice)
            .choices(PRIORITIES)
            .required()
            .default(Default::Text("medium"))
            .filterable(),
        Field::of(DUE_AT, "Due", Kind::Timestamp)
            .sortable()
            .aliases(&["due date", "due_date", "deadline"]),
        Field::of(REMINDER_AT, "Reminder", Kind::Timestamp)
            .sortable()
            .aliases(&["reminder date", "remind at"]),
        Field::of(RECURRENCE, "Repeats", Kind::Text)
            .max_length(500)
            .help("A recurrence rule (RFC 5545), such as FREQ=WEEKLY;BYDAY=MO"),
        Field::of(COMPLETED_AT, "Completed", Kind::Timestamp)
            .sortable()
            .system(),
        Field::of(ASSIGNED_TO, "Assigned to", Kind::User)
            .writer(Writer::Assigner)
            .default(Default::CurrentUser)
            .filterable()
            .aliases(&["assigned to", "assignee", "owner", "task owner"]),
        Field::of(ESTIMATED_HOURS, "Estimated hours", Kind::Decimal).range(0, 100_000),
        Field::of(ACTUAL_HOURS, "Actual hours", Kind::Decimal)
            .system()
            .help("From approved time"),
        Field::of(PARENT, "Part of", Kind::Reference)
            .references("task")
            .filterable(),
        Field::of(INTERACTION, "Follows", Kind::Reference)
            .references("interaction")
            .filterable()
            .system(),
        Field::of(REPEATS, "Repeats task", Kind::Reference)
            .references("task")
            .filterable()
            .system(),
        Field::of(POSITION, "Position", Kind::Text)
            .sortable()
            .system()
            .help("The order within a project"),
    ],
    children: &[
        Child {
            name: "subtasks",
            label: "Subtasks",
            entity: "task",
            field: "parent_id",
        },
        Child {
            name: "time-entries",
            label: "Time",
            entity: "time_entry",
            field: "task_id",
        },
        crate::document::DOCUMENTS,
    ],
    layout: Layout {
        table: &[
            "title",
            "subject_id",
            "type",
            "status",
            "priority",
            "due_at",
            "assigned_to_id",
            "tags",
            "updated_at",
        ],
        sections: &[
            Section {
                label: "Task",
                fields: &[
                    "title",
                    "type",
                    "status",
                    "priority",
                    "subject_type",
                    "subject_id",
                    "project_id",
                    "assigned_to_id",
                    "description",
                    "tags",
                ],
            },
            Section {
                label: "Time",
                fields: &[
                    "due_at",
                    "reminder_at",
                    "recurrence",
                    "completed_at",
                    "estimated_hours",
                    "actual_hours",
                    "parent_id",
                ],
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
    natural_keys: &["title"],
    default_sort: ("due_at", false),
    all: fields_of!(TASK),
};

/// The tasks of a project.
pub(crate) const IN_PROJECT: Child = Child {
    name: "tasks",
    label: "Tasks",
    entity: "task",
    field: "project_id",
};

/// Rules of tasks.
pub struct TaskRules;

impl Rules for TaskRules {
    /// A task with open parts is not done: its parts are completed first, or in the same go.
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        async move {
            let completed: Vec<Uuid> = batch
                .changes
                .iter()
                .filter(|change| {
                    !change.is_new()
                        && change.changes(STATUS)
                        && change.get(STATUS).as_deref() == Some("completed")
                })
                .map(Change::id)
                .collect();
            if completed.is_empty() || batch.caller.origin.kind == "import" {
                return Ok(());
            }
            let open = Statement::new(
                "SELECT t.parent_id, count(*) FROM tasks t WHERE t.parent_id = ANY ($1) AND t.id <> ALL ($1) AND t.deleted_at IS NULL \
                 AND t.status IN ('todo', 'in_progress', 'review') GROUP BY 1",
            )
            .with(completed, Type::UUID_ARRAY);
            let mut counts: HashMap<Uuid, i64> = HashMap::new();
            for row in batch.tx.query(&open).await? {
                counts.insert(row.try_get(0)?, row.try_get(1)?);
            }
            let first = batch
                .changes
                .iter()
                .find_map(|change| counts.get(&change.id()));
            match first {
                None => Ok(()),
                Some(count) => Err(EngineError::Conflict {
                    field: Some("status".to_owned()),
                    message: format!(
                        "{count} subtask{} still open; complete them first, or the task together with its subtasks",
                        if *count == 1 { " is" } else { "s are" }
                    ),
                }),
            }
        }
        .boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if change.get(PARENT) == Some(change.id()) {
            faults
                .push(Fault::new("own_parent", "a task cannot be part of itself").at("parent_id"));
        }
        if change.changes(RECURRENCE)
            && let Some(rule) = change.get(RECURRENCE)
            && let Some(wrong) = recurrence::fault(&rule)
        {
            faults.push(Fault::new("not_a_recurrence", wrong).at("recurrence"));
        }
    }

    fn after_write<'a>(
        &'a self,
        tx: &'a Tx,
        caller: &'a Caller,
        ids: &'a [Uuid],
    ) -> BoxFuture<'a, Result<(), EngineError>> {
        recurrence::follow(tx, ids, caller.now.timestamp()).boxed()
    }
}
