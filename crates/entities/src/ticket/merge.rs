//! Two tickets about the same thing become one.

use kith_catalogue::access::Action;
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError, Update};
use kith_store::types::Type;
use kith_store::{Statement, StoreError, Tx};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::TICKET;

/// Merges a ticket into another: its comments move, and it is closed with a pointer to the other. What else
/// must hold (not twice, no circles, no customer's words shown to another) the database says. Answers both as
/// they stand then.
///
/// # Errors
/// [`EngineError::NotFound`]; [`EngineError::Invalid`] for a ticket merged into itself; [`EngineError::Conflict`]
/// for one that was merged before, and for tickets of different companies.
pub async fn merge(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    ticket: Uuid,
    into: Uuid,
) -> Result<Json, EngineError> {
    caller.require(&TICKET, Action::Update)?;
    if ticket == into {
        let message = "must be another ticket";
        return Err(Fault::new("rule", message).at("into").into());
    }
    // Locks both, in the order of their ids, so that two merges wait for one another.
    let nothing = [ticket, into].map(|id| Update {
        id,
        body: Json::Object(Map::new()),
        version: None,
    });
    kith_engine::update(engine, tx, caller, &TICKET, &nothing).await?;
    let statement = Statement::new(
        "UPDATE tickets SET merged_into_id = $2 WHERE id = $1 AND merged_into_id IS DISTINCT FROM $2",
    )
    .with(ticket, Type::UUID)
    .with(into, Type::UUID);
    if tx.execute(&statement).await? == 0 {
        // Both are there and may be changed: it has been done.
        return Err(EngineError::Conflict {
            field: Some("into".to_owned()),
            message: "this ticket was merged into that one already".to_owned(),
        });
    }
    let records = kith_engine::read_within(engine, tx, caller, &TICKET, vec![ticket, into]).await?;
    let one = |id: Uuid| -> Result<Json, EngineError> {
        let record = records.iter().find(|record| record.id == id);
        let record = record.ok_or(EngineError::NotFound)?;
        serde_json::from_slice(&record.json)
            .map_err(|error| StoreError::internal(error.to_string()).into())
    };
    Ok(json!({"ticket": one(ticket)?, "into": one(into)?}))
}
