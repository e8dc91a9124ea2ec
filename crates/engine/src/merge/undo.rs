//! Merges that were made, and undoing one.

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_store::types::Type;
use kith_store::{Row, Statement, StoreError, Tx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{refused, require};
use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;
use crate::read::{RecordJson, read_within};

/// The merges into a record, the latest first, as the body of the response.
///
/// # Errors
/// [`EngineError::NotFound`] for a record that the caller may not see.
pub async fn merges(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
) -> Result<Json, EngineError> {
    if !entity.merges() {
        return Err(EngineError::NotFound);
    }
    crate::read::get(engine, caller, entity, id, &[], crate::query::Deleted::With).await?;
    let statement = Statement::new(
        "SELECT m.id, m.loser_id, m.created_at, m.created_by, c.full_name, m.undone_at, m.undone_by, u.full_name \
         FROM merges m LEFT JOIN users c ON c.id = m.created_by LEFT JOIN users u ON u.id = m.undone_by \
         WHERE m.organization_id = current_organization_id() AND m.entity = $1 AND m.winner_id = $2 ORDER BY m.id DESC LIMIT 200",
    )
    .with(entity.name, Type::TEXT)
    .with(id, Type::UUID);
    let rows = engine
        .database
        .read(&caller.principal, &[statement])
        .await?
        .pop()
        .unwrap_or_default();
    let data: Vec<Json> = rows
        .iter()
        .map(shown)
        .collect::<Result<_, _>>()
        .map_err(EngineError::from)?;
    Ok(json!({"data": data}))
}

fn shown(row: &Row) -> Result<Json, StoreError> {
    let person = |id: usize, name: usize| -> Result<Json, StoreError> {
        let id: Option<Uuid> = row.try_get(id)?;
        let name: Option<String> = row.try_get(name)?;
        Ok(id.map_or(Json::Null, |id| json!({"id": id, "full_name": name})))
    };
    let time = |index: usize| -> Result<Option<String>, StoreError> {
        Ok(row
            .try_get::<_, Option<jiff::Timestamp>>(index)?
            .map(|time| time.to_string()))
    };
    Ok(json!({
        "id": row.try_get::<_, Uuid>(0)?,
        "merged_id": row.try_get::<_, Uuid>(1)?,
        "at": time(2)?,
        "user": person(3, 4)?,
        "undone_at": time(5)?,
        "undone_by": person(6, 7)?,
    }))
}

/// Undoes a merge into a record, the latest when none is named, and answers both records: the one that stayed and
/// the one that is back.
///
/// # Errors
/// [`EngineError::NotFound`] when there is no such merge; [`EngineError::Conflict`] with the reason when it cannot
/// be undone any more.
pub async fn undo_merge(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
    wanted: Option<Uuid>,
) -> Result<(RecordJson, RecordJson), EngineError> {
    require(caller, entity)?;
    let find = Statement::new(
        "SELECT id, loser_id, undone_at IS NOT NULL FROM merges WHERE organization_id = current_organization_id() AND entity = $1 AND winner_id = $2 \
         AND ($3::uuid IS NULL OR id = $3) ORDER BY undone_at IS NOT NULL, id DESC LIMIT 1",
    )
    .with(entity.name, Type::TEXT)
    .with(id, Type::UUID)
    .with(wanted, Type::UUID);
    let row = tx.query_opt(&find).await?.ok_or(EngineError::NotFound)?;
    let found = || -> Result<(Uuid, Uuid, bool), StoreError> {
        Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
    };
    let (merge, loser, undone) = found()?;
    let already = || EngineError::Conflict {
        field: None,
        message: "this merge has been undone already".to_owned(),
    };
    if undone {
        return Err(already());
    }
    // Of two that press at once the second waits here, and then finds nothing to undo.
    let undo = Statement::new(
        "UPDATE merges SET undone_at = now(), undone_by = current_user_id() WHERE organization_id = current_organization_id() AND id = $1 AND undone_at IS NULL",
    )
    .with(merge, Type::UUID);
    let changed = tx
        .execute(&undo)
        .await
        .map_err(|error| refused(engine, entity, error))?;
    if changed == 0 {
        let again = Statement::new(
            "SELECT undone_at IS NOT NULL FROM merges WHERE organization_id = current_organization_id() AND id = $1",
        )
        .with(merge, Type::UUID);
        let undone: bool = match tx.query_opt(&again).await? {
            Some(row) => row.try_get(0).map_err(StoreError::from)?,
            None => return Err(EngineError::NotFound),
        };
        return Err(if undone {
            already()
        } else {
            EngineError::Forbidden {
                action: Action::Delete,
                resource: entity.resource,
            }
        });
    }
    let mut records = read_within(engine, tx, caller, entity, vec![id, loser]).await?;
    let mut take = |id: Uuid| {
        let index = records.iter().position(|record| record.id == id);
        index
            .map(|index| records.swap_remove(index))
            .ok_or(EngineError::NotFound)
    };
    Ok((take(id)?, take(loser)?))
}
