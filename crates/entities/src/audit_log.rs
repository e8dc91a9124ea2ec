//! The trail of every change, as the auditor reads it. Append-only; kept by the database.

use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::field::{Choice, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use serde_json::Value as Json;
use uuid::Uuid;

pub const ENTITY_TYPE: Col<String> = col("entity_type");
pub const RECORD: Col<Uuid> = col("record_id");
pub const ACTION: Col<String> = col("action");
pub const RECORD_VERSION: Col<i64> = col("record_version");
pub const OLD_VALUES: Col<Json> = col("old_values");
pub const NEW_VALUES: Col<Json> = col("new_values");
pub const CHANGED_FIELDS: Col<Json> = col("changed_fields");
pub const USER: Col<Uuid> = col("user_id");
pub const CHANGE_SET: Col<Uuid> = col("change_set_id");
pub const ORIGIN: Col<String> = col("origin");
pub const IP_ADDRESS: Col<String> = col("ip_address");
pub const USER_AGENT: Col<String> = col("user_agent");

const ACTIONS: &[Choice] = &[
    Choice::new("INSERT", "Created", "green"),
    Choice::new("UPDATE", "Changed", "blue"),
    Choice::new("DELETE", "Removed", "red"),
    Choice::new("LOGIN", "Signed in", "gray"),
    Choice::new("EXPORT", "Exported", "amber"),
    Choice::new("PERMISSION", "Permission changed", "violet"),
    Choice::new("MERGE", "Merged", "teal"),
    Choice::new("ERASE", "Personal data erased", "red"),
];

pub static AUDIT_ENTRY: Entity = Entity {
    name: "audit_entry",
    table: "audit_entries",
    is_view: true,
    path: "audit-log",
    label: "Audit entry",
    label_plural: "Audit log",
    icon: "scroll-text",
    resource: "audit_log",
    title: "action",
    access: Access::Subject,
    fields: &[
        Field::of(ENTITY_TYPE, "Record type", Kind::Text)
            .filterable()
            .system(),
        Field::of(RECORD, "Record", Kind::Uuid)
            .filterable()
            .system(),
        Field::of(ACTION, "Action", Kind::Choice)
            .choices(ACTIONS)
            .system(),
        Field::of(RECORD_VERSION, "Version", Kind::Integer).system(),
        Field::of(CHANGED_FIELDS, "Changed fields", Kind::Json).system(),
        Field::of(OLD_VALUES, "Old values", Kind::Json).system(),
        Field::of(NEW_VALUES, "New values", Kind::Json).system(),
        Field::of(USER, "User", Kind::User).filterable().system(),
        Field::of(CHANGE_SET, "Change set", Kind::Uuid)
            .filterable()
            .system(),
        Field::of(ORIGIN, "Origin", Kind::Text).system(),
        Field::of(IP_ADDRESS, "Address", Kind::Text).system(),
        Field::of(USER_AGENT, "Program", Kind::Text).system(),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "created_at",
            "action",
            "entity_type",
            "changed_fields",
            "user_id",
            "origin",
            "ip_address",
        ],
        sections: &[Section {
            label: "Entry",
            fields: &[
                "created_at",
                "action",
                "entity_type",
                "record_id",
                "changed_fields",
                "old_values",
                "new_values",
                "user_id",
                "origin",
                "ip_address",
                "user_agent",
            ],
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
    all: fields_of!(AUDIT_ENTRY),
};
