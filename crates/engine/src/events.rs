//! The outbox, read in order: what happened after a position.

use std::fmt;
use std::str::FromStr;

use kith_store::types::Type;
use kith_store::{Row, StoreError};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;
use crate::sql::Sql;

/// Where a reader stands. Opaque to whoever holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Behind this event of this transaction.
    After { transaction: u64, seq: i64 },
    /// Behind everything that was given out with a number up to this one: as positions were before they named their
    /// transaction. 0 is the beginning.
    Number(i64),
}

impl Position {
    /// Before everything.
    pub const BEGINNING: Position = Position::Number(0);
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Position::After { transaction, seq } => write!(formatter, "{transaction}.{seq}"),
            Position::Number(seq) => write!(formatter, "{seq}"),
        }
    }
}

/// A text that is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPosition;

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Position, NoPosition> {
        match text.split_once('.') {
            Some((transaction, seq)) => Ok(Position::After {
                transaction: transaction.parse().map_err(|_| NoPosition)?,
                seq: seq.parse().map_err(|_| NoPosition)?,
            }),
            None => Ok(Position::Number(text.parse().map_err(|_| NoPosition)?)),
        }
    }
}

/// A stretch of the feed.
#[derive(Debug)]
pub struct EventsPage {
    pub data: Vec<Json>,
    /// The position to go on from.
    pub next_after: Position,
}

/// The events after a position that the caller may see, in the order of their transactions.
///
/// Nothing is read past the oldest transaction still running, and what is before it is complete: whatever commits
/// later comes later. Numbers alone would not do: they are given out before transactions commit, so a transaction that
/// began early and wrote late may be read before one that wrote early and is still running.
///
/// # Errors
/// [`EngineError::Store`].
pub async fn events(
    engine: &Engine,
    caller: &Caller,
    after: Position,
    limit: u32,
) -> Result<EventsPage, EngineError> {
    let page = read(engine, caller, after, limit).await?;
    // A position ahead of every transaction comes from before the data was moved into another server, where
    // transactions count anew and numbers go on.
    if let Position::After { seq, .. } = after
        && page.data.is_empty()
        && is_ahead(engine, caller, after).await?
    {
        let page = read(engine, caller, Position::Number(seq), limit).await?;
        return Ok(EventsPage {
            next_after: if page.data.is_empty() {
                after
            } else {
                page.next_after
            },
            data: page.data,
        });
    }
    Ok(page)
}

async fn read(
    engine: &Engine,
    caller: &Caller,
    after: Position,
    limit: u32,
) -> Result<EventsPage, EngineError> {
    let mut sql = Sql::new();
    sql.push(
        "SELECT e.transaction_id::text, e.seq, e.entity, e.record_id, e.action, e.version, e.changed, e.actor_id, e.created_at FROM events e \
         WHERE e.organization_id = current_organization_id() AND ",
    );
    match after {
        Position::After { transaction, seq } => {
            sql.push("(e.transaction_id, e.seq) > (");
            sql.bind(transaction.to_string(), Type::TEXT);
            sql.push("::xid8, ");
            sql.bind(seq, Type::INT8);
            sql.push(")");
        }
        Position::Number(seq) => {
            sql.push("e.seq > ");
            sql.bind(seq, Type::INT8);
        }
    }
    sql.push(&format!(
        " AND e.transaction_id < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY e.transaction_id, e.seq LIMIT {limit}"
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
        let (position, event) =
            shown(row).map_err(|error| StoreError::internal(error.to_string()))?;
        page.next_after = position;
        page.data.push(event);
    }
    Ok(page)
}

fn shown(row: &Row) -> Result<(Position, Json), Box<dyn std::error::Error + Send + Sync>> {
    let seq: i64 = row.try_get(1)?;
    let position = Position::After {
        transaction: row.try_get::<_, &str>(0)?.parse()?,
        seq,
    };
    let event = json!({
        "seq": seq,
        "entity": row.try_get::<_, &str>(2)?,
        "id": row.try_get::<_, Uuid>(3)?,
        "action": row.try_get::<_, &str>(4)?,
        "version": row.try_get::<_, Option<i64>>(5)?,
        "changed": row.try_get::<_, Option<Vec<&str>>>(6)?,
        "actor": row.try_get::<_, Option<Uuid>>(7)?,
        "at": row.try_get::<_, jiff::Timestamp>(8)?.to_string(),
    });
    Ok((position, event))
}

/// Whether a position is ahead of everything that can be read here, which none that was given out here is.
async fn is_ahead(engine: &Engine, caller: &Caller, after: Position) -> Result<bool, StoreError> {
    let Position::After { transaction, .. } = after else {
        return Ok(false);
    };
    let mut sql = Sql::new();
    sql.push("SELECT pg_snapshot_xmin(pg_current_snapshot()) <= ");
    sql.bind(transaction.to_string(), Type::TEXT);
    sql.push("::xid8");
    let answers = engine
        .database
        .read(&caller.principal, &[sql.finish()])
        .await?;
    match answers.first().and_then(|rows| rows.first()) {
        Some(row) => Ok(row.try_get(0)?),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_as_they_are_given_out() {
        for text in ["0", "17", "740.9812", "18446744073709551615.1"] {
            assert_eq!(
                text.parse::<Position>()
                    .map(|position| position.to_string())
                    .as_deref(),
                Ok(text)
            );
        }
        for text in [
            "",
            ".",
            "1.",
            ".1",
            "a.1",
            "1.a",
            "-1.2",
            "1.2.3",
            "99999999999999999999",
        ] {
            assert_eq!(text.parse::<Position>(), Err(NoPosition), "{text}");
        }
    }
}
