//! What is promised to a ticket of a priority: how soon somebody answers, and how soon it is resolved, in
//! minutes of business time. At most one policy of a priority is active.

use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::field::{Default, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use uuid::Uuid;

use crate::ticket::PRIORITIES;

pub const NAME: Col<String> = col("name");
pub const PRIORITY: Col<String> = col("priority");
pub const FIRST_RESPONSE_MINUTES: Col<i64> = col("first_response_minutes");
pub const RESOLUTION_MINUTES: Col<i64> = col("resolution_minutes");
pub const WARNING_PERCENT: Col<i64> = col("warning_percent");
pub const BUSINESS_HOURS: Col<Uuid> = col("business_hours_id");
pub const IS_ACTIVE: Col<bool> = col("is_active");

/// A year.
const MOST_MINUTES: i64 = 525_600;

pub static SLA_POLICY: Entity = Entity {
    name: "sla_policy",
    table: "sla_policies",
    is_view: false,
    path: "sla-policies",
    label: "SLA policy",
    label_plural: "SLA policies",
    icon: "timer",
    resource: "sla_policies",
    title: "name",
    access: Access::Shared,
    fields: &[
        Field::of(NAME, "Name", Kind::Text)
            .required()
            .unique()
            .max_length(100)
            .sortable(),
        Field::of(PRIORITY, "Priority", Kind::Choice)
            .choices(PRIORITIES)
            .required()
            .filterable(),
        Field::of(
            FIRST_RESPONSE_MINUTES,
            "First response within (minutes)",
            Kind::Integer,
        )
        .required()
        .range(1, MOST_MINUTES)
        .sortable(),
        Field::of(
            RESOLUTION_MINUTES,
            "Resolution within (minutes)",
            Kind::Integer,
        )
        .required()
        .range(1, MOST_MINUTES)
        .sortable(),
        Field::of(WARNING_PERCENT, "Warn after (%)", Kind::Percent)
            .required()
            .default(Default::Integer(80))
            .help("Of the time that was promised; 0 for never"),
        Field::of(BUSINESS_HOURS, "Business hours", Kind::Reference)
            .references("business_hours")
            .filterable()
            .help("Empty: the clock runs day and night"),
        Field::of(IS_ACTIVE, "Active", Kind::Boolean)
            .default(Default::Boolean(true))
            .filterable()
            .help("Tickets take the active policy of their priority, one at most"),
    ],
    children: &[Child {
        name: "tickets",
        label: "Tickets",
        entity: "ticket",
        field: "sla_policy_id",
    }],
    layout: Layout {
        table: &[
            "name",
            "priority",
            "first_response_minutes",
            "resolution_minutes",
            "warning_percent",
            "business_hours_id",
            "is_active",
        ],
        sections: &[Section {
            label: "Promise",
            fields: &[
                "name",
                "priority",
                "first_response_minutes",
                "resolution_minutes",
                "warning_percent",
                "business_hours_id",
                "is_active",
            ],
        }],
        board: None,
    },
    verbs: Verbs::ALL,
    soft_delete: false,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &["name"],
    default_sort: ("resolution_minutes", false),
    all: fields_of!(SLA_POLICY),
};
