//! What happened, in words for people. Written by the database with every change; read only.

use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::field::{Choice, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use serde_json::Value as Json;
use uuid::Uuid;

pub const TYPE: Col<String> = col("type");
pub const SUBJECT: Col<String> = col("subject");
pub const DESCRIPTION: Col<String> = col("description");
pub const ENTITY_TYPE: Col<String> = col("entity_type");
pub const ENTITY_ID: Col<Uuid> = col("entity_id");
pub const CONTACT: Col<Uuid> = col("contact_id");
pub const USER: Col<Uuid> = col("user_id");
pub const CHANGE_SET: Col<Uuid> = col("change_set_id");
pub const METADATA: Col<Json> = col("metadata");

const TYPES: &[Choice] = &[
    Choice::new("created", "Created", "green"),
    Choice::new("updated", "Updated", "blue"),
    Choice::new("deleted", "Deleted", "red"),
    Choice::new("restored", "Restored", "teal"),
    Choice::new("status_changed", "Status changed", "violet"),
    Choice::new("stage_changed", "Stage changed", "violet"),
    Choice::new("message_sent", "Message sent", "teal"),
    Choice::new("note", "Note", "amber"),
    Choice::new("email", "Email", "blue"),
    Choice::new("call", "Call", "orange"),
    Choice::new("meeting", "Meeting", "pink"),
    Choice::new("task", "Task", "gray"),
    Choice::new("file_upload", "File", "gray"),
    Choice::new("commented", "Comment", "amber"),
    Choice::new("merged", "Merged", "gray"),
    Choice::new("converted", "Converted", "green"),
    Choice::new("system", "System", "gray"),
];

pub static ACTIVITY: Entity = Entity {
    name: "activity",
    table: "activities",
    is_view: false,
    path: "activities",
    label: "Activity",
    label_plural: "Activities",
    icon: "activity",
    resource: "activities",
    title: "subject",
    access: Access::Subject,
    fields: &[
        Field::of(TYPE, "Type", Kind::Choice)
            .choices(TYPES)
            .filterable()
            .system(),
        Field::of(SUBJECT, "Subject", Kind::Text).system(),
        Field::of(DESCRIPTION, "Description", Kind::LongText).system(),
        Field::of(ENTITY_TYPE, "Record type", Kind::Text).system(),
        Field::of(ENTITY_ID, "Record", Kind::Uuid)
            .filterable()
            .system(),
        Field::of(CONTACT, "Contact", Kind::Reference)
            .references("contact")
            .filterable()
            .system(),
        Field::of(USER, "User", Kind::User).filterable().system(),
        Field::of(CHANGE_SET, "Change set", Kind::Uuid).system(),
        Field::of(METADATA, "Details", Kind::Json).filled().system(),
    ],
    children: &[],
    layout: Layout {
        table: &["created_at", "type", "subject", "description", "user_id"],
        sections: &[Section {
            label: "Activity",
            fields: &["type", "subject", "description", "user_id", "created_at"],
        }],
        board: None,
    },
    verbs: Verbs::READ,
    soft_delete: false,
    versioned: false,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &[],
    default_sort: ("created_at", true),
    all: fields_of!(ACTIVITY),
};
