//! What an hour is charged at and what it costs: for a person on a project, a project, a person or everyone.
//!
//! The narrowest rate that says something counts, in this order, and of its rates the latest that is valid on
//! the day. Rates in another currency than the project's do not count for it.

use jiff::civil::Date;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Default, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Change, Draft, Rules};
use rust_decimal::Decimal;
use uuid::Uuid;

/// Who may read this sees costs and rates everywhere.
pub const RESOURCE: &str = "rates";

pub const PROJECT: Col<Uuid> = col("project_id");
pub const USER: Col<Uuid> = col("user_id");
pub const BILLABLE_RATE: Col<Decimal> = col("billable_rate");
pub const COST_RATE: Col<Decimal> = col("cost_rate");
pub const CURRENCY: Col<String> = col("currency");
pub const VALID_FROM: Col<Date> = col("valid_from");

pub static RATE: Entity = Entity {
    name: "rate",
    table: "rates",
    is_view: false,
    path: "rates",
    label: "Rate",
    label_plural: "Rates",
    icon: "coins",
    resource: RESOURCE,
    title: "billable_rate",
    access: Access::Shared,
    fields: &[
        Field::of(PROJECT, "Project", Kind::Reference)
            .references("project")
            .filterable()
            .help("Empty: for every project"),
        Field::of(USER, "Person", Kind::User)
            .filterable()
            .help("Empty: for everyone"),
        Field::of(BILLABLE_RATE, "Billable per hour", Kind::Money).currency(CURRENCY),
        Field::of(COST_RATE, "Cost per hour", Kind::Money).currency(CURRENCY),
        Field::of(CURRENCY, "Currency", Kind::Currency)
            .required()
            .default(Default::BaseCurrency)
            .filterable(),
        Field::of(VALID_FROM, "Valid from", Kind::Date)
            .sortable()
            .help("Empty: for every day before the first that is given"),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "project_id",
            "user_id",
            "billable_rate",
            "cost_rate",
            "currency",
            "valid_from",
        ],
        sections: &[Section {
            label: "Rate",
            fields: &[
                "project_id",
                "user_id",
                "billable_rate",
                "cost_rate",
                "currency",
                "valid_from",
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
    natural_keys: &[],
    default_sort: ("created_at", true),
    all: fields_of!(RATE),
};

/// Rules of rates.
pub struct RateRules;

impl Rules for RateRules {
    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if change.get(BILLABLE_RATE).is_none() && change.get(COST_RATE).is_none() {
            faults.push(
                Fault::new("required", "give this, or what an hour costs").at("billable_rate"),
            );
        }
    }
}
