//! A row as cells, by kind.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use kith_catalogue::custom::CustomField;
use kith_catalogue::field::{Field, Writer};
use kith_catalogue::kind::Kind;
use kith_store::types::{FromSql, Type};
use kith_store::{Row, StoreError};
use kith_tabular::writing::Cell;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::columns::{Layout, Own, Shape};
use super::names::{Names, place_of};
use crate::error::EngineError;
use crate::mask::{Mask, is_contact, masked};
use crate::read::RawJson;

/// Takes the cells of a row in the order of the columns.
pub(super) trait Sink {
    fn cell(&mut self, cell: Cell<'_>) -> Result<(), EngineError>;
}

fn read<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<Option<T>, StoreError> {
    row.try_get::<usize, Option<T>>(index)
        .map_err(|error| StoreError::internal(format!("column {index}: {error}")))
}

/// Writes a row.
pub(super) fn write_row(
    sink: &mut impl Sink,
    layout: &Layout,
    mask: &Mask,
    names: &Names,
    row: &Row,
) -> Result<(), EngineError> {
    for group in &layout.groups {
        match &group.shape {
            Shape::Plain => write_value(sink, mask, group.field, row, group.index)?,
            Shape::Reference(place) => {
                let id = read::<Uuid>(row, group.index)?;
                write_reference(sink, names, *place, id)?;
            }
            Shape::Any { kind, places } => {
                let id = read::<Uuid>(row, group.index)?;
                match place_of(places, read::<&str>(row, *kind)?) {
                    Some(place) => write_reference(sink, names, place, id)?,
                    None => {
                        sink.cell(Cell::Blank)?;
                        match id {
                            Some(id) => write_id(sink, id)?,
                            None => sink.cell(Cell::Blank)?,
                        }
                    }
                }
            }
            Shape::Address => {
                let raw = read::<RawJson<'_>>(row, group.index)?;
                for part in Address::of(raw.as_ref()).parts() {
                    sink.cell(part.map_or(Cell::Blank, Cell::Text))?;
                }
            }
            Shape::Custom(fields) => {
                let raw = read::<RawJson<'_>>(row, group.index)?;
                write_custom(sink, mask, names, fields, raw.as_ref())?;
            }
        }
    }
    Ok(())
}

fn write_reference(
    sink: &mut impl Sink,
    names: &Names,
    place: usize,
    id: Option<Uuid>,
) -> Result<(), EngineError> {
    let Some(id) = id else {
        sink.cell(Cell::Blank)?;
        return sink.cell(Cell::Blank);
    };
    sink.cell(names.get(place, id).map_or(Cell::Blank, Cell::Text))?;
    write_id(sink, id)
}

fn write_id(sink: &mut impl Sink, id: Uuid) -> Result<(), EngineError> {
    let mut buffer = Uuid::encode_buffer();
    sink.cell(Cell::Plain(id.hyphenated().encode_lower(&mut buffer)))
}

fn write_value(
    sink: &mut impl Sink,
    mask: &Mask,
    field: &'static Field,
    row: &Row,
    index: usize,
) -> Result<(), EngineError> {
    macro_rules! cell {
        ($type:ty, $make:expr) => {
            sink.cell(read::<$type>(row, index)?.map_or(Cell::Blank, $make))
        };
    }
    if mask.withholds(field) {
        return sink.cell(Cell::Blank);
    }
    if mask.hides(field) {
        return match read::<&str>(row, index)? {
            Some(text) => sink.cell(plain_or_text(field.kind)(&masked(field.kind, text))),
            None => sink.cell(Cell::Blank),
        };
    }
    match field.kind {
        Kind::Text | Kind::LongText | Kind::Email | Kind::Choice => cell!(&str, Cell::Text),
        Kind::Phone | Kind::Url | Kind::Currency | Kind::Country | Kind::Color => {
            cell!(&str, Cell::Plain)
        }
        Kind::Integer | Kind::Percent => match *row
            .columns()
            .get(index)
            .map_or(&Type::INT4, |column| column.type_())
        {
            Type::INT8 => cell!(i64, Cell::Integer),
            Type::INT2 => cell!(i16, |number| Cell::Integer(number.into())),
            _ => cell!(i32, |number| Cell::Integer(number.into())),
        },
        Kind::Decimal => cell!(Decimal, Cell::Decimal),
        Kind::Money => cell!(Decimal, Cell::Amount),
        Kind::Boolean => cell!(bool, Cell::Boolean),
        Kind::Date => cell!(Date, Cell::Date),
        Kind::Timestamp if field.writer == Writer::System => cell!(Timestamp, Cell::Moment),
        Kind::Timestamp => cell!(Timestamp, Cell::Timestamp),
        Kind::MultiChoice | Kind::Tags => match read::<Vec<&str>>(row, index)? {
            Some(items) if !items.is_empty() => sink.cell(Cell::Text(&list_text(&items))),
            _ => sink.cell(Cell::Blank),
        },
        Kind::Reference | Kind::AnyReference | Kind::User | Kind::Uuid => {
            match read::<Uuid>(row, index)? {
                Some(id) => write_id(sink, id),
                None => sink.cell(Cell::Blank),
            }
        }
        Kind::Address | Kind::Json | Kind::CustomFields => {
            let raw = read::<RawJson<'_>>(row, index)?;
            match raw.as_ref().map(text_of) {
                Some(text) => sink.cell(Cell::Text(text?)),
                None => sink.cell(Cell::Blank),
            }
        }
    }
}

fn plain_or_text<'a>(kind: Kind) -> fn(&'a str) -> Cell<'a> {
    if kind == Kind::Phone {
        Cell::Plain
    } else {
        Cell::Text
    }
}

fn text_of<'a>(raw: &RawJson<'a>) -> Result<&'a str, StoreError> {
    std::str::from_utf8(raw.bytes()).map_err(|error| StoreError::internal(error.to_string()))
}

/// Several values in one cell: with commas, or as JSON where one of them would come apart.
pub(super) fn list_text(items: &[&str]) -> String {
    let comes_apart = items.iter().any(|item| {
        item.contains([',', ';', '|']) || item.starts_with('[') || item.trim() != *item
    });
    if comes_apart {
        Json::from(items.to_vec()).to_string()
    } else {
        items.join(", ")
    }
}

/// An address; what is no text in it is left out.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Address {
    line1: Option<String>,
    line2: Option<String>,
    city: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
    country: Option<String>,
}

impl Address {
    fn of(raw: Option<&RawJson<'_>>) -> Address {
        raw.and_then(|raw| serde_json::from_slice(raw.bytes()).ok())
            .unwrap_or_default()
    }

    /// In the order of the columns.
    fn parts(&self) -> [Option<&str>; 6] {
        [
            self.line1.as_deref(),
            self.line2.as_deref(),
            self.city.as_deref(),
            self.state.as_deref(),
            self.postal_code.as_deref(),
            self.country.as_deref(),
        ]
    }
}

fn write_custom(
    sink: &mut impl Sink,
    mask: &Mask,
    names: &Names,
    fields: &[Own],
    raw: Option<&RawJson<'_>>,
) -> Result<(), EngineError> {
    let values: Json = raw
        .filter(|raw| raw.bytes() != b"{}" && !fields.is_empty())
        .and_then(|raw| serde_json::from_slice(raw.bytes()).ok())
        .unwrap_or_default();
    for own in fields {
        let value = values.get(&own.field.key).unwrap_or(&Json::Null);
        if let Some(place) = own.reference {
            let id = value.as_str().and_then(|text| Uuid::try_parse(text).ok());
            write_reference(sink, names, place, id)?;
        } else {
            write_own(sink, mask, &own.field, value)?;
        }
    }
    Ok(())
}

/// A stored value of one of the organization's own fields.
fn write_own(
    sink: &mut impl Sink,
    mask: &Mask,
    field: &CustomField,
    value: &Json,
) -> Result<(), EngineError> {
    let text: Cow<'_, str> = match value {
        Json::Null => return sink.cell(Cell::Blank),
        Json::Bool(flag) => return sink.cell(Cell::Boolean(*flag)),
        Json::String(text) if mask.is_active() && is_contact(field.kind) => {
            masked(field.kind, text).into()
        }
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => {
            let items: Vec<&str> = items.iter().filter_map(Json::as_str).collect();
            list_text(&items).into()
        }
        Json::Number(_) | Json::Object(_) => value.to_string().into(),
    };
    let typed = match field.kind {
        Kind::Integer | Kind::Percent => text.parse().ok().map(Cell::Integer),
        Kind::Decimal => text.parse().ok().map(Cell::Decimal),
        Kind::Money => text.parse().ok().map(Cell::Amount),
        Kind::Date => text.parse().ok().map(Cell::Date),
        Kind::Timestamp => text.parse().ok().map(Cell::Timestamp),
        Kind::Phone | Kind::Url | Kind::Currency | Kind::Country | Kind::Color => {
            Some(Cell::Plain(&text))
        }
        Kind::Text
        | Kind::LongText
        | Kind::Email
        | Kind::Boolean
        | Kind::Choice
        | Kind::MultiChoice
        | Kind::Tags
        | Kind::Reference
        | Kind::User
        | Kind::Address
        | Kind::Json
        | Kind::CustomFields
        | Kind::AnyReference
        | Kind::Uuid => None,
    };
    sink.cell(typed.unwrap_or(Cell::Text(&text)))
}

#[cfg(test)]
mod tests {
    use super::list_text;

    #[test]
    fn lists_come_apart_only_where_they_should() {
        assert_eq!(list_text(&["vip", "key account"]), "vip, key account");
        assert_eq!(list_text(&["a,b", "c"]), r#"["a,b","c"]"#);
        assert_eq!(list_text(&["[x]"]), r#"["[x]"]"#);
    }
}
