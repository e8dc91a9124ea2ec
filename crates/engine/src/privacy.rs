//! What people may ask of those who hold data about them: to see it all, and to be forgotten. And removing for
//! good what was deleted.

use bytes::Bytes;
use futures_util::StreamExt;
use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_store::types::Type;
use kith_store::{Row, Statement, StoreError, Tx};
use serde_json::{Value as Json, json};
use tokio::sync::mpsc::{Receiver, channel};
use uuid::Uuid;

use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;

/// The resource of the permissions.
const RESOURCE: &str = "privacy";
/// Lines that wait for a slow reader.
const WAITING: usize = 64;

fn require(caller: &Caller, entity: &'static Entity, action: Action) -> Result<(), EngineError> {
    if !caller.grants.allows(RESOURCE, action) {
        return Err(EngineError::Forbidden {
            action,
            resource: RESOURCE,
        });
    }
    caller.require(entity, Action::Read)?;
    Ok(())
}

/// Removes a deleted record for good, with what belongs to it.
///
/// # Errors
/// [`EngineError::NotFound`]; [`EngineError::Conflict`] for a record that is not deleted, or that something refers
/// to which has to be kept.
pub async fn purge(
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
) -> Result<(), EngineError> {
    require(caller, entity, Action::Delete)?;
    caller.require(entity, Action::Delete)?;
    let statement = Statement::new("SELECT purge_record($1, $2)")
        .with(entity.name, Type::TEXT)
        .with(id, Type::UUID);
    let there: Option<bool> = tx
        .query_one(&statement)
        .await?
        .try_get(0)
        .map_err(StoreError::from)?;
    if there == Some(true) {
        Ok(())
    } else {
        Err(EngineError::NotFound)
    }
}

/// Forgets a person, and answers what went, what was cleared of them and what has to stay.
///
/// # Errors
/// [`EngineError::NotFound`]; [`EngineError::Refused`] without the permission for every record of the entity.
pub async fn erase(
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
) -> Result<Json, EngineError> {
    require(caller, entity, Action::Delete)?;
    let statement = Statement::new("SELECT erase_person($1, $2)")
        .with(entity.name, Type::TEXT)
        .with(id, Type::UUID);
    let report: Option<Json> = tx
        .query_one(&statement)
        .await?
        .try_get(0)
        .map_err(StoreError::from)?;
    report.ok_or(EngineError::NotFound)
}

/// Everything that is held about a person, a line of JSON each: where it stands and what it says. Members may ask
/// for themselves.
///
/// # Errors
/// Before the first line, [`EngineError::NotFound`] or [`EngineError::Refused`]. A failure after it ends the stream
/// with an error.
pub async fn personal_data(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
) -> Result<Receiver<Result<Bytes, std::io::Error>>, EngineError> {
    let member = entity.name == "user";
    let own = member && id == caller.principal.user_id && caller.principal.key_id.is_none();
    if !own {
        require(caller, entity, Action::Read)?;
    }
    let tx = Tx::begin(&engine.database, &caller.principal, &caller.origin).await?;
    let statement = if member {
        Statement::new("SELECT about, data FROM personal_data_of_member($1)").with(id, Type::UUID)
    } else {
        Statement::new("SELECT about, data FROM personal_data($1, $2)")
            .with(entity.name, Type::TEXT)
            .with(id, Type::UUID)
    };
    let mut rows = Box::pin(tx.query_stream(&statement).await?);
    let first = rows
        .next()
        .await
        .transpose()?
        .ok_or(EngineError::NotFound)?;
    let first = line(&first)?;
    note(engine, caller, entity, id).await?;
    let (send, receive) = channel(WAITING);
    tokio::spawn(async move {
        // Held until the last row is read.
        let _tx = tx;
        let mut next = Some(Ok(first));
        while let Some(line) = next {
            let failed = line.is_err();
            if send
                .send(line.map_err(std::io::Error::other))
                .await
                .is_err()
                || failed
            {
                return;
            }
            next = rows
                .next()
                .await
                .map(|row| row.and_then(|row| self::line(&row)));
        }
    });
    Ok(receive)
}

fn line(row: &Row) -> Result<Bytes, StoreError> {
    let about: String = row.try_get(0)?;
    let data: Json = row.try_get(1)?;
    Ok(Bytes::from(format!(
        "{}\n",
        json!({"about": about, "data": data})
    )))
}

/// Every such export stands in the audit log.
async fn note(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
) -> Result<(), EngineError> {
    let details = json!({"state": "started", "personal_data_of": id});
    let statement = Statement::new("SELECT record_export($1, $2, $3)")
        .with(entity.name, Type::TEXT)
        .with(id, Type::UUID)
        .with(details, Type::JSONB);
    let tx = Tx::begin(&engine.database, &caller.principal, &caller.origin).await?;
    tx.commit_with(&[statement]).await?;
    Ok(())
}
