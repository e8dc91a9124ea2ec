//! The naive answer: a filter applied to one record in memory. It must agree with the SQL that the
//! engine writes; a property test holds the two together.

use super::{Filter, Operator, Target, Test};
use crate::value::Value;

/// Where the values of a record come from.
pub trait Lookup {
    /// The value of a column (`hop` = none) or of a column of the record it refers to.
    fn value(&self, hop: Option<&str>, target: &Target) -> Value;
}

/// Whether a record passes. Three-valued logic as in SQL: a comparison with null does not hold, and
/// neither does its negation inside `not`, except that `not` of a test that is unknown holds, as
/// people expect of "everything but".
pub fn matches(filter: &Filter, record: &dyn Lookup) -> bool {
    match filter {
        Filter::All(parts) => parts.iter().all(|part| matches(part, record)),
        Filter::Any(parts) => parts.iter().any(|part| matches(part, record)),
        Filter::Not(part) => !matches(part, record),
        Filter::Test(test) => passes(test, record),
    }
}

fn passes(test: &Test, record: &dyn Lookup) -> bool {
    let value = record.value(test.hop.map(|hop| hop.name), &test.target);
    let first = test.values.first();
    if test.operator == Operator::IsNull {
        let empty = value.is_null() || matches!(&value, Value::List(items) if items.is_empty());
        return first == Some(&Value::Boolean(empty));
    }
    if let Value::List(items) = &value {
        let holds = |wanted: &Value| matches!(wanted, Value::Text(text) if items.iter().any(|item| item.to_lowercase() == text.to_lowercase()));
        return match test.operator {
            Operator::Has => first.is_some_and(holds),
            Operator::In => test.values.iter().any(holds),
            Operator::NotIn => !test.values.iter().any(holds),
            _ => false,
        };
    }
    // What is empty differs from every value.
    if value.is_null() {
        return matches!(test.operator, Operator::NotEqual | Operator::NotIn);
    }
    let order = |wanted: &Value| compare(&value, wanted);
    let holds = |accept: fn(std::cmp::Ordering) -> bool| first.and_then(order).is_some_and(accept);
    match test.operator {
        Operator::Equal => holds(std::cmp::Ordering::is_eq),
        Operator::NotEqual => holds(std::cmp::Ordering::is_ne),
        Operator::Greater => holds(std::cmp::Ordering::is_gt),
        Operator::GreaterOrEqual => holds(std::cmp::Ordering::is_ge),
        Operator::Less => holds(std::cmp::Ordering::is_lt),
        Operator::LessOrEqual => holds(std::cmp::Ordering::is_le),
        Operator::In => test
            .values
            .iter()
            .filter_map(order)
            .any(std::cmp::Ordering::is_eq),
        Operator::NotIn => !test
            .values
            .iter()
            .filter_map(order)
            .any(std::cmp::Ordering::is_eq),
        Operator::Between => match test.values.as_slice() {
            [low, high] => {
                order(low).is_some_and(std::cmp::Ordering::is_ge)
                    && order(high).is_some_and(std::cmp::Ordering::is_le)
            }
            _ => false,
        },
        Operator::Contains => {
            text_pair(&value, first).is_some_and(|(text, part)| text.contains(&part))
        }
        Operator::Starts => {
            text_pair(&value, first).is_some_and(|(text, part)| text.starts_with(&part))
        }
        Operator::Has | Operator::IsNull => false,
    }
}

/// Both texts in lower case: search by part does not mind case.
fn text_pair(value: &Value, wanted: Option<&Value>) -> Option<(String, String)> {
    match (value, wanted) {
        (Value::Text(text), Some(Value::Text(part))) => {
            Some((text.to_lowercase(), part.to_lowercase()))
        }
        _ => None,
    }
}

/// Orders two values of one shape.
fn compare(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    Some(match (left, right) {
        (Value::Text(left), Value::Text(right)) => left.cmp(right),
        (Value::Integer(left), Value::Integer(right)) => left.cmp(right),
        (Value::Decimal(left), Value::Decimal(right)) => left.cmp(right),
        (Value::Boolean(left), Value::Boolean(right)) => left.cmp(right),
        (Value::Date(left), Value::Date(right)) => left.cmp(right),
        (Value::Timestamp(left), Value::Timestamp(right)) => left.cmp(right),
        (Value::Uuid(left), Value::Uuid(right)) => left.cmp(right),
        _ => return None,
    })
}
