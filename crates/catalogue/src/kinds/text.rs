//! Plain text, long text, free JSON and colours.

use serde_json::Value as Json;

use super::{as_text, within_length};
use crate::fault::Fault;
use crate::field::AnyField;
use crate::value::Value;

/// Free JSON may be this large when written out, in bytes.
const JSON_LIMIT: usize = 65_536;

/// The design system's hues.
const HUES: &[&str] = &[
    "gray", "red", "orange", "amber", "green", "teal", "blue", "violet", "pink",
];

/// One line: control characters become spaces, outer blanks go, blank is null.
pub(super) fn single_line(field: &AnyField<'_>, json: &Json) -> Result<Value, Fault> {
    let raw = as_text(json)?;
    let cleaned: String = raw
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
    within_length(field, text)?;
    Ok(if text.is_empty() {
        Value::Null
    } else {
        Value::Text(text.to_owned())
    })
}

/// Several lines: line ends become `\n`, other control characters but tabs go.
pub(super) fn long(field: &AnyField<'_>, json: &Json) -> Result<Value, Fault> {
    let raw = as_text(json)?;
    let text: String = raw
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(|character| matches!(character, '\n' | '\t') || !character.is_control())
        .collect();
    let text = text.trim();
    within_length(field, text)?;
    Ok(if text.is_empty() {
        Value::Null
    } else {
        Value::Text(text.to_owned())
    })
}

/// Any JSON object or list, bounded in size.
pub(super) fn json(json: &Json) -> Result<Value, Fault> {
    if !(json.is_object() || json.is_array()) {
        return Err(Fault::new("not_an_object", "must be a JSON object or list"));
    }
    let written = json.to_string();
    if written.len() > JSON_LIMIT {
        return Err(Fault::new(
            "too_large",
            format!(
                "is {} bytes of JSON; at most {JSON_LIMIT} are allowed",
                written.len()
            ),
        ));
    }
    Ok(Value::Json(json.clone()))
}

/// A hue of the design system or `#rrggbb`.
pub(super) fn color(json: &Json) -> Result<Value, Fault> {
    let text = as_text(json)?.trim().to_lowercase();
    let hexadecimal = text.strip_prefix('#').is_some_and(|digits| {
        digits.len() == 6 && digits.chars().all(|digit| digit.is_ascii_hexdigit())
    });
    if hexadecimal || HUES.contains(&text.as_str()) {
        return Ok(Value::Text(text));
    }
    Err(Fault::new(
        "not_a_color",
        format!(
            "must be one of {} or a colour such as #6366f1",
            HUES.join(", ")
        ),
    ))
}
