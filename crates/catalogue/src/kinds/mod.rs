//! From what the outside sends to a normalised [`Value`], one small file per family of kinds.
//!
//! The same functions serve JSON bodies, query parameters and imported cells, so a value that one
//! door accepts is accepted and stored alike by every other.

mod address;
mod choice;
mod contact;
mod number;
mod place;
mod text;
mod time;

use jiff::Zoned;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::fault::Fault;
use crate::field::AnyField;
use crate::kind::Kind;
use crate::storable;
use crate::value::Value;

/// What parsing may depend on besides the input.
#[derive(Clone, Debug)]
pub struct ParseContext {
    /// Now, in the user's time zone: relative dates count from here.
    pub now: Zoned,
    /// Who asks: the value of `me`.
    pub user_id: Uuid,
    /// ISO 3166-1 alpha-2: phone numbers without a country code are read as this country's.
    pub region: Option<String>,
}

/// Parses one JSON value for a field. Null is accepted here; whether the field may be null is the
/// check's question, which also knows the record's other fields.
///
/// # Errors
/// A [`Fault`] that names the field, what was wrong and what to send instead.
pub fn parse(field: &AnyField<'_>, json: &Json, context: &ParseContext) -> Result<Value, Fault> {
    if json.is_null() {
        return Ok(Value::Null);
    }
    storable(json)
        .and_then(|()| parse_kind(field, json, context))
        .map_err(|fault| fault.at(field.name()))
}

/// Refuses what no column could hold, wherever in the value it stands.
fn storable(json: &Json) -> Result<(), Fault> {
    match json {
        Json::String(text) => storable::text(text),
        Json::Array(_) | Json::Object(_) => match storable::json(json).into_iter().next() {
            Some(fault) => Err(fault),
            None => Ok(()),
        },
        Json::Null | Json::Bool(_) | Json::Number(_) => Ok(()),
    }
}

/// Parses text from a query parameter or a file's cell. Blank text is null.
///
/// # Errors
/// As [`parse`].
pub fn parse_text(
    field: &AnyField<'_>,
    text: &str,
    context: &ParseContext,
) -> Result<Value, Fault> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Value::Null);
    }
    let json = match field.kind() {
        Kind::Address | Kind::Json | Kind::CustomFields => serde_json::from_str(trimmed)
            .map_err(|_| Fault::new("not_json", "is not valid JSON").at(field.name()))?,
        Kind::MultiChoice | Kind::Tags => Json::from(
            trimmed
                .split([',', ';', '|'])
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .collect::<Vec<_>>(),
        ),
        Kind::Text
        | Kind::LongText
        | Kind::Email
        | Kind::Phone
        | Kind::Url
        | Kind::Integer
        | Kind::Percent
        | Kind::Decimal
        | Kind::Money
        | Kind::Boolean
        | Kind::Date
        | Kind::Timestamp
        | Kind::Choice
        | Kind::Reference
        | Kind::AnyReference
        | Kind::User
        | Kind::Currency
        | Kind::Country
        | Kind::Color
        | Kind::Uuid => Json::String(trimmed.to_owned()),
    };
    parse(field, &json, context)
}

fn parse_kind(field: &AnyField<'_>, json: &Json, context: &ParseContext) -> Result<Value, Fault> {
    match field.kind() {
        Kind::Text => text::single_line(field, json),
        Kind::LongText => text::long(field, json),
        Kind::Email => contact::email(field, json),
        Kind::Phone => contact::phone(json, context.region.as_deref()),
        Kind::Url => contact::url(field, json),
        Kind::Integer => number::integer(field, json),
        Kind::Percent => number::percent(field, json),
        Kind::Decimal | Kind::Money => {
            number::decimal(field, json, field.places().unwrap_or_default())
        }
        Kind::Boolean => choice::boolean(json),
        Kind::Date => time::date(json, context),
        Kind::Timestamp => time::timestamp(json, context),
        Kind::Choice => choice::single(field, json),
        Kind::MultiChoice => choice::several(field, json),
        Kind::Tags => choice::tags(json),
        Kind::Reference | Kind::AnyReference | Kind::Uuid => choice::id(json),
        Kind::User => choice::user(json, context),
        Kind::Currency => place::currency(json),
        Kind::Country => place::country(json),
        Kind::Address => address::address(json),
        Kind::Json | Kind::CustomFields => text::json(json),
        Kind::Color => text::color(json),
    }
}

/// The text in a JSON string; numbers are taken as written, because people type them unquoted.
fn as_text(json: &Json) -> Result<String, Fault> {
    match json {
        Json::String(text) => Ok(text.clone()),
        Json::Number(number) => Ok(number.to_string()),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => {
            Err(Fault::new("not_text", "must be text"))
        }
    }
}

/// Refuses text that is too long, counting characters as people do.
fn within_length(field: &AnyField<'_>, text: &str) -> Result<(), Fault> {
    if let Some(limit) = field.max_length() {
        let length = text.chars().count();
        if length > limit as usize {
            return Err(Fault::new(
                "too_long",
                format!("has {length} characters; at most {limit} are allowed"),
            ));
        }
    }
    Ok(())
}
