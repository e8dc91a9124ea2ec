//! A day on which support is closed, whatever the day of the week says.

use jiff::civil::Date;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::field::{Default, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use uuid::Uuid;

pub const BUSINESS_HOURS: Col<Uuid> = col("business_hours_id");
pub const NAME: Col<String> = col("name");
pub const DATE: Col<Date> = col("date");
pub const REPEATS_YEARLY: Col<bool> = col("repeats_yearly");

pub static HOLIDAY: Entity = Entity {
    name: "holiday",
    table: "holidays",
    is_view: false,
    path: "holidays",
    label: "Holiday",
    label_plural: "Holidays",
    icon: "calendar-off",
    resource: "sla_policies",
    title: "name",
    access: Access::Shared,
    fields: &[
        Field::of(BUSINESS_HOURS, "Business hours", Kind::Reference)
            .references("business_hours")
            .required()
            .filterable(),
        Field::of(NAME, "Name", Kind::Text)
            .required()
            .max_length(100)
            .sortable()
            .aliases(&["holiday", "occasion"]),
        Field::of(DATE, "Date", Kind::Date).required().sortable(),
        Field::of(REPEATS_YEARLY, "Every year", Kind::Boolean)
            .default(Default::Boolean(false))
            .help("Closed on this day of every year"),
    ],
    children: &[],
    layout: Layout {
        table: &["date", "name", "repeats_yearly", "business_hours_id"],
        sections: &[Section {
            label: "Holiday",
            fields: &["name", "date", "repeats_yearly", "business_hours_id"],
        }],
        board: None,
    },
    verbs: Verbs::ALL,
    soft_delete: false,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &[],
    default_sort: ("date", false),
    all: fields_of!(HOLIDAY),
};
