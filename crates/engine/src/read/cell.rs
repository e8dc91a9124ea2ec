//! From the binary protocol to JSON bytes, by kind.

use std::error::Error;

use jiff::civil::Date;
use kith_catalogue::field::Field;
use kith_catalogue::kind::Kind;
use kith_store::types::{FromSql, Type};
use kith_store::{Row, StoreError};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::json::{write_integer, write_numeric, write_string, write_timestamp};
use super::select::{Selection, Shown};
use crate::mask::{Mask, masked};

/// The bytes of a JSON document as PostgreSQL sends them, copied without being parsed.
pub(crate) struct RawJson<'a>(&'a [u8]);

impl<'a> RawJson<'a> {
    /// The document's text.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.0
    }
}

impl<'a> FromSql<'a> for RawJson<'a> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        if *kind == Type::JSONB {
            document(raw)
                .map(RawJson)
                .ok_or_else(|| "unknown jsonb version".into())
        } else {
            Ok(RawJson(raw))
        }
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::JSONB || *kind == Type::JSON
    }
}

/// What follows the version of a `jsonb`, of which there is only 1.
fn document(raw: &[u8]) -> Option<&[u8]> {
    raw.split_first()
        .filter(|(version, _)| **version == 1)
        .map(|(_, rest)| rest)
}

/// A value's bytes, whatever its type: the field's kind says how to read them, and [`check_columns`] that they are
/// what it expects.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Raw(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn read<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<Option<T>, StoreError> {
    row.try_get::<usize, Option<T>>(index)
        .map_err(|error| StoreError::internal(format!("column {index}: {error}")))
}

pub(crate) fn uuid(row: &Row, index: usize) -> Result<Uuid, StoreError> {
    read::<Uuid>(row, index)?.ok_or_else(|| StoreError::internal("a record without an id"))
}

pub(crate) fn bigint(row: &Row, index: usize) -> Result<Option<i64>, StoreError> {
    read::<i64>(row, index)
}

/// Whether the columns of an answer have the types that their fields' kinds are written from. Once an answer, so that
/// it need not be asked for each cell.
///
/// # Errors
/// [`StoreError::Internal`] naming the column: the catalogue and the database disagree.
pub(crate) fn check_columns(selection: &Selection, rows: &[Row]) -> Result<(), StoreError> {
    let Some(first) = rows.first() else {
        return Ok(());
    };
    for (index, kind) in selection.kinds().into_iter().enumerate() {
        check_column(kind, first, index)?;
    }
    Ok(())
}

/// The same of one column.
///
/// # Errors
/// As [`check_columns`].
pub(crate) fn check_column(kind: Kind, row: &Row, index: usize) -> Result<(), StoreError> {
    match row.columns().get(index) {
        Some(column) if fits(kind, column.type_()) => Ok(()),
        column => Err(StoreError::internal(format!(
            "column {index} cannot be written as {}: {column:?}",
            kind.name()
        ))),
    }
}

fn fits(kind: Kind, column: &Type) -> bool {
    match kind {
        Kind::Text
        | Kind::LongText
        | Kind::Email
        | Kind::Phone
        | Kind::Url
        | Kind::Choice
        | Kind::Currency
        | Kind::Country
        | Kind::Color => matches!(*column, Type::TEXT | Type::VARCHAR | Type::BPCHAR),
        Kind::Integer | Kind::Percent => matches!(*column, Type::INT2 | Type::INT4 | Type::INT8),
        Kind::Money | Kind::Decimal => *column == Type::NUMERIC,
        Kind::Boolean => *column == Type::BOOL,
        Kind::Date => *column == Type::DATE,
        Kind::Timestamp => *column == Type::TIMESTAMPTZ,
        Kind::MultiChoice | Kind::Tags => *column == Type::TEXT_ARRAY,
        Kind::Reference | Kind::AnyReference | Kind::User | Kind::Uuid => *column == Type::UUID,
        Kind::Address | Kind::Json | Kind::CustomFields => *column == Type::JSONB,
    }
}

/// One record as an object. The row is of an answer that passed [`check_columns`].
pub(crate) fn write_record(
    out: &mut Vec<u8>,
    selection: &Selection,
    row: &Row,
) -> Result<(), StoreError> {
    out.push(b'{');
    for (index, field) in selection.fields.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_member(out, &selection.mask, field, row, index)?;
    }
    let mut index = selection.fields.len();
    for included in &selection.included {
        out.push(b',');
        write_string(out, included.name.as_bytes());
        out.push(b':');
        // The id comes first: without it there is no record, or none that may be seen.
        if read::<Uuid>(row, index)?.is_none() {
            out.extend_from_slice(b"null");
        } else {
            write_included(out, selection, &included.shown, row, index)?;
        }
        index += included.columns();
    }
    out.push(b'}');
    Ok(())
}

/// A nested record, whose columns begin at `index`.
fn write_included(
    out: &mut Vec<u8>,
    selection: &Selection,
    shown: &Shown,
    row: &Row,
    index: usize,
) -> Result<(), StoreError> {
    out.push(b'{');
    match shown {
        Shown::One { fields, .. } => {
            for (position, field) in fields.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_member(out, &selection.mask, field, row, index + position)?;
            }
        }
        Shown::Any { .. } => {
            out.extend_from_slice(b"\"id\":");
            write_cell(out, Kind::Uuid, row, index)?;
            out.extend_from_slice(b",\"entity\":");
            write_cell(out, Kind::Text, row, index + 1)?;
            out.extend_from_slice(b",\"title\":");
            write_cell(out, Kind::Text, row, index + 2)?;
        }
    }
    out.push(b'}');
    Ok(())
}

/// `"name":value` of one field.
pub(crate) fn write_member(
    out: &mut Vec<u8>,
    mask: &Mask,
    field: &'static Field,
    row: &Row,
    index: usize,
) -> Result<(), StoreError> {
    // Names are identifiers: nothing in them needs escaping.
    out.push(b'"');
    out.extend_from_slice(field.name.as_bytes());
    out.extend_from_slice(b"\":");
    if mask.withholds(field) {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    if mask.hides(field) {
        match read::<&str>(row, index)? {
            Some(text) => write_string(out, masked(field.kind, text).as_bytes()),
            None => out.extend_from_slice(b"null"),
        }
        return Ok(());
    }
    if field.kind == Kind::CustomFields && mask.hides_custom() {
        let values = read::<serde_json::Value>(row, index)?.unwrap_or_default();
        out.extend_from_slice(mask.custom_fields(values).to_string().as_bytes());
        return Ok(());
    }
    write_cell(out, field.kind, row, index)
}

/// The text of a value that fits a column, for cursors; `None` for null.
pub(crate) fn cell_text(kind: Kind, row: &Row, index: usize) -> Result<Option<String>, StoreError> {
    let mut out = Vec::new();
    write_cell(&mut out, kind, row, index)?;
    Ok(match serde_json::from_slice(&out) {
        Ok(serde_json::Value::Null) | Err(_) => None,
        Ok(serde_json::Value::String(text)) => Some(text),
        Ok(other) => Some(other.to_string()),
    })
}

fn write_cell(out: &mut Vec<u8>, kind: Kind, row: &Row, index: usize) -> Result<(), StoreError> {
    let Some(Raw(raw)) = read::<Raw<'_>>(row, index)? else {
        out.extend_from_slice(b"null");
        return Ok(());
    };
    write_value(out, kind, raw)
        .ok_or_else(|| StoreError::internal(format!("column {index} holds no {}", kind.name())))
}

/// A value from the bytes of its column's type; `None` when they are none.
fn write_value(out: &mut Vec<u8>, kind: Kind, raw: &[u8]) -> Option<()> {
    match kind {
        Kind::Text
        | Kind::LongText
        | Kind::Email
        | Kind::Phone
        | Kind::Url
        | Kind::Choice
        | Kind::Currency
        | Kind::Country
        | Kind::Color => write_string(out, raw),
        Kind::Integer | Kind::Percent => write_integer(out, raw)?,
        Kind::Money => write_numeric(out, raw, MONEY_PLACES)?,
        Kind::Decimal => write_numeric(out, raw, 0)?,
        Kind::Boolean => out.extend_from_slice(if raw == [1] { b"true" } else { b"false" }),
        Kind::Date => {
            let day = Date::from_sql(&Type::DATE, raw).ok()?;
            quote(out, &day.to_string());
        }
        Kind::Timestamp => write_timestamp(out, raw)?,
        Kind::MultiChoice | Kind::Tags => {
            let items = Vec::<&str>::from_sql(&Type::TEXT_ARRAY, raw).ok()?;
            write_list(out, &items);
        }
        Kind::Reference | Kind::AnyReference | Kind::User | Kind::Uuid => {
            let mut buffer = Uuid::encode_buffer();
            let id = Uuid::from_slice(raw).ok()?;
            quote(out, id.hyphenated().encode_lower(&mut buffer));
        }
        Kind::Address | Kind::Json | Kind::CustomFields => {
            out.extend_from_slice(document(raw)?);
        }
    }
    Some(())
}

/// Decimal places that an amount has at least.
const MONEY_PLACES: usize = 2;

/// An amount with at least two decimal places; a third only where it is not zero (dinars).
pub fn money_text(value: Decimal) -> String {
    kith_tabular::writing::amount_text(value)
}

/// Text that needs no escaping, in quotes.
fn quote(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn write_list(out: &mut Vec<u8>, items: &[&str]) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_string(out, item.as_bytes());
    }
    out.push(b']');
}
