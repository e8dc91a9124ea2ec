//! Deleting and restoring. Main entities are hidden and can come back; the others are removed.

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_store::Tx;
use kith_store::types::Type;
use uuid::Uuid;

use super::constraints::explain;
use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;
use crate::read::{RecordJson, Selection, records};
use crate::sql::{Sql, column_list};

/// Deletes records, all or none.
///
/// # Errors
/// [`EngineError::NotFound`], [`EngineError::Forbidden`], [`EngineError::Conflict`] for what is in use.
pub async fn delete(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    ids: &[Uuid],
) -> Result<(), EngineError> {
    if !entity.verbs.delete {
        return Err(EngineError::Refused {
            field: None,
            message: format!("{} cannot be deleted", entity.path),
        });
    }
    caller.require(entity, Action::Delete)?;
    let mut sql = Sql::new();
    if entity.soft_delete {
        sql.push(&format!(
            "UPDATE {} t SET deleted_at = now() WHERE t.deleted_at IS NULL AND t.id = ANY (",
            entity.table
        ));
    } else {
        sql.push(&format!(
            "DELETE FROM {} t WHERE t.id = ANY (",
            entity.table
        ));
    }
    sql.bind(ids.to_vec(), Type::UUID_ARRAY);
    sql.push(") RETURNING t.id");
    let gone = tx
        .query(&sql.finish())
        .await
        .map_err(|error| explain(engine.catalogue, entity, error))?;
    if gone.len() < distinct(ids) {
        return Err(missing_or_forbidden(tx, entity, ids, false, Action::Delete).await?);
    }
    Ok(())
}

/// Brings deleted records back.
///
/// # Errors
/// [`EngineError::NotFound`] for what is not deleted; [`EngineError::Conflict`] when a unique value was
/// taken meanwhile.
pub async fn restore(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    ids: &[Uuid],
) -> Result<Vec<RecordJson>, EngineError> {
    if !entity.soft_delete {
        return Err(EngineError::NotFound);
    }
    caller.require(entity, Action::Delete)?;
    let mut sql = Sql::new();
    sql.push(&format!(
        "UPDATE {} t SET deleted_at = NULL WHERE t.deleted_at IS NOT NULL AND t.id = ANY (",
        entity.table
    ));
    sql.bind(ids.to_vec(), Type::UUID_ARRAY);
    sql.push(") RETURNING ");
    sql.push(&column_list("t", entity.all_fields()));
    let rows = tx
        .query(&sql.finish())
        .await
        .map_err(|error| explain(engine.catalogue, entity, error))?;
    if rows.len() < distinct(ids) {
        return Err(missing_or_forbidden(tx, entity, ids, true, Action::Delete).await?);
    }
    let selection = Selection::new(caller, engine.catalogue, entity, None, &[]);
    Ok(records(&selection, &rows)?)
}

fn distinct(ids: &[Uuid]) -> usize {
    ids.iter().collect::<std::collections::HashSet<_>>().len()
}

/// Why fewer rows were written than asked for: rows that can be seen could not be changed.
async fn missing_or_forbidden(
    tx: &Tx,
    entity: &'static Entity,
    ids: &[Uuid],
    deleted: bool,
    action: Action,
) -> Result<EngineError, EngineError> {
    let mut sql = Sql::new();
    sql.push(&format!(
        "SELECT count(*) FROM {} t WHERE t.id = ANY (",
        entity.table
    ));
    sql.bind(ids.to_vec(), Type::UUID_ARRAY);
    sql.push(")");
    // The rows written so far have changed sides.
    if entity.soft_delete {
        sql.push(if deleted {
            " AND t.deleted_at IS NOT NULL"
        } else {
            " AND t.deleted_at IS NULL"
        });
    }
    let still = tx
        .query_one(&sql.finish())
        .await?
        .try_get::<_, i64>(0)
        .unwrap_or(0);
    Ok(if still > 0 {
        EngineError::Forbidden {
            action,
            resource: entity.resource,
        }
    } else {
        EngineError::NotFound
    })
}
