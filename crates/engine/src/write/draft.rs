//! From JSON to a draft: every known field parsed, every unknown one refused, every fault kept.

use std::marker::PhantomData;

use kith_catalogue::entity::Entity;
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{AnyField, Default, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::kinds::{ParseContext, parse};
use kith_catalogue::value::Value;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::change::{Change, Draft};
use crate::caller::Caller;
use crate::mask::Mask;

/// A draft of a new record, with the defaults filled in and an id made where none is given.
pub(super) fn draft_new(
    entity: &'static Entity,
    caller: &Caller,
    context: &ParseContext,
    id: Option<Uuid>,
    body: &Json,
    faults: &mut Faults,
) -> Change<Draft> {
    let mut change = empty(entity, id.unwrap_or_else(Uuid::now_v7), None);
    read_body(&mut change, caller, context, body, faults);
    for (index, field) in entity.all_fields().iter().enumerate() {
        if change.new.get(index).is_some_and(Option::is_none)
            && let Some(value) = default_of(field, caller)
            && let Some(slot) = change.new.get_mut(index)
        {
            *slot = Some(value);
        }
    }
    if entity.extensible {
        fill_custom_defaults(&mut change, caller, body);
    }
    change
}

/// A draft of a change to a record that stands.
pub(super) fn draft_change(
    entity: &'static Entity,
    caller: &Caller,
    context: &ParseContext,
    id: Uuid,
    old: Vec<Value>,
    body: &Json,
    faults: &mut Faults,
) -> Change<Draft> {
    let mut change = empty(entity, id, Some(old));
    read_body(&mut change, caller, context, body, faults);
    change
}

/// A draft of part of a new record: what the body says, and nothing else.
pub(crate) fn draft_partly(
    entity: &'static Entity,
    caller: &Caller,
    body: &Json,
    faults: &mut Faults,
) -> Change<Draft> {
    let mut change = empty(entity, Uuid::now_v7(), None);
    read_body(&mut change, caller, &caller.parse_context(), body, faults);
    change
}

/// What a draft says, by column.
pub(crate) fn draft_values(change: &Change<Draft>) -> Map<String, Json> {
    change
        .given()
        .map(|(field, value)| (field.name.to_owned(), value.to_json()))
        .collect()
}

/// A draft of a change that says nothing yet.
pub(crate) fn draft_nothing(
    entity: &'static Entity,
    id: Uuid,
    standing: Vec<Value>,
) -> Change<Draft> {
    empty(entity, id, Some(standing))
}

fn empty(entity: &'static Entity, id: Uuid, old: Option<Vec<Value>>) -> Change<Draft> {
    Change {
        entity,
        id,
        new: vec![None; entity.all_fields().len()],
        old,
        state: PhantomData,
    }
}

fn default_of(field: &Field, caller: &Caller) -> Option<Value> {
    Some(match field.default {
        Default::None => return None,
        Default::Text(text) => Value::Text(text.to_owned()),
        Default::Integer(number) if matches!(field.kind, Kind::Decimal | Kind::Money) => {
            Value::Decimal(number.into())
        }
        Default::Integer(number) => Value::Integer(number),
        Default::Boolean(flag) => Value::Boolean(flag),
        Default::Empty if matches!(field.kind, Kind::Tags | Kind::MultiChoice) => {
            Value::List(Vec::new())
        }
        Default::Empty => Value::Json(Json::Object(Map::new())),
        Default::CurrentUser => Value::Uuid(caller.principal.user_id),
        Default::BaseCurrency => Value::Text(caller.base_currency.clone()),
    })
}

fn read_body(
    change: &mut Change<Draft>,
    caller: &Caller,
    context: &ParseContext,
    body: &Json,
    faults: &mut Faults,
) {
    let Json::Object(members) = body else {
        faults.push(Fault::new(
            "not_an_object",
            "the record must be a JSON object",
        ));
        return;
    };
    let entity = change.entity;
    let creating = change.is_new();
    let mask = Mask::of(caller, entity.name);
    for (name, json) in members {
        let Some(field) = entity.field(name) else {
            faults.push(
                Fault::new(
                    "unknown_field",
                    format!("is not a field of {}", entity.path),
                )
                .at(name),
            );
            continue;
        };
        if !(if creating {
            field.writable_on_create()
        } else {
            field.writable_on_update()
        }) {
            // A record that was read may be sent back as it is.
            if !creating && change.after(name).to_json() == *json || creating && json.is_null() {
                continue;
            }
            faults.push(Fault::new("read_only", "cannot be set").at(name));
            continue;
        }
        if creating && mask.withholds(field) {
            if !json.is_null() {
                faults.push(Fault::new("masked", "is hidden from you and cannot be set").at(name));
            }
            continue;
        }
        if !creating && mask.hides(field) {
            // Sending back what was shown changes nothing; anything else would replace what is not seen.
            if mask.shown(field, change.after(name).to_json()) != *json {
                faults
                    .push(Fault::new("masked", "is masked for you and cannot be changed").at(name));
            }
            continue;
        }
        let parsed = match field.kind {
            Kind::CustomFields => custom_fields(change, caller, context, json, faults),
            // RFC 7396: the parts given change, the parts absent stay.
            Kind::Address if !creating => parse(
                &AnyField::Column(field),
                &merged(change.after(name), json),
                context,
            ),
            _ => parse(&AnyField::Column(field), json, context),
        };
        match parsed {
            // An empty list or object is what these hold when they hold nothing.
            Ok(Value::Null) if field.default == Default::Empty => {
                if let Some(value) = default_of(field, caller) {
                    change.put(name, value);
                }
            }
            Ok(value) => change.put(name, value),
            Err(fault) => faults.push(fault),
        }
    }
}

/// An object with the given members over the standing ones; null removes.
fn merged(standing: &Value, given: &Json) -> Json {
    let (Value::Json(Json::Object(old)), Json::Object(new)) = (standing, given) else {
        return given.clone();
    };
    let mut merged = old.clone();
    for (key, value) in new {
        if value.is_null() {
            merged.remove(key);
        } else {
            merged.insert(key.clone(), value.clone());
        }
    }
    Json::Object(merged)
}

/// Parses the organization's own fields; what is not mentioned stays, null removes.
fn custom_fields(
    change: &Change<Draft>,
    caller: &Caller,
    context: &ParseContext,
    json: &Json,
    faults: &mut Faults,
) -> Result<Value, Fault> {
    let given = match json {
        Json::Null => return Ok(change.after("custom_fields").clone()),
        Json::Object(given) => given,
        Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            return Err(Fault::new(
                "not_an_object",
                "must be an object of the organization's own fields",
            )
            .at("custom_fields"));
        }
    };
    let mut values = match change.after("custom_fields") {
        Value::Json(Json::Object(standing)) => standing.clone(),
        _ => Map::new(),
    };
    for (key, json) in given {
        let Some(field) = caller.overlay.get(change.entity.name, key) else {
            faults.push(
                Fault::new(
                    "unknown_field",
                    format!("is not a custom field of {}", change.entity.path),
                )
                .at(format!("custom.{key}")),
            );
            continue;
        };
        match parse(&AnyField::Custom(field), json, context) {
            Ok(Value::Null) => {
                values.remove(key);
            }
            Ok(value) => {
                values.insert(key.clone(), value.to_json());
            }
            Err(fault) => faults.push(fault),
        }
    }
    Ok(Value::Json(Json::Object(values)))
}

fn fill_custom_defaults(change: &mut Change<Draft>, caller: &Caller, body: &Json) {
    let fields = caller.overlay.of(change.entity.name);
    if fields.iter().all(|field| field.default.is_null()) {
        return;
    }
    let mut values = match change.after("custom_fields") {
        Value::Json(Json::Object(values)) => values.clone(),
        _ => Map::new(),
    };
    for field in fields {
        // Null says that there is nothing, as it does for every other field.
        let emptied = body
            .get("custom_fields")
            .and_then(|given| given.get(&field.key))
            .is_some_and(Json::is_null);
        if !field.default.is_null() && !emptied && !values.contains_key(&field.key) {
            values.insert(field.key.clone(), field.default.to_json());
        }
    }
    change.put("custom_fields", Value::Json(Json::Object(values)));
}
