//! Whole numbers, percentages and exact decimals.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value as Json;

use crate::fault::Fault;
use crate::field::AnyField;
use crate::value::Value;

/// A whole number, as a JSON number or text.
pub(super) fn integer(field: &AnyField<'_>, json: &Json) -> Result<Value, Fault> {
    let fault = || Fault::new("not_an_integer", "must be a whole number");
    let number = match json {
        Json::Number(number) => number
            .as_i64()
            .or_else(|| whole(number.as_f64()))
            .ok_or_else(fault)?,
        Json::String(text) if text.trim().is_empty() => return Ok(Value::Null),
        Json::String(text) => {
            let decimal: Decimal = text.trim().parse().map_err(|_| fault())?;
            if !decimal.fract().is_zero() {
                return Err(fault());
            }
            i64::try_from(decimal.trunc()).map_err(|_| fault())?
        }
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => return Err(fault()),
    };
    within(field, &Decimal::from(number))?;
    Ok(Value::Integer(number))
}

/// A float that is a whole number small enough to be exact.
fn whole(number: Option<f64>) -> Option<i64> {
    let number = number?;
    if number.fract() != 0.0 || number.abs() > 9.0e15 {
        return None;
    }
    format!("{number:.0}").parse().ok()
}

/// 0 to 100, `75` or `"75 %"`.
pub(super) fn percent(field: &AnyField<'_>, json: &Json) -> Result<Value, Fault> {
    match json {
        Json::String(text) => {
            let bare = text.trim().trim_end_matches('%').trim().to_owned();
            integer(field, &Json::String(bare))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            integer(field, json)
        }
    }
}

/// An exact decimal with at most `scale` places. JSON numbers are read from their written form, not
/// through a float.
pub(super) fn decimal(field: &AnyField<'_>, json: &Json, scale: u32) -> Result<Value, Fault> {
    let fault = || Fault::new("not_a_number", "must be a number such as \"1234.50\"");
    let text = match json {
        Json::String(text) => text.trim().to_owned(),
        Json::Number(number) => number.to_string(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => return Err(fault()),
    };
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let number: Decimal = text
        .parse()
        .or_else(|_| Decimal::from_scientific(&text))
        .map_err(|_| fault())?;
    let number = number.normalize();
    if number.scale() > scale {
        return Err(Fault::new(
            "too_precise",
            format!(
                "has {} decimal places; at most {scale} are kept",
                number.scale()
            ),
        ));
    }
    within(field, &number)?;
    // Compared as a whole number of the smallest unit, which has 64 bits.
    let key = number.checked_mul(Decimal::from(10_i64.pow(scale)));
    if key.and_then(|key| key.to_i64()).is_none() {
        return Err(Fault::new(
            "too_large",
            "has more digits before the decimal point than are kept",
        ));
    }
    Ok(Value::Decimal(number))
}

/// Refuses numbers outside the field's bounds.
fn within(field: &AnyField<'_>, number: &Decimal) -> Result<(), Fault> {
    if let Some(min) = field.min()
        && *number < Decimal::from(min)
    {
        return Err(Fault::new("too_small", format!("must be at least {min}")));
    }
    if let Some(max) = field.max()
        && *number > Decimal::from(max)
    {
        return Err(Fault::new("too_large", format!("must be at most {max}")));
    }
    Ok(())
}
