//! What a currency was worth in the organization's own on a day. The latest rate that is not after a day is that
//! day's.

use jiff::civil::Date;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::Field;
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Change, Draft, Rules};
use rust_decimal::Decimal;

pub const CURRENCY: Col<String> = col("currency");
pub const RATE_DATE: Col<Date> = col("rate_date");
pub const RATE: Col<Decimal> = col("rate");
pub const BASE_CURRENCY: Col<String> = col("base_currency");
pub const SOURCE: Col<String> = col("source");

pub static EXCHANGE_RATE: Entity = Entity {
    name: "exchange_rate",
    table: "exchange_rates",
    is_view: false,
    path: "exchange-rates",
    label: "Exchange rate",
    label_plural: "Exchange rates",
    icon: "arrow-left-right",
    resource: "exchange_rates",
    title: "currency",
    access: Access::Shared,
    fields: &[
        Field::of(CURRENCY, "Currency", Kind::Currency)
            .required()
            .sortable(),
        Field::of(RATE_DATE, "Date", Kind::Date)
            .required()
            .sortable()
            .aliases(&["date", "day"]),
        Field::of(RATE, "Rate", Kind::Decimal)
            .required()
            .places(10)
            .range(0, 100_000_000)
            .help("What one unit of the currency is worth in the base currency"),
        Field::of(BASE_CURRENCY, "Base currency", Kind::Currency).system(),
        Field::of(SOURCE, "Source", Kind::Text).help("Where the rate is from"),
    ],
    children: &[],
    layout: Layout {
        table: &["currency", "rate_date", "rate", "base_currency", "source"],
        sections: &[Section {
            label: "Rate",
            fields: &["currency", "rate_date", "rate", "base_currency", "source"],
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
    default_sort: ("rate_date", true),
    all: fields_of!(EXCHANGE_RATE),
};

/// Rules of exchange rates.
pub struct ExchangeRateRules;

impl Rules for ExchangeRateRules {
    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if change.get(RATE).is_some_and(|rate| rate <= Decimal::ZERO) {
            faults.push(Fault::new("too_small", "must be more than 0").at("rate"));
        }
    }
}
