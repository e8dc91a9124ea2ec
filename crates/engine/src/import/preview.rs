//! A look at a file before it is imported.

use std::path::PathBuf;

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_catalogue::field::{Default, Field};
use kith_catalogue::kind::Kind;
use kith_store::StoreError;
use kith_tabular::dates::DateOrder;
use kith_tabular::{Format, Row};
use serde_json::{Value as Json, json};

use super::dialect::Dialect;
use super::source::{SAMPLE, open, unreadable};
use super::targets;
use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;

/// Rows and samples shown.
const SHOWN_ROWS: usize = 20;
const SHOWN_SAMPLES: usize = 3;

/// What is in a file and which field each column probably fills, as the body of the response.
///
/// # Errors
/// [`EngineError::Forbidden`]; [`EngineError::Malformed`] with what is wrong with the file.
pub async fn preview(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    path: PathBuf,
    file_name: &str,
) -> Result<Json, EngineError> {
    caller.require(entity, Action::Import)?;
    let described = targets::all(engine.catalogue, caller, entity);
    let (file_name, catalogue, caller) = (file_name.to_owned(), engine.catalogue, caller.clone());
    let look = move || -> Result<Json, EngineError> {
        let mut table = open(&path, &file_name)?;
        let total = table.count_rows().map_err(unreadable)?;
        let rows = table.sample(SAMPLE).map_err(unreadable)?;
        let cells: Vec<Vec<String>> = rows.iter().map(|row| row.cells.clone()).collect();
        let dialect = Dialect::of(catalogue, &caller, entity, table.headers(), &rows);
        let suggestions = dialect.suggest(
            catalogue,
            &caller,
            entity,
            table.headers(),
            &cells,
            &described,
        );
        let mut named: Vec<Json> = described
            .iter()
            .map(|target| json!({"name": target.name, "label": target.label}))
            .collect();
        for name in suggestions.iter().filter_map(|one| one.target.as_deref()) {
            if !described.iter().any(|target| target.name == name) {
                named.push(json!({"name": name, "label": name}));
            }
        }
        let columns: Vec<Json> = table
            .headers()
            .iter()
            .zip(suggestions)
            .enumerate()
            .map(|(index, (header, suggestion))| {
                json!({"header": header, "samples": samples(&rows, index), "suggestion": suggestion.target, "confidence": rounded(suggestion.confidence)})
            })
            .collect();
        Ok(json!({
            "source": dialect.name(),
            "format": format_name(table.format()),
            "columns": columns,
            "rows": rows.iter().take(SHOWN_ROWS).map(|row| &row.cells).collect::<Vec<_>>(),
            "total_rows": total,
            "encoding": table.encoding(),
            "delimiter": table.delimiter(),
            "date_order": date_order(&rows, table.headers().len()),
            "required": required(entity),
            "match_on": matchable(entity),
            "targets": named,
        }))
    };
    tokio::task::spawn_blocking(look)
        .await
        .map_err(|error| StoreError::internal(error.to_string()))?
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::Delimited => "csv",
        Format::Xlsx => "xlsx",
        Format::Xls => "xls",
        Format::Ods => "ods",
        Format::Ndjson => "ndjson",
        Format::VCard => "vcard",
    }
}

/// The first different values of a column.
fn samples(rows: &[Row], index: usize) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for cell in rows.iter().filter_map(|row| row.cells.get(index)) {
        let cell = cell.trim();
        if found.len() < SHOWN_SAMPLES && !cell.is_empty() && !found.contains(&cell) {
            found.push(cell);
        }
    }
    found
}

fn rounded(confidence: f32) -> f64 {
    (f64::from(confidence) * 100.0).round() / 100.0
}

/// The order that the columns of dates agree on.
fn date_order(rows: &[Row], width: usize) -> &'static str {
    let mut orders = (0..width).filter_map(|index| {
        let inferred = DateOrder::infer(
            rows.iter()
                .filter_map(|row| row.cells.get(index))
                .map(String::as_str),
        );
        (inferred.dates > inferred.others && inferred.order != DateOrder::Auto)
            .then_some(inferred.order)
    });
    match orders.next() {
        Some(first) if orders.all(|other| other == first) => match first {
            DateOrder::DayFirst => "day_first",
            DateOrder::MonthFirst => "month_first",
            DateOrder::Auto => "auto",
        },
        _ => "auto",
    }
}

/// The fields that a file must fill; references have their defaults in the rules.
fn required(entity: &'static Entity) -> Vec<&'static str> {
    let asked = |field: &&Field| {
        field.required
            && field.writable_on_create()
            && field.default == Default::None
            && !matches!(field.kind, Kind::Reference | Kind::User)
    };
    entity
        .fields
        .iter()
        .filter(asked)
        .map(|field| field.name)
        .collect()
}

/// The fields by which records can be compared, the usual one first.
fn matchable(entity: &'static Entity) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = entity.natural_keys.to_vec();
    names.extend(
        entity
            .fields
            .iter()
            .filter(|field| {
                field.unique && field.writable_on_create() && !names.contains(&field.name)
            })
            .map(|field| field.name)
            .collect::<Vec<_>>(),
    );
    names.push("id");
    names
}
