//! Records that are about another record: tasks, notes, interactions. `subject_type` and `subject_id`
//! name it.

use kith_catalogue::entity::Child;
use kith_catalogue::field::{Choice, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col};
use uuid::Uuid;

pub const SUBJECT_TYPE: Col<String> = col("subject_type");
pub const SUBJECT: Col<Uuid> = col("subject_id");

/// What a record may be about: whom something happened with.
const SUBJECTS: &[Choice] = &[
    Choice::new("company", "Company", "blue"),
    Choice::new("contact", "Contact", "teal"),
    Choice::new("lead", "Lead", "violet"),
    Choice::new("deal", "Deal", "green"),
];

/// What a task may be about: also work of ours, unlike what happened between us and them.
const WIDER_SUBJECTS: &[Choice] = &[
    Choice::new("company", "Company", "blue"),
    Choice::new("contact", "Contact", "teal"),
    Choice::new("lead", "Lead", "violet"),
    Choice::new("deal", "Deal", "green"),
    Choice::new("project", "Project", "amber"),
    Choice::new("ticket", "Ticket", "orange"),
    Choice::new("campaign", "Campaign", "pink"),
];

/// What a note may be about.
const NOTE_SUBJECTS: &[Choice] = &[
    Choice::new("company", "Company", "blue"),
    Choice::new("contact", "Contact", "teal"),
    Choice::new("lead", "Lead", "violet"),
    Choice::new("deal", "Deal", "green"),
    Choice::new("project", "Project", "amber"),
    Choice::new("ticket", "Ticket", "orange"),
    Choice::new("campaign", "Campaign", "pink"),
    Choice::new("invoice", "Invoice", "green"),
];

/// Whom one talks with.
pub(crate) const CONVERSATION_SUBJECTS: &[Choice] = &[
    Choice::new("company", "Company", "blue"),
    Choice::new("contact", "Contact", "teal"),
    Choice::new("lead", "Lead", "violet"),
];

pub(crate) const SUBJECT_TYPE_FIELD: Field = Field::of(SUBJECT_TYPE, "About", Kind::Choice)
    .choices(SUBJECTS)
    .filterable()
    .aliases(&["related to type", "related_to_type"]);
/// The same for notes.
pub(crate) const NOTE_SUBJECT_TYPE_FIELD: Field = Field {
    choices: NOTE_SUBJECTS,
    ..SUBJECT_TYPE_FIELD
};
/// The same for tasks.
pub(crate) const WIDER_SUBJECT_TYPE_FIELD: Field = Field {
    choices: WIDER_SUBJECTS,
    ..SUBJECT_TYPE_FIELD
};
pub(crate) const SUBJECT_FIELD: Field = Field::of(SUBJECT, "Subject", Kind::AnyReference)
    .references_any(SUBJECT_TYPE)
    .filterable()
    .aliases(&["related to", "related_to_id"]);

/// The child lists of whatever can be a subject.
pub(crate) const TASKS: Child = Child {
    name: "tasks",
    label: "Tasks",
    entity: "task",
    field: "subject_id",
};
pub(crate) const NOTES: Child = Child {
    name: "notes",
    label: "Notes",
    entity: "note",
    field: "subject_id",
};
pub(crate) const INTERACTIONS: Child = Child {
    name: "interactions",
    label: "Interactions",
    entity: "interaction",
    field: "subject_id",
};
