//! The check: the only maker of [`Checked`] changes. Pure; nothing changes a value after it.

use std::marker::PhantomData;

use kith_catalogue::access::Action;
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Field, Writer};
use kith_catalogue::value::Value;
use serde_json::Value as Json;

use super::change::{Change, Checked, Draft};
use crate::caller::Caller;
use crate::rules::Rules;

/// Checks one change; the faults found before (parsing, references) count too.
pub(crate) fn check(
    change: Change<Draft>,
    caller: &Caller,
    rules: &dyn Rules,
    faults: &mut Faults,
) -> Option<Change<Checked>> {
    for field in change.entity.all_fields() {
        if field.required && change.after(field.name).is_null() && !faults.has(field.name) {
            faults.push(
                Fault::new("required", format!("{} is required", field.label)).at(field.name),
            );
        }
        if let Some(choice) = field.entity_field {
            check_pair(&change, field, choice, faults);
        }
        if field.writer == Writer::Assigner {
            check_assignment(&change, caller, field.name, faults);
        }
    }
    if change.entity.extensible {
        check_custom(&change, caller, faults);
    }
    rules.check(&change, faults);
    if !faults.is_empty() {
        return None;
    }
    Some(Change {
        entity: change.entity,
        id: change.id,
        new: change.new,
        old: change.old,
        state: PhantomData,
    })
}

/// A record of any entity is named by both its entity and its id, or by neither.
fn check_pair(
    change: &Change<Draft>,
    field: &'static Field,
    choice: &'static str,
    faults: &mut Faults,
) {
    let missing = match (change.after(choice), change.after(field.name)) {
        (Value::Null, Value::Null) => return,
        (Value::Null, _) => choice,
        (_, Value::Null) => field.name,
        _ => return,
    };
    if !faults.has(missing) {
        faults.push(
            Fault::new(
                "required",
                format!(
                    "{choice} and {} go together; give both or neither",
                    field.name
                ),
            )
            .at(missing),
        );
    }
}

/// Giving a record to someone else is a permission of its own; taking what nobody owns is not, nor is
/// letting a new record be one's own or nobody's.
fn check_assignment(
    change: &Change<Draft>,
    caller: &Caller,
    name: &'static str,
    faults: &mut Faults,
) {
    let me = Value::Uuid(caller.principal.user_id);
    let after = change.after(name);
    let before = change.old.as_ref().and_then(|old| {
        let index = change
            .entity
            .all_fields()
            .iter()
            .position(|field| field.name == name)?;
        old.get(index)
    });
    let allowed = match before {
        None => after.is_null() || *after == me,
        Some(before) => before == after || before.is_null() && *after == me,
    };
    if !allowed && !caller.grants.allows(change.entity.resource, Action::Assign) {
        faults.push(
            Fault::new(
                "not_permitted",
                "you may not give records to someone else; ask a manager to reassign it",
            )
            .at(name),
        );
    }
}

/// Required custom fields are asked of new records and of changes that touch the custom fields; older
/// records are not held up by a rule that came after them.
fn check_custom(change: &Change<Draft>, caller: &Caller, faults: &mut Faults) {
    let touched = change.is_new()
        || change
            .given()
            .any(|(field, _)| field.name == "custom_fields");
    if !touched {
        return;
    }
    let values = change.after("custom_fields");
    for field in caller.overlay.of(change.entity.name) {
        let present = matches!(values, Value::Json(Json::Object(values)) if values.get(&field.key).is_some_and(|value| !value.is_null()));
        let name = format!("custom.{}", field.key);
        if field.required && !present && !faults.has(&name) {
            faults.push(Fault::new("required", format!("{} is required", field.label)).at(name));
        }
    }
}
