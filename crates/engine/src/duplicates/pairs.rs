//! Pairs that look alike and are two.

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_store::types::Type;
use kith_store::{Statement, Tx};
use uuid::Uuid;

use super::compared;
use crate::caller::Caller;
use crate::error::EngineError;

/// Remembers that two records are two. Saying so again changes nothing.
///
/// # Errors
/// [`EngineError::NotFound`] for records that the caller may not see, [`EngineError::Forbidden`] for two of which
/// they may change neither.
pub async fn distinct(
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
    other: Uuid,
) -> Result<(), EngineError> {
    let (first, second) = pair(tx, caller, entity, id, other).await?;
    let statement = Statement::new(
        "INSERT INTO distinct_records (organization_id, entity, first_id, second_id) VALUES (current_organization_id(), $1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .with(entity.name, Type::TEXT)
    .with(first, Type::UUID)
    .with(second, Type::UUID);
    match tx.execute(&statement).await {
        Err(kith_store::StoreError::Permission { .. }) => Err(forbidden(entity)),
        other => Ok(other.map(drop)?),
    }
}

/// Takes that back.
///
/// # Errors
/// As [`distinct`].
pub async fn not_distinct(
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
    other: Uuid,
) -> Result<(), EngineError> {
    let (first, second) = pair(tx, caller, entity, id, other).await?;
    let statement = Statement::new(
        "DELETE FROM distinct_records WHERE organization_id = current_organization_id() AND entity = $1 AND first_id = $2 AND second_id = $3",
    )
    .with(entity.name, Type::TEXT)
    .with(first, Type::UUID)
    .with(second, Type::UUID);
    tx.execute(&statement).await?;
    Ok(())
}

fn forbidden(entity: &'static Entity) -> EngineError {
    EngineError::Forbidden {
        action: Action::Update,
        resource: entity.resource,
    }
}

/// The two in the order in which they are kept, when the caller may see both.
async fn pair(
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
    other: Uuid,
) -> Result<(Uuid, Uuid), EngineError> {
    compared(caller, entity)?;
    caller.require(entity, Action::Update)?;
    if id == other {
        return Err(Fault::new("same_record", "must be another record")
            .at("with")
            .into());
    }
    let statement = Statement::new(format!(
        "SELECT count(*) FROM {} t WHERE t.deleted_at IS NULL AND t.id = ANY ($1)",
        entity.table
    ))
    .with(vec![id, other], Type::UUID_ARRAY);
    let seen: i64 = tx
        .query_one(&statement)
        .await?
        .try_get(0)
        .map_err(kith_store::StoreError::from)?;
    if seen < 2 {
        return Err(EngineError::NotFound);
    }
    Ok((id.min(other), id.max(other)))
}
