//! Values as the audit log keeps them, read back exactly: a decimal there is a JSON number of any
//! length, which must not pass through a float.

use std::collections::BTreeMap;

use kith_catalogue::field::Field;
use kith_catalogue::kind::Kind;
use kith_catalogue::value::Value;
use kith_store::{Row, StoreError};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::read::{RawJson, money_text};

/// The members of an audited object, by field name, as written.
pub(crate) type Audited = BTreeMap<String, Box<RawValue>>;

/// Reads a `jsonb` column of the audit log; null reads as empty.
pub(crate) fn audited(row: &Row, index: usize) -> Result<Audited, StoreError> {
    let raw: Option<RawJson<'_>> = row
        .try_get(index)
        .map_err(|error| StoreError::internal(format!("column {index}: {error}")))?;
    match raw {
        Some(raw) => serde_json::from_slice(raw.bytes())
            .map_err(|error| StoreError::internal(error.to_string())),
        None => Ok(Audited::new()),
    }
}

/// An audited value in the form in which the interface shows the field.
pub(crate) fn shown_audited(field: &Field, raw: &RawValue) -> Json {
    if matches!(field.kind, Kind::Money | Kind::Decimal)
        && let Ok(number) = raw.get().parse::<Decimal>()
    {
        return shown(field, &Value::Decimal(number));
    }
    serde_json::from_str(raw.get()).unwrap_or(Json::Null)
}

/// A value in the form in which the interface shows the field.
pub(crate) fn shown(field: &Field, value: &Value) -> Json {
    match (field.kind, value) {
        (Kind::Money, Value::Decimal(number)) => Json::String(money_text(*number)),
        (_, Value::Decimal(number)) => Json::String(number.normalize().to_string()),
        _ => value.to_json(),
    }
}
