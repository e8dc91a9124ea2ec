//! The outbox, read in order: what happened after a position.

use kith_store::types::Type;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;
use crate::sql::Sql;

/// A stretch of the feed.
#[derive(Debug)]
pub struct EventsPage {
    pub data: Vec<Json>,
    /// The position to go on from.
    pub next_after: i64,
}

/// The events after a position that the caller may see, oldest first.
///
/// Numbers are given out before transactions commit, so going by number alone would skip one that
/// commits late: nothing is read past the oldest transaction still running.
pub async fn events(
    engine: &Engine,
    caller: &Caller,
    after: i64,
    limit: u32,
) -> Result<EventsPage, EngineError> {
    let mut sql = Sql::new();
    sql.push(
        "SELECT e.seq, e.entity, e.record_id, e.action, e.version, e.changed, e.actor_id, e.created_at FROM events e \
         WHERE e.organization_id = current_organization_id() AND e.seq > ",
    );
    sql.bind(after, Type::INT8);
    sql.push(&format!(
        " AND e.transaction_id < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY e.seq LIMIT {limit}"
    ));
    let rows = engine
        .database
        .read(&caller.principal, &[sql.finish()])
        .await?
        .pop()
        .unwrap_or_default();
    let mut page = EventsPage {
        data: Vec::with_capacity(rows.len()),
        next_after: after,
    };
    for row in &rows {
        let read = || -> Result<(i64, Json), tokio_postgres::Error> {
            let seq: i64 = row.try_get(0)?;
            Ok((
                seq,
                json!({
                    "seq": seq,
                    "entity": row.try_get::<_, &str>(1)?,
                    "id": row.try_get::<_, Uuid>(2)?,
                    "action": row.try_get::<_, &str>(3)?,
                    "version": row.try_get::<_, Option<i64>>(4)?,
                    "changed": row.try_get::<_, Option<Vec<&str>>>(5)?,
                    "actor": row.try_get::<_, Option<Uuid>>(6)?,
                    "at": row.try_get::<_, jiff::Timestamp>(7)?.to_string(),
                }),
            ))
        };
        let (seq, event) =
            read().map_err(|error| kith_store::StoreError::internal(error.to_string()))?;
        page.next_after = seq;
        page.data.push(event);
    }
    Ok(page)
}
