//! A postal address.

use serde_json::{Map, Value as Json};

use super::place::country_code;
use crate::fault::Fault;
use crate::value::Value;

/// The parts of an address and how many characters each may have.
const PARTS: &[(&str, usize)] = &[
    ("line1", 255),
    ("line2", 255),
    ("city", 100),
    ("state", 100),
    ("postal_code", 20),
    ("country", 2),
];

/// An object of known parts; blank parts are left out, an empty address is null. The country is a
/// code, also given by name.
pub(super) fn address(json: &Json) -> Result<Value, Fault> {
    let Json::Object(given) = json else {
        return Err(Fault::new(
            "not_an_address",
            "must be an object with line1, line2, city, state, postal_code and country",
        ));
    };
    if let Some(unknown) = given
        .keys()
        .find(|key| !PARTS.iter().any(|(part, _)| part == key))
    {
        return Err(Fault::new(
            "unknown_part",
            format!(
                "has no part \"{unknown}\"; its parts are line1, line2, city, state, postal_code and country"
            ),
        ));
    }
    let mut address = Map::new();
    for (part, limit) in PARTS {
        let text = match given.get(*part) {
            None | Some(Json::Null) => continue,
            Some(Json::String(text)) => text,
            Some(Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
                return Err(Fault::new("not_text", format!("{part} must be text")));
            }
        };
        let cleaned: String = text
            .chars()
            .map(|character| {
                if character.is_control() {
                    ' '
                } else {
                    character
                }
            })
            .collect();
        let text = cleaned.trim();
        if text.is_empty() {
            continue;
        }
        let text = if *part == "country" {
            country_code(text).ok_or_else(|| {
                Fault::new(
                    "not_a_country",
                    "country must be a code such as DE or a country's English name",
                )
            })?
        } else {
            text
        };
        if text.chars().count() > *limit {
            return Err(Fault::new(
                "too_long",
                format!("{part} has at most {limit} characters"),
            ));
        }
        address.insert((*part).to_owned(), Json::String(text.to_owned()));
    }
    Ok(if address.is_empty() {
        Value::Null
    } else {
        Value::Json(Json::Object(address))
    })
}
