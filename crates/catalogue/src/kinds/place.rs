//! Currencies (ISO 4217) and countries (ISO 3166-1).

use iso_currency::Currency;
use serde_json::Value as Json;

use super::as_text;
use crate::fault::Fault;
use crate::value::Value;

#[path = "countries.rs"]
mod countries;

/// A currency by its three-letter code.
pub(super) fn currency(json: &Json) -> Result<Value, Fault> {
    let text = as_text(json)?.trim().to_uppercase();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    Currency::from_code(&text)
        .map(|currency| Value::Text(currency.code().to_owned()))
        .ok_or_else(|| {
            Fault::new(
                "not_a_currency",
                "must be a currency code such as USD or EUR",
            )
        })
}

/// A country by its two-letter code or English name.
pub(super) fn country(json: &Json) -> Result<Value, Fault> {
    let text = as_text(json)?;
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    country_code(text)
        .map(|code| Value::Text(code.to_owned()))
        .ok_or_else(|| {
            Fault::new(
                "not_a_country",
                "must be a country code such as DE or a country's English name",
            )
        })
}

/// The code of a country, from its code, its English name or a usual short form.
pub(super) fn country_code(text: &str) -> Option<&'static str> {
    countries::COUNTRIES
        .iter()
        .find(|(code, name, also)| {
            code.eq_ignore_ascii_case(text)
                || name.eq_ignore_ascii_case(text)
                || also.iter().any(|word| word.eq_ignore_ascii_case(text))
        })
        .map(|(code, _, _)| *code)
}
