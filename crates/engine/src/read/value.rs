//! From a row to typed values: what rules compare with.

use jiff::Timestamp;
use jiff::civil::Date;
use kith_catalogue::field::Field;
use kith_catalogue::value::{Value, ValueType};
use kith_store::types::{FromSql, Type};
use kith_store::{Row, StoreError};
use rust_decimal::Decimal;
use uuid::Uuid;

fn read<'a, T: FromSql<'a>>(
    row: &'a Row,
    index: usize,
    wrap: fn(T) -> Value,
) -> Result<Value, StoreError> {
    row.try_get::<usize, Option<T>>(index)
        .map(|value| value.map_or(Value::Null, wrap))
        .map_err(|error| StoreError::internal(format!("column {index}: {error}")))
}

/// The values of a row whose columns are these fields, in order.
pub(crate) fn row_values(fields: &[&'static Field], row: &Row) -> Result<Vec<Value>, StoreError> {
    fields
        .iter()
        .enumerate()
        .map(|(index, field)| match field.kind.value_type() {
            ValueType::Text => read::<String>(row, index, Value::Text),
            ValueType::Integer => match *row
                .columns()
                .get(index)
                .map_or(&Type::INT4, |column| column.type_())
            {
                Type::INT8 => read::<i64>(row, index, Value::Integer),
                Type::INT2 => read::<i16>(row, index, |number| Value::Integer(number.into())),
                _ => read::<i32>(row, index, |number| Value::Integer(number.into())),
            },
            ValueType::Decimal => {
                read::<Decimal>(row, index, |number| Value::Decimal(number.normalize()))
            }
            ValueType::Boolean => read::<bool>(row, index, Value::Boolean),
            ValueType::Date => read::<Date>(row, index, Value::Date),
            ValueType::Timestamp => read::<Timestamp>(row, index, Value::Timestamp),
            ValueType::Uuid => read::<Uuid>(row, index, Value::Uuid),
            ValueType::List => read::<Vec<String>>(row, index, Value::List),
            ValueType::Json => read::<serde_json::Value>(row, index, Value::Json),
        })
        .collect()
}
