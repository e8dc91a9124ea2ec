//! Choices, flags, tags and identifiers.

use serde_json::Value as Json;
use uuid::Uuid;

use super::{ParseContext, as_text};
use crate::fault::Fault;
use crate::field::AnyField;
use crate::value::Value;

/// A record carries at most this many tags.
const TAG_LIMIT: usize = 50;
/// Characters in one tag.
const TAG_LENGTH: usize = 60;

/// true or false, also in the words people use.
pub(super) fn boolean(json: &Json) -> Result<Value, Fault> {
    let fault = || Fault::new("not_a_boolean", "must be true or false");
    match json {
        Json::Bool(flag) => Ok(Value::Boolean(*flag)),
        Json::String(text) => match text.trim().to_lowercase().as_str() {
            "" => Ok(Value::Null),
            "true" | "t" | "yes" | "y" | "1" | "on" | "x" => Ok(Value::Boolean(true)),
            "false" | "f" | "no" | "n" | "0" | "off" => Ok(Value::Boolean(false)),
            _ => Err(fault()),
        },
        Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_) => Err(fault()),
    }
}

/// One of the field's choices, by value, label or another word for it.
pub(super) fn single(field: &AnyField<'_>, json: &Json) -> Result<Value, Fault> {
    let text = as_text(json)?;
    let word = text.trim();
    if word.is_empty() {
        return Ok(Value::Null);
    }
    field
        .choice(word)
        .map(|value| Value::Text(value.to_owned()))
        .ok_or_else(|| unknown_choice(field, word))
}

/// Several of the field's choices, each once, in the order given.
pub(super) fn several(field: &AnyField<'_>, json: &Json) -> Result<Value, Fault> {
    let mut chosen: Vec<String> = Vec::new();
    for item in items(json)? {
        let value = field
            .choice(&item)
            .ok_or_else(|| unknown_choice(field, &item))?;
        if !chosen.iter().any(|other| other == value) {
            chosen.push(value.to_owned());
        }
    }
    Ok(Value::List(chosen))
}

fn unknown_choice(field: &AnyField<'_>, word: &str) -> Fault {
    let shown: String = word.chars().take(60).collect();
    Fault::new(
        "not_a_choice",
        format!(
            "\"{shown}\" is not one of {}",
            field.choice_values().join(", ")
        ),
    )
}

/// Free labels: trimmed, each once regardless of case, in the order given.
pub(super) fn tags(json: &Json) -> Result<Value, Fault> {
    let mut tags: Vec<String> = Vec::new();
    for item in items(json)? {
        let tag: String = item.split_whitespace().collect::<Vec<_>>().join(" ");
        let tag: String = tag
            .chars()
            .filter(|character| !character.is_control())
            .collect();
        if tag.is_empty() {
            continue;
        }
        if tag.chars().count() > TAG_LENGTH {
            return Err(Fault::new(
                "too_long",
                format!("a tag has at most {TAG_LENGTH} characters"),
            ));
        }
        if !tags
            .iter()
            .any(|other| other.to_lowercase() == tag.to_lowercase())
        {
            tags.push(tag);
        }
    }
    if tags.len() > TAG_LIMIT {
        return Err(Fault::new(
            "too_many",
            format!("at most {TAG_LIMIT} tags are allowed"),
        ));
    }
    Ok(Value::List(tags))
}

/// A list of text, or one text standing for a list of one.
fn items(json: &Json) -> Result<Vec<String>, Fault> {
    let fault = || Fault::new("not_a_list", "must be a list of text");
    match json {
        Json::Array(items) => items
            .iter()
            .map(|item| as_text(item).map_err(|_| fault()))
            .collect(),
        Json::String(text) => Ok(vec![text.clone()]),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => Err(fault()),
    }
}

/// The id of a record.
pub(super) fn id(json: &Json) -> Result<Value, Fault> {
    let fault = || Fault::new("not_an_id", "must be the id of a record");
    let text = as_text(json).map_err(|_| fault())?;
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    Uuid::try_parse(text).map(Value::Uuid).map_err(|_| fault())
}

/// The id of a user, or `me`.
pub(super) fn user(json: &Json, context: &ParseContext) -> Result<Value, Fault> {
    if let Json::String(text) = json
        && text.trim() == "me"
    {
        return Ok(Value::Uuid(context.user_id));
    }
    id(json)
}
