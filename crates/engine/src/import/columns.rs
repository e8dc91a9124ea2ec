//! How the cells of each column are written, found by looking at the whole column.

use jiff::tz::TimeZone;
use kith_catalogue::field::AnyField;
use kith_catalogue::kind::Kind;
use kith_tabular::booleans;
use kith_tabular::dates::{DateOrder, parse_date, parse_timestamp};
use kith_tabular::numbers::{NumberStyle, parse_amount};
use serde_json::Value as Json;

use super::plan::{Origin, Plan};
use crate::caller::Caller;

/// Cells of one column that are kept to decide how the column is written.
const KEPT: usize = 50_000;

/// How the dates and numbers of a column are written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Style {
    pub order: DateOrder,
    pub numbers: NumberStyle,
}

/// What a cell says.
pub(super) enum Cell {
    Empty,
    Value(Json),
    /// An amount with the currency written beside it.
    Amount(Json, Option<String>),
    /// The name of a record.
    Name(String),
}

/// Collects what decides the style of each column.
pub(super) struct Inference {
    columns: Vec<Samples>,
}

enum Samples {
    None,
    Dates(usize, Vec<String>),
    Numbers(usize, Vec<String>),
}

impl Inference {
    pub(super) fn new(plan: &Plan, caller: &Caller) -> Self {
        let columns = plan
            .columns
            .iter()
            .map(|column| {
                match (
                    &column.origin,
                    column
                        .target
                        .field(caller, plan.entity)
                        .map(|field| field.kind()),
                ) {
                    (Origin::Cell(index), Some(Kind::Date | Kind::Timestamp)) => {
                        Samples::Dates(*index, Vec::new())
                    }
                    (
                        Origin::Cell(index),
                        Some(Kind::Integer | Kind::Percent | Kind::Decimal | Kind::Money),
                    ) => Samples::Numbers(*index, Vec::new()),
                    _ => Samples::None,
                }
            })
            .collect();
        Self { columns }
    }

    /// Looks at a row. Of numbers only those with a mark can decide anything.
    pub(super) fn look(&mut self, cells: &[String]) {
        for column in &mut self.columns {
            let (index, kept, marked) = match column {
                Samples::None => continue,
                Samples::Dates(index, kept) => (*index, kept, false),
                Samples::Numbers(index, kept) => (*index, kept, true),
            };
            if let Some(cell) = cells.get(index)
                && kept.len() < KEPT
                && !cell.trim().is_empty()
                && (!marked || cell.contains(['.', ',']))
            {
                kept.push(cell.clone());
            }
        }
    }

    /// The style of each column, in the plan's order.
    pub(super) fn finish(self, fixed: Option<DateOrder>) -> Vec<Style> {
        self.columns
            .into_iter()
            .map(|samples| match samples {
                Samples::None => Style {
                    order: fixed.unwrap_or_default(),
                    numbers: NumberStyle::DecimalPoint,
                },
                Samples::Dates(_, kept) => Style {
                    order: fixed
                        .unwrap_or_else(|| DateOrder::infer(kept.iter().map(String::as_str)).order),
                    numbers: NumberStyle::DecimalPoint,
                },
                Samples::Numbers(_, kept) => Style {
                    order: DateOrder::Auto,
                    numbers: NumberStyle::infer(kept.iter().map(String::as_str)).style,
                },
            })
            .collect()
    }
}

/// Reads a cell as a field's kind wants it. What comes out is what a JSON body would hold; the draft
/// checks it again.
///
/// # Errors
/// What is wrong, for people.
pub(super) fn read_cell(
    field: &AnyField<'_>,
    text: &str,
    style: Style,
    zone: &TimeZone,
) -> Result<Cell, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Cell::Empty);
    }
    let string = |text: &str| Ok(Cell::Value(Json::String(text.to_owned())));
    match field.kind() {
        Kind::Integer
        | Kind::Percent
        | Kind::Decimal
        | Kind::Money
        | Kind::Date
        | Kind::Timestamp
            if means_nothing(text) =>
        {
            Ok(Cell::Empty)
        }
        Kind::Integer | Kind::Percent | Kind::Decimal => {
            let amount = parse_amount(text, style.numbers).map_err(|error| error.to_string())?;
            string(&amount.value.normalize().to_string())
        }
        Kind::Money => {
            let amount = parse_amount(text, style.numbers).map_err(|error| error.to_string())?;
            Ok(Cell::Amount(
                Json::String(amount.value.normalize().to_string()),
                amount.currency,
            ))
        }
        Kind::Boolean => booleans::parse(text)
            .map(|flag| Cell::Value(Json::Bool(flag)))
            .map_err(|error| error.to_string()),
        Kind::Date => {
            let date = parse_date(text, style.order).map_err(|error| error.to_string())?;
            string(&date.to_string())
        }
        Kind::Timestamp => {
            let time =
                parse_timestamp(text, style.order, zone).map_err(|error| error.to_string())?;
            string(&time.to_string())
        }
        Kind::MultiChoice | Kind::Tags => {
            // Written as a list where an item has a comma of its own.
            if text.starts_with('[')
                && let Ok(items) = serde_json::from_str::<Vec<String>>(text)
            {
                return Ok(Cell::Value(Json::from(items)));
            }
            let items: Vec<&str> = text
                .split([',', ';', '|'])
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .collect();
            Ok(Cell::Value(Json::from(items)))
        }
        Kind::Reference | Kind::User => Ok(Cell::Name(text.to_owned())),
        // An address in one line, as people write it.
        Kind::Address if !text.starts_with('{') => {
            Ok(Cell::Value(serde_json::json!({ "line1": text })))
        }
        Kind::Address | Kind::Json | Kind::CustomFields => serde_json::from_str(text)
            .map(Cell::Value)
            .map_err(|_| "is not valid JSON".to_owned()),
        Kind::Text
        | Kind::LongText
        | Kind::Email
        | Kind::Phone
        | Kind::Url
        | Kind::Choice
        | Kind::Currency
        | Kind::Country
        | Kind::Color
        | Kind::AnyReference
        | Kind::Uuid => string(text),
    }
}

/// Reads a cell of an export: values stand there as the interface shows them, times of a spreadsheet in UTC.
///
/// # Errors
/// What is wrong, for people.
pub(super) fn read_own_cell(
    field: &AnyField<'_>,
    text: &str,
    style: Style,
) -> Result<Cell, String> {
    match field.kind() {
        Kind::Integer
        | Kind::Percent
        | Kind::Decimal
        | Kind::Money
        | Kind::Boolean
        | Kind::Date => Ok(Cell::Value(Json::String(text.trim().to_owned()))),
        Kind::Text
        | Kind::LongText
        | Kind::Email
        | Kind::Phone
        | Kind::Url
        | Kind::Timestamp
        | Kind::Choice
        | Kind::MultiChoice
        | Kind::Tags
        | Kind::Reference
        | Kind::User
        | Kind::Currency
        | Kind::Country
        | Kind::Address
        | Kind::Json
        | Kind::Color
        | Kind::CustomFields
        | Kind::AnyReference
        | Kind::Uuid => read_cell(field, text, style, &TimeZone::UTC),
    }
}

/// What people write into cells of numbers and dates that have none.
fn means_nothing(text: &str) -> bool {
    ["-", "–", "—", "n/a", "na", "null", "none", "nan", "#n/a"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
}
