//! Two records become one, and two again.
//!
//! Here it is decided what the record that stays will say. What points at the other one is moved by the database
//! when the row of the merge is made (`migrations/0021_merge.up.sql`), past the caller's row security but only
//! after it has agreed: rows that the caller cannot see must not be left behind either.

mod fields;
mod undo;

pub use undo::{merges, undo_merge};

use std::collections::HashMap;

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::{Fault, Faults};
use kith_store::types::Type;
use kith_store::{Statement, StoreError, Tx};
use serde::Deserialize;
use uuid::Uuid;

use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;
use crate::read::{RecordJson, read_within};
use crate::rules::Batch;
use crate::write::{PreparedRows, check, draft_nothing, explain, lock, update_prepared};

/// Whose value stays.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// That of the record that stays.
    Mine,
    /// That of the record that goes.
    Theirs,
}

/// A merge as it is asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MergeRequest {
    /// The record that goes.
    pub with: Uuid,
    /// By field, `custom.<key>` for the organization's own. Where nothing is said, the record that stays keeps what
    /// it has and takes over what it lacks; tags are put together.
    #[serde(default)]
    pub fields: HashMap<String, Side>,
}

/// Merges `request.with` into `winner` and answers that one.
///
/// # Errors
/// [`EngineError::NotFound`]; [`EngineError::Forbidden`] unless the caller may change both and delete the one that
/// goes; [`EngineError::Conflict`] when one was merged meanwhile or a rule forbids it; every bad choice of a field.
pub async fn merge(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    winner: Uuid,
    request: &MergeRequest,
) -> Result<RecordJson, EngineError> {
    require(caller, entity)?;
    let loser = request.with;
    if loser == winner {
        return Err(Fault::new("same_record", "must be another record")
            .at("with")
            .into());
    }
    let mut standing = lock(tx, entity, &[winner, loser]).await?;
    let (Some(mine), Some(theirs)) = (standing.remove(&winner), standing.remove(&loser)) else {
        return Err(gone(tx, entity, &[winner, loser]).await?);
    };
    let rules = engine.rules.of(entity);
    let mut draft = draft_nothing(entity, winner, mine);
    let other = draft_nothing(entity, loser, theirs);
    if let Some(reason) = rules.refuses_merge(&draft, &other) {
        return Err(EngineError::Conflict {
            field: None,
            message: reason.to_owned(),
        });
    }
    let mut faults = Faults::new();
    fields::choose(&mut draft, &other, caller, &request.fields, &mut faults);
    faults.into_result()?;
    let statement = Statement::new(
        "INSERT INTO merges (organization_id, id, entity, winner_id, loser_id) VALUES (current_organization_id(), $1, $2, $3, $4)",
    )
    .with(Uuid::now_v7(), Type::UUID)
    .with(entity.name, Type::TEXT)
    .with(winner, Type::UUID)
    .with(loser, Type::UUID);
    tx.execute(&statement)
        .await
        .map_err(|error| refused(engine, entity, error))?;
    let mut drafts = [draft];
    rules
        .prepare(Batch {
            tx,
            caller,
            catalogue: engine.catalogue,
            entity,
            changes: &mut drafts,
        })
        .await?;
    let mut faults = Faults::new();
    let mut prepared = PreparedRows {
        rows: Vec::new(),
        faults: Vec::new(),
    };
    for draft in drafts {
        if let Some(change) = check(draft, caller, rules, &mut faults) {
            prepared.rows.push((0, change));
        }
    }
    faults.into_result()?;
    update_prepared(engine, tx, caller, entity, prepared).await?;
    read_within(engine, tx, caller, entity, vec![winner])
        .await?
        .pop()
        .ok_or(EngineError::NotFound)
}

/// Changing and deleting, for any record at all.
fn require(caller: &Caller, entity: &'static Entity) -> Result<(), EngineError> {
    if !entity.merges() {
        return Err(EngineError::Refused {
            field: None,
            message: format!("{} cannot be merged", entity.path),
        });
    }
    caller.require(entity, Action::Read)?;
    caller.require(entity, Action::Update)?;
    caller.require(entity, Action::Delete)?;
    Ok(())
}

/// Row security refuses the row of a merge unless both records may be changed and the one that goes deleted.
fn refused(engine: &Engine, entity: &'static Entity, error: StoreError) -> EngineError {
    match error {
        StoreError::Permission { .. } => EngineError::Forbidden {
            action: Action::Delete,
            resource: entity.resource,
        },
        error => explain(engine.catalogue, entity, error),
    }
}

/// Why one of two records is not there: it was merged, or there never was one that the caller may see.
async fn gone(tx: &Tx, entity: &'static Entity, ids: &[Uuid]) -> Result<EngineError, EngineError> {
    let statement = aliases(entity, ids.to_vec());
    for row in tx.query(&statement).await? {
        let target: Uuid = row.try_get(1).map_err(StoreError::from)?;
        let seen = Statement::new(format!("SELECT 1 FROM {} WHERE id = $1", entity.table))
            .with(target, Type::UUID);
        if tx.query_opt(&seen).await?.is_some() {
            return Ok(EngineError::Conflict {
                field: None,
                message: "one of the two was merged meanwhile; reload and look again".to_owned(),
            });
        }
    }
    Ok(EngineError::NotFound)
}

pub(crate) fn aliases(entity: &'static Entity, ids: Vec<Uuid>) -> Statement {
    Statement::new("SELECT id, target_id FROM aliases_of($1, $2)")
        .with(entity.name, Type::TEXT)
        .with(ids, Type::UUID_ARRAY)
}

/// What the id of a merged record means now; `None` for an id that was not merged. Says nothing about whether the
/// caller may see it.
pub async fn alias_of(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
) -> Result<Option<Uuid>, EngineError> {
    if !entity.merges() {
        return Ok(None);
    }
    let rows = engine
        .database
        .read(&caller.principal, &[aliases(entity, vec![id])])
        .await?
        .pop()
        .unwrap_or_default();
    let target = rows.first().map(|row| row.try_get(1)).transpose();
    Ok(target.map_err(StoreError::from)?)
}
