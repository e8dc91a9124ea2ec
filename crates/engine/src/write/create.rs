//! Making records: the whole path on one screen.

use std::collections::HashMap;

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::Field;
use kith_store::Tx;
use serde_json::Value as Json;
use uuid::Uuid;

use super::change::{Change, Checked, Draft};
use super::check::check;
use super::constraints::explain;
use super::draft::draft_new;
use super::parts;
use super::references::check_references;
use super::statement::{insert, is_absent};
use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;
use crate::read::{RecordJson, Selection, read_within, records};
use crate::rules::Batch;

/// Makes records, all or none. What a record consists of may be given with it, by the name of the child list.
///
/// # Errors
/// [`EngineError::InvalidRows`] with every fault of every record.
pub async fn create(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    bodies: &[Json],
) -> Result<Vec<RecordJson>, EngineError> {
    let Some(taken) = parts::take(engine.catalogue, entity, bodies) else {
        let prepared = prepare_create(engine, tx, caller, entity, bodies).await?;
        return create_prepared(engine, tx, caller, entity, prepared).await;
    };
    let mut prepared = prepare_create(engine, tx, caller, entity, &taken.bodies).await?;
    if !prepared.faults.is_empty() || !taken.faults.is_empty() {
        let of_parts = taken.parts.iter().flat_map(|parts| parts.faults(caller));
        for (record, fault) in taken.faults.into_iter().chain(of_parts) {
            prepared.faults.push((record, vec![fault]));
        }
        return Err(EngineError::InvalidRows(prepared.faults));
    }
    let made = create_prepared(engine, tx, caller, entity, prepared).await?;
    let ids: Vec<Uuid> = made.iter().map(|record| record.id).collect();
    for parts in taken.parts {
        parts.create(engine, tx, caller, &ids).await?;
    }
    // The record may follow from its parts, as totals do.
    let mut standing = read_within(engine, tx, caller, entity, ids.clone()).await?;
    standing.sort_by_key(|record| ids.iter().position(|id| *id == record.id));
    Ok(if standing.len() == made.len() {
        standing
    } else {
        made
    })
}

/// Writes prepared records, unless something is wrong with one.
async fn create_prepared(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    prepared: PreparedRows,
) -> Result<Vec<RecordJson>, EngineError> {
    if !prepared.faults.is_empty() {
        return Err(EngineError::InvalidRows(prepared.faults));
    }
    let changes: Vec<Change<Checked>> = prepared
        .rows
        .into_iter()
        .map(|(_, change)| change)
        .collect();
    create_checked(engine, tx, caller, entity, &changes).await
}

/// What became of each of several drafts: the index it had, and the change or its faults.
pub(crate) struct PreparedRows {
    pub rows: Vec<(usize, Change<Checked>)>,
    pub faults: Vec<(usize, Vec<Fault>)>,
}

/// Drafts, prepares and checks new records without writing them.
pub(crate) async fn prepare_create(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    bodies: &[Json],
) -> Result<PreparedRows, EngineError> {
    prepare_create_as(engine, tx, caller, entity, bodies, &[]).await
}

/// The same for records that bring their ids along, by position; where there is none, one is made.
pub(crate) async fn prepare_create_as(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    bodies: &[Json],
    ids: &[Option<Uuid>],
) -> Result<PreparedRows, EngineError> {
    if !entity.verbs.create {
        return Err(EngineError::Refused {
            field: None,
            message: format!("{} cannot be created", entity.path),
        });
    }
    caller.require(entity, Action::Create)?;
    let context = caller.parse_context();
    let mut faults: Vec<Faults> = bodies.iter().map(|_| Faults::new()).collect();
    let mut drafts: Vec<Change<Draft>> = bodies
        .iter()
        .zip(&mut faults)
        .enumerate()
        .map(|(index, (body, faults))| {
            let id = ids.get(index).copied().flatten();
            draft_new(entity, caller, &context, id, body, faults)
        })
        .collect();
    let rules = engine.rules.of(entity);
    rules
        .prepare(Batch {
            tx,
            caller,
            catalogue: engine.catalogue,
            entity,
            changes: &mut drafts,
        })
        .await?;
    check_references(tx, engine.catalogue, caller, &mut drafts, &mut faults).await?;
    let mut prepared = PreparedRows {
        rows: Vec::with_capacity(drafts.len()),
        faults: Vec::new(),
    };
    for (index, (draft, mut faults)) in drafts.into_iter().zip(faults).enumerate() {
        match check(draft, caller, rules, &mut faults) {
            Some(change) => prepared.rows.push((index, change)),
            None => prepared.faults.push((index, faults.into_vec())),
        }
    }
    Ok(prepared)
}

/// The columns that at least one of the changes gives a value, the id first.
pub(crate) fn insert_columns(
    entity: &'static Entity,
    changes: &[&Change<Checked>],
) -> Vec<&'static Field> {
    entity
        .all_fields()
        .iter()
        .copied()
        .enumerate()
        .filter(|(index, field)| {
            field.name == "id" || changes.iter().any(|change| gives_value(change, *index))
        })
        .map(|(_, field)| field)
        .collect()
}

/// Rows parted into those that one statement can write: a statement names its columns for all of its rows, and in one
/// that is named nothing is left to the database. Mostly that is one part.
pub(crate) fn alike<'a>(
    entity: &'static Entity,
    changes: &'a [Change<Checked>],
) -> Vec<Vec<&'a Change<Checked>>> {
    let left_by_some: Vec<usize> = entity
        .all_fields()
        .iter()
        .enumerate()
        .filter(|(index, field)| {
            let given = changes
                .iter()
                .filter(|change| gives_value(change, *index))
                .count();
            field.is_never_left_empty() && given > 0 && given < changes.len()
        })
        .map(|(index, _)| index)
        .collect();
    let mut parts: Vec<(Vec<bool>, Vec<&Change<Checked>>)> = Vec::new();
    for change in changes {
        let given: Vec<bool> = left_by_some
            .iter()
            .map(|index| gives_value(change, *index))
            .collect();
        match parts.iter_mut().find(|(of_part, _)| *of_part == given) {
            Some((_, part)) => part.push(change),
            None => parts.push((given, vec![change])),
        }
    }
    parts.into_iter().map(|(_, part)| part).collect()
}

fn gives_value(change: &Change<Checked>, index: usize) -> bool {
    !is_absent(change.new.get(index).and_then(Option::as_ref))
}

/// Writes checked records and runs the follow-ups.
pub(crate) async fn create_checked(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    changes: &[Change<Checked>],
) -> Result<Vec<RecordJson>, EngineError> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let principal = tx.principal();
    let parts = alike(entity, changes);
    let mut rows = Vec::with_capacity(changes.len());
    for part in &parts {
        let statement = insert(
            entity,
            &insert_columns(entity, part),
            part,
            principal.organization_id,
            principal.user_id,
        );
        let written = tx.query(&statement).await;
        rows.extend(written.map_err(|error| explain(engine.catalogue, entity, error))?);
    }
    let ids: Vec<Uuid> = changes.iter().map(Change::id).collect();
    engine
        .rules
        .of(entity)
        .after_write(tx, caller, &ids)
        .await?;
    let selection = Selection::new(caller, engine.catalogue, entity, None, &[]);
    let mut made = records(&selection, &rows)?;
    if parts.len() > 1 {
        let places: HashMap<Uuid, usize> = ids.into_iter().zip(0..).collect();
        made.sort_by_key(|record| places.get(&record.id).copied());
    }
    Ok(made)
}
