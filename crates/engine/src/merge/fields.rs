//! What the record that stays will say.

use std::collections::HashMap;

use kith_catalogue::access::Action;
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::value::Value;
use serde_json::{Map, Value as Json};

use super::Side;
use crate::caller::Caller;
use crate::write::{Change, Draft};

/// Tags that a record may have.
const MOST_TAGS: usize = 50;

/// Takes over what was chosen, and what `mine` lacks.
pub(super) fn choose(
    mine: &mut Change<Draft>,
    theirs: &Change<Draft>,
    caller: &Caller,
    sides: &HashMap<String, Side>,
    faults: &mut Faults,
) {
    let entity = mine.entity;
    for name in sides.keys() {
        let known = match name.strip_prefix("custom.") {
            Some(key) => entity.extensible && caller.overlay.get(entity.name, key).is_some(),
            None => entity.field(name).is_some(),
        };
        if !known {
            let message = format!("is not a field of {}", entity.path);
            faults.push(Fault::new("unknown_field", message).at(name));
        }
    }
    for field in entity.all_fields() {
        let side = sides.get(field.name).copied();
        if field.kind == Kind::CustomFields {
            if let Some(values) = custom_fields(mine, theirs, side, sides) {
                mine.put(field.name, values);
            }
            continue;
        }
        if !matches!(field.writer, Writer::Editor | Writer::Assigner) {
            if side == Some(Side::Theirs) {
                faults.push(Fault::new("read_only", "cannot be chosen").at(field.name));
            }
            continue;
        }
        let (standing, other) = (mine.after(field.name).clone(), theirs.after(field.name));
        let value = match side {
            Some(Side::Theirs) => other.clone(),
            None if field.kind == Kind::Tags => tags(&standing, other),
            None if fills(mine, theirs, field, caller) => other.clone(),
            Some(Side::Mine) | None => continue,
        };
        // A record does not come to hang below itself.
        if value == Value::Uuid(mine.id()) && field.reference == Some(entity.name) {
            if side == Some(Side::Theirs) {
                let message = "points at the record that stays; keep its own";
                faults.push(Fault::new("own_record", message).at(field.name));
            }
            continue;
        }
        if value != standing {
            mine.put(field.name, value);
        }
    }
}

/// Whether a field that nobody spoke of is taken over: there is nothing, and the other has something.
fn fills(mine: &Change<Draft>, theirs: &Change<Draft>, field: &Field, caller: &Caller) -> bool {
    if !is_empty(mine.after(field.name)) || is_empty(theirs.after(field.name)) {
        return false;
    }
    // An amount says nothing without its currency.
    if let Some(currency) = field.currency {
        let (own, other) = (mine.after(currency), theirs.after(currency));
        if !is_empty(own) && own != other {
            return false;
        }
    }
    // Giving a record to someone else is a permission of its own.
    field.writer != Writer::Assigner
        || *theirs.after(field.name) == Value::Uuid(caller.principal.user_id)
        || caller.grants.allows(mine.entity.resource, Action::Assign)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.trim().is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Json(Json::Object(members)) => members.is_empty(),
        Value::Json(Json::Array(items)) => items.is_empty(),
        Value::Json(_)
        | Value::Integer(_)
        | Value::Decimal(_)
        | Value::Boolean(_)
        | Value::Date(_)
        | Value::Timestamp(_)
        | Value::Uuid(_) => false,
    }
}

/// The tags of both, each once however it is written, one's own first.
fn tags(mine: &Value, theirs: &Value) -> Value {
    let mut all: Vec<String> = Vec::new();
    for value in [mine, theirs] {
        let Value::List(items) = value else {
            continue;
        };
        for item in items {
            let known = all
                .iter()
                .any(|tag| tag.to_lowercase() == item.to_lowercase());
            if !known && all.len() < MOST_TAGS {
                all.push(item.clone());
            }
        }
    }
    Value::List(all)
}

/// The organization's own fields, each chosen by itself; `None` when nothing changes.
fn custom_fields(
    mine: &Change<Draft>,
    theirs: &Change<Draft>,
    side: Option<Side>,
    sides: &HashMap<String, Side>,
) -> Option<Value> {
    let object = |change: &Change<Draft>| match change.after("custom_fields") {
        Value::Json(Json::Object(members)) => members.clone(),
        _ => Map::new(),
    };
    let (standing, other) = (object(mine), object(theirs));
    let mut values = standing.clone();
    for (key, value) in &other {
        let chosen = sides.get(&format!("custom.{key}")).copied().or(side);
        match chosen {
            Some(Side::Mine) => {}
            Some(Side::Theirs) => {
                values.insert(key.clone(), value.clone());
            }
            None => {
                if values.get(key).is_none_or(Json::is_null) {
                    values.insert(key.clone(), value.clone());
                }
            }
        }
    }
    // What the other has not is theirs too.
    values.retain(|key, _| {
        let chosen = sides.get(&format!("custom.{key}")).copied().or(side);
        chosen != Some(Side::Theirs) || other.contains_key(key)
    });
    (values != standing).then(|| Value::Json(Json::Object(values)))
}
