//! Every reference must name a record that the caller may see: foreign keys do not ask row security,
//! so without this a guessed id would tell that a hidden record exists.

use std::collections::{BTreeMap, HashMap, HashSet};

use kith_catalogue::Catalogue;
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::AnyField;
use kith_catalogue::kind::Kind;
use kith_catalogue::value::Value;
use kith_store::types::Type;
use kith_store::{Statement, Tx};
use serde_json::Value as Json;
use uuid::Uuid;

use super::change::{Change, Draft};
use crate::caller::Caller;
use crate::error::EngineError;
use crate::sql::Sql;

/// Looks up all references of a batch, one statement an entity, together in one round trip.
pub(super) async fn check_references(
    tx: &Tx,
    catalogue: &'static Catalogue,
    caller: &Caller,
    changes: &mut [Change<Draft>],
    faults: &mut [Faults],
) -> Result<(), EngineError> {
    let mut wanted: Wanted = BTreeMap::new();
    for change in changes.iter() {
        each_reference(change, caller, |_, entity, id| {
            if let Some(entity) = catalogue.by_name(entity) {
                wanted.entry(entity.name).or_default().insert(id);
            }
        });
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let mut found = look_up(tx, catalogue, &wanted).await?;
    let missing: Wanted = wanted
        .into_iter()
        .map(|(name, ids)| {
            let ids = ids.into_iter().filter(|id| !found.contains(&(name, *id)));
            (name, ids.collect())
        })
        .collect();
    let merged = follow_merges(tx, catalogue, &missing).await?;
    if !merged.is_empty() {
        let targets = merged
            .iter()
            .fold(Wanted::new(), |mut targets, (key, target)| {
                targets.entry(key.0).or_default().insert(*target);
                targets
            });
        found.extend(look_up(tx, catalogue, &targets).await?);
        for change in changes.iter_mut() {
            point_at_merged(change, caller, catalogue, &merged);
        }
    }
    for (change, faults) in changes.iter().zip(faults) {
        each_reference(change, caller, |field, entity, id| {
            if !found
                .iter()
                .any(|(name, known)| *name == entity && *known == id)
            {
                let label = catalogue
                    .by_name(entity)
                    .map_or(entity, |entity| entity.label)
                    .to_lowercase();
                faults.push(
                    Fault::new("no_such_record", format!("there is no such {label}"))
                        .at(field.name()),
                );
            }
        });
    }
    Ok(())
}

/// Ids by the name of their entity.
type Wanted = BTreeMap<&'static str, HashSet<Uuid>>;

/// Those among the records that the caller may see.
async fn look_up(
    tx: &Tx,
    catalogue: &'static Catalogue,
    wanted: &Wanted,
) -> Result<HashSet<(&'static str, Uuid)>, EngineError> {
    let mut found = HashSet::new();
    let mut names = Vec::new();
    let mut statements: Vec<Statement> = Vec::new();
    for (name, ids) in wanted {
        let Some(entity) = catalogue.by_name(name) else {
            continue;
        };
        let mut sql = Sql::new();
        sql.push(&format!(
            "SELECT t.id FROM {} t WHERE t.id = ANY (",
            entity.table
        ));
        sql.bind(ids.iter().copied().collect::<Vec<_>>(), Type::UUID_ARRAY);
        sql.push(")");
        if entity.soft_delete {
            sql.push(" AND t.deleted_at IS NULL");
        }
        names.push(entity.name);
        statements.push(sql.finish());
    }
    for (name, rows) in names.into_iter().zip(tx.query_many(&statements).await?) {
        for row in rows {
            if let Ok(id) = row.try_get::<_, Uuid>(0) {
                found.insert((name, id));
            }
        }
    }
    Ok(found)
}

/// The ids of merged records go on being known: what they mean now.
async fn follow_merges(
    tx: &Tx,
    catalogue: &'static Catalogue,
    missing: &Wanted,
) -> Result<HashMap<(&'static str, Uuid), Uuid>, EngineError> {
    let mut names = Vec::new();
    let mut statements = Vec::new();
    for (name, ids) in missing.iter().filter(|(_, ids)| !ids.is_empty()) {
        if let Some(entity) = catalogue.by_name(name).filter(|entity| entity.merges()) {
            names.push(entity.name);
            statements.push(crate::merge::aliases(entity, ids.iter().copied().collect()));
        }
    }
    let mut merged = HashMap::new();
    if statements.is_empty() {
        return Ok(merged);
    }
    for (name, rows) in names.into_iter().zip(tx.query_many(&statements).await?) {
        for row in rows {
            if let (Ok(id), Ok(target)) = (row.try_get(0), row.try_get(1)) {
                merged.insert((name, id), target);
            }
        }
    }
    Ok(merged)
}

/// Sets references to merged records to those that stayed.
fn point_at_merged(
    change: &mut Change<Draft>,
    caller: &Caller,
    catalogue: &'static Catalogue,
    merged: &HashMap<(&'static str, Uuid), Uuid>,
) {
    let mut moves: Vec<(String, Uuid)> = Vec::new();
    each_reference(change, caller, |field, entity, id| {
        let name = catalogue.by_name(entity).map(|entity| entity.name);
        if let Some(target) = name.and_then(|name| merged.get(&(name, id))) {
            moves.push((field.name(), *target));
        }
    });
    for (name, target) in moves {
        match name.strip_prefix("custom.") {
            None => change.put(&name, Value::Uuid(target)),
            Some(key) => {
                if let Value::Json(Json::Object(values)) = change.after("custom_fields") {
                    let mut values = values.clone();
                    values.insert(key.to_owned(), Json::String(target.to_string()));
                    change.put("custom_fields", Value::Json(Json::Object(values)));
                }
            }
        }
    }
}

/// Calls for every reference that a change sets anew.
fn each_reference<'a>(
    change: &Change<Draft>,
    caller: &'a Caller,
    mut call: impl FnMut(AnyField<'_>, &'a str, Uuid),
) {
    for (field, value) in change.given() {
        let stands = change.old.is_some() && !changed(change, field.name);
        if let (Some(entity), Value::Uuid(id), false) = (field.reference, value, stands) {
            call(AnyField::Column(field), entity, *id);
        }
        // The record of an entity that another field names; checked anew when either changes.
        if let (Some(choice), Value::Uuid(id)) = (field.entity_field, change.after(field.name))
            && let Value::Text(name) = change.after(choice)
            && (change.old.is_none() || changed(change, field.name) || changed(change, choice))
            && let Some(choice) = change
                .entity
                .field(choice)
                .and_then(|field| field.choices.iter().find(|choice| choice.value == name))
        {
            call(AnyField::Column(field), choice.value, *id);
        }
        if field.kind == Kind::CustomFields
            && let Value::Json(Json::Object(values)) = value
        {
            for custom in caller.overlay.of(change.entity.name) {
                let id = values
                    .get(&custom.key)
                    .and_then(Json::as_str)
                    .and_then(|text| Uuid::try_parse(text).ok());
                let entity = if custom.kind == Kind::User {
                    Some("user")
                } else {
                    custom.reference.as_deref()
                };
                if let (Some(entity), Some(id)) = (entity, id) {
                    call(AnyField::Custom(custom), entity, id);
                }
            }
        }
    }
}

fn changed(change: &Change<Draft>, name: &str) -> bool {
    let index = change
        .entity
        .all_fields()
        .iter()
        .position(|field| field.name == name);
    let old = index.and_then(|index| change.old.as_ref().and_then(|old| old.get(index)));
    old != Some(change.after(name))
}
