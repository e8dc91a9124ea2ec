//! Metrics: the cache of what is counted by day, week and month (000). Written by the database alone.

use jiff::Timestamp;
use jiff::civil::Date;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::field::{Choice, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::EngineError;
use kith_store::{Statement, SystemTx, Tx};
use rust_decimal::Decimal;
use uuid::Uuid;

pub const ENTITY_TYPE: Col<String> = col("entity_type");
pub const ENTITY_ID: Col<Uuid> = col("entity_id");
pub const METRIC_NAME: Col<String> = col("metric_name");
pub const METRIC_VALUE: Col<Decimal> = col("metric_value");
pub const PERIOD: Col<String> = col("period");
pub const DATE: Col<Date> = col("date");
pub const TOTAL: Col<i64> = col("total");
pub const CASES: Col<i64> = col("cases");

const ENTITY_TYPES: &[Choice] = &[
    Choice::new("organization", "Organization", "gray"),
    Choice::new("company", "Company", "blue").also(&["client"]),
    Choice::new("project", "Project", "violet"),
    Choice::new("user", "User", "teal"),
];

const NAMES: &[Choice] = &[
    Choice::new("lead_count", "Leads", "blue"),
    Choice::new("converted_count", "Converted leads", "green"),
    Choice::new("conversion_rate", "Conversion rate", "violet"),
    Choice::new("response_time", "Response time", "orange"),
];

const PERIODS: &[Choice] = &[
    Choice::new("daily", "Day", "gray"),
    Choice::new("weekly", "Week", "blue"),
    Choice::new("monthly", "Month", "violet"),
];

pub static METRIC: Entity = Entity {
    name: "metric",
    table: "metrics",
    is_view: false,
    path: "metrics",
    label: "Metric",
    label_plural: "Metrics",
    icon: "gauge",
    resource: "metrics",
    title: "metric_name",
    access: Access::Subject,
    fields: &[
        Field::of(METRIC_NAME, "Metric", Kind::Choice)
            .choices(NAMES)
            .filterable()
            .system(),
        Field::of(METRIC_VALUE, "Value", Kind::Decimal)
            .system()
            .help("A count; for rates percent, for times seconds"),
        Field::of(PERIOD, "Period", Kind::Choice)
            .choices(PERIODS)
            .filterable()
            .system(),
        Field::of(DATE, "From", Kind::Date).sortable().system(),
        Field::of(ENTITY_TYPE, "Of", Kind::Choice)
            .choices(ENTITY_TYPES)
            .filterable()
            .system(),
        Field::of(ENTITY_ID, "Record", Kind::Uuid)
            .filterable()
            .system(),
        Field::of(TOTAL, "Sum", Kind::Integer).filled().system(),
        Field::of(CASES, "Cases", Kind::Integer).filled().system(),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "date",
            "period",
            "metric_name",
            "metric_value",
            "entity_type",
            "entity_id",
        ],
        sections: &[Section {
            label: "Metric",
            fields: &[
                "metric_name",
                "metric_value",
                "period",
                "date",
                "entity_type",
                "entity_id",
                "total",
                "cases",
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
    default_sort: ("date", true),
    all: fields_of!(METRIC),
};

/// Counts what has happened since the last time into the cache. Answers how many changes there were.
///
/// # Errors
/// [`EngineError::Refused`] for whoever may not read metrics.
pub async fn refresh(tx: &Tx) -> Result<i64, EngineError> {
    let row = tx
        .query_one(&Statement::new("SELECT refresh_metrics()"))
        .await?;
    Ok(row.try_get(0).map_err(kith_store::StoreError::from)?)
}

/// The same as scheduled work, for the transaction's organization. Idempotent: what was counted is gone.
///
/// # Errors
/// The database's.
pub async fn metrics(tx: &SystemTx, now: Timestamp) -> Result<u64, EngineError> {
    let _ = now;
    let row = tx
        .query_one(&Statement::new("SELECT fold_due_metrics()"))
        .await?;
    let folded: i64 = row.try_get(0).map_err(kith_store::StoreError::from)?;
    Ok(u64::try_from(folded).unwrap_or(0))
}
