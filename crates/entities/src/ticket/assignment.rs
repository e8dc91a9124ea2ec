//! Giving a ticket to somebody: by name, to whoever's turn it is, or to whoever has the fewest.

use kith_catalogue::access::Action;
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError, RecordJson, Update};
use kith_store::types::Type;
use kith_store::{Statement, StoreError, Tx};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::TICKET;

/// How the person is found.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Whom the request names.
    #[default]
    Manual,
    RoundRobin,
    LeastLoaded,
}

/// An assignment as it is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    #[serde(default)]
    pub strategy: Strategy,
    /// For `manual`; null takes the ticket from whoever has it.
    pub assigned_to_id: Option<Uuid>,
}

/// Gives a ticket to somebody. Two at once never meet the same turn: whoever asks second waits for the first.
///
/// # Errors
/// [`EngineError::NotFound`]; [`EngineError::Refused`] for who may not assign; [`EngineError::Conflict`] when
/// there is nobody to give it to; [`EngineError::Invalid`] for a person named beside a strategy.
pub async fn assign(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
    wanted: &Assignment,
) -> Result<RecordJson, EngineError> {
    caller.require(&TICKET, Action::Update)?;
    let strategy = match wanted.strategy {
        Strategy::Manual => None,
        Strategy::RoundRobin => Some("round_robin"),
        Strategy::LeastLoaded => Some("least_loaded"),
    };
    let person = match strategy {
        None => wanted.assigned_to_id,
        Some(_) if wanted.assigned_to_id.is_some() => {
            let message = "goes with the strategy manual alone; leave one of the two out";
            return Err(Fault::new("rule", message).at("assigned_to_id").into());
        }
        Some(strategy) => Some(next(tx, strategy).await?),
    };
    let update = Update {
        id,
        body: json!({"assigned_to_id": person}),
        version: None,
    };
    kith_engine::update(engine, tx, caller, &TICKET, &[update])
        .await?
        .pop()
        .ok_or(EngineError::NotFound)
}

async fn next(tx: &Tx, strategy: &'static str) -> Result<Uuid, EngineError> {
    let statement = Statement::new("SELECT pick_ticket_agent($1)").with(strategy, Type::TEXT);
    let row = tx.query_one(&statement).await?;
    let person: Option<Uuid> = row.try_get(0).map_err(StoreError::from)?;
    person.ok_or_else(|| EngineError::Conflict {
        field: Some("strategy".to_owned()),
        message: "there is nobody to give tickets to; give someone the role Support".to_owned(),
    })
}
