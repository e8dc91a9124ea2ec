//! Saying something in a ticket and, in the same breath, where it stands then.

use kith_engine::{Caller, Engine, EngineError, RecordJson, Update};
use kith_store::{StoreError, Tx};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::TICKET;
use crate::ticket_comment::TICKET_COMMENT;

/// A reply as it is asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    pub comment: Json,
    #[serde(default)]
    pub is_internal: bool,
    /// Whose words these are, when somebody else writes them down.
    pub contact_id: Option<Uuid>,
    /// Where the ticket stands afterwards; what follows from the comment when absent.
    pub status: Option<Json>,
}

/// Adds a comment to a ticket and sets its status. Answers both records.
///
/// # Errors
/// Those of making a comment and of changing a ticket.
pub async fn reply(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
    wanted: &Reply,
) -> Result<Json, EngineError> {
    let body = json!({
        "ticket_id": id, "comment": wanted.comment, "is_internal": wanted.is_internal, "contact_id": wanted.contact_id,
    });
    // A ticket that is not there is no fault of the body.
    if kith_engine::read_within(engine, tx, caller, &TICKET, vec![id])
        .await?
        .is_empty()
    {
        return Err(EngineError::NotFound);
    }
    let comment = kith_engine::create(engine, tx, caller, &TICKET_COMMENT, &[body])
        .await
        .map_err(alone)?
        .pop();
    if let Some(status) = &wanted.status {
        let update = Update {
            id,
            body: json!({"status": status}),
            version: None,
        };
        kith_engine::update(engine, tx, caller, &TICKET, &[update])
            .await
            .map_err(alone)?;
    }
    let ticket = kith_engine::read_within(engine, tx, caller, &TICKET, vec![id])
        .await?
        .pop();
    Ok(json!({"comment": shown(comment)?, "ticket": shown(ticket)?}))
}

/// The faults of the one record that was written.
fn alone(error: EngineError) -> EngineError {
    match error {
        EngineError::InvalidRows(rows) => {
            EngineError::Invalid(rows.into_iter().flat_map(|(_, faults)| faults).collect())
        }
        other => other,
    }
}

fn shown(record: Option<RecordJson>) -> Result<Json, EngineError> {
    let record = record.ok_or(EngineError::NotFound)?;
    serde_json::from_slice(&record.json)
        .map_err(|error| StoreError::internal(error.to_string()).into())
}
