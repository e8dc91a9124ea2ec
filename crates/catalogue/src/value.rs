//! The values that fields hold, independent of where they came from or go to.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

/// The shape of a value, one for each Rust type that a column can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    Text,
    Integer,
    Decimal,
    Boolean,
    Date,
    Timestamp,
    Uuid,
    List,
    Json,
}

/// One parsed and normalised value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Text(String),
    Integer(i64),
    Decimal(Decimal),
    Boolean(bool),
    Date(Date),
    Timestamp(Timestamp),
    Uuid(Uuid),
    List(Vec<String>),
    Json(Json),
}

/// A Rust type that a [`crate::Col`] may carry, with the conversions between it and [`Value`].
pub trait ColumnType: Sized {
    /// The shape that the field's kind must have.
    const VALUE_TYPE: ValueType;
    /// The typed value, `None` for null or for a value of another shape.
    fn from_value(value: &Value) -> Option<Self>;
    /// The value to store.
    fn into_value(self) -> Value;
}

macro_rules! column_type {
    ($type:ty, $variant:ident) => {
        impl ColumnType for $type {
            const VALUE_TYPE: ValueType = ValueType::$variant;
            fn from_value(value: &Value) -> Option<Self> {
                if let Value::$variant(inner) = value {
                    Some(inner.clone())
                } else {
                    None
                }
            }
            fn into_value(self) -> Value {
                Value::$variant(self)
            }
        }
    };
}

column_type!(String, Text);
column_type!(i64, Integer);
column_type!(Decimal, Decimal);
column_type!(bool, Boolean);
column_type!(Date, Date);
column_type!(Timestamp, Timestamp);
column_type!(Uuid, Uuid);
column_type!(Vec<String>, List);
column_type!(Json, Json);

impl Value {
    /// Whether the value is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The value as the outside sees it: decimals as strings, times as RFC 3339 in UTC.
    pub fn to_json(&self) -> Json {
        match self {
            Value::Null => Json::Null,
            Value::Text(text) => Json::String(text.clone()),
            Value::Integer(number) => Json::from(*number),
            Value::Decimal(number) => Json::String(number.to_string()),
            Value::Boolean(flag) => Json::Bool(*flag),
            Value::Date(date) => Json::String(date.to_string()),
            Value::Timestamp(time) => Json::String(time.to_string()),
            Value::Uuid(id) => Json::String(id.to_string()),
            Value::List(items) => Json::from(items.clone()),
            Value::Json(json) => json.clone(),
        }
    }

    /// The value in PostgreSQL's text form, `None` for null. Used by every writer: single rows,
    /// bulk statements and COPY share this one encoding.
    pub fn to_database_text(&self) -> Option<String> {
        Some(match self {
            Value::Null => return None,
            Value::Text(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Decimal(number) => number.to_string(),
            Value::Boolean(flag) => if *flag { "t" } else { "f" }.to_owned(),
            Value::Date(date) => date.to_string(),
            Value::Timestamp(time) => time.to_string(),
            Value::Uuid(id) => id.to_string(),
            Value::List(items) => array_literal(items),
            Value::Json(json) => json.to_string(),
        })
    }
}

/// A `text[]` in PostgreSQL's literal form: every element quoted, quotes and backslashes escaped.
fn array_literal(items: &[String]) -> String {
    let mut out = String::from("{");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push('"');
        for character in item.chars() {
            if matches!(character, '"' | '\\') {
                out.push('\\');
            }
            out.push(character);
        }
        out.push('"');
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn array_literals_escape_quotes_and_backslashes() {
        let items = vec![r#"a"b"#.to_owned(), r"c\d".to_owned(), "e,{f}".to_owned()];
        assert_eq!(array_literal(&items), r#"{"a\"b","c\\d","e,{f}"}"#);
        assert_eq!(array_literal(&[]), "{}");
    }

    #[test]
    fn a_typed_read_refuses_another_shape() {
        assert_eq!(i64::from_value(&Value::Integer(4)), Some(4));
        assert_eq!(i64::from_value(&Value::Text("4".to_owned())), None);
        assert_eq!(String::from_value(&Value::Null), None);
    }
}
