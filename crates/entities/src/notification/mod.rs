//! What people are told, and what they want to hear of. Notifications are made in the database, by `notify()` and
//! `notify_all()`, in the transaction of what they tell about; row security shows each to its reader alone, and only
//! while the reader may read the record.

mod preferences;

pub use preferences::{Preference, PreferenceChange, preferences, set_preferences};

use jiff::Timestamp;
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError};
use kith_store::types::Type;
use kith_store::{Row, Statement, StoreError, SystemTx, Tx};
use serde::Serialize;
use uuid::Uuid;

/// Unread notifications are counted no further than this: "99+" says enough.
const COUNT_AT_MOST: i64 = 1000;

/// One notification.
#[derive(Debug, Serialize)]
pub struct Notification {
    pub id: Uuid,
    pub kind: String,
    pub title: String,
    pub message: Option<String>,
    /// `info`, `success`, `warning` or `error`.
    pub r#type: String,
    pub is_read: bool,
    pub read_at: Option<Timestamp>,
    /// Within the web application.
    pub action_url: Option<String>,
    pub entity: Option<String>,
    pub record_id: Option<Uuid>,
    pub created_at: Timestamp,
    pub created_by: Option<Uuid>,
}

/// Where a page ends.
#[derive(Debug, Serialize)]
pub struct Page {
    pub limit: u32,
    pub next_cursor: Option<String>,
}

/// A page of one's own notifications, the newest first.
#[derive(Debug, Serialize)]
pub struct Notifications {
    pub data: Vec<Notification>,
    pub page: Page,
    /// At most 1000.
    pub unread_count: i64,
}

/// Which notifications a list has.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub unread_only: bool,
    pub kind: Option<String>,
    pub limit: u32,
    /// As the page before gave it.
    pub cursor: Option<String>,
}

/// The caller's notifications.
///
/// # Errors
/// [`EngineError::BadQuery`] for a cursor that was not given out.
pub async fn notifications(
    engine: &Engine,
    caller: &Caller,
    wanted: &Wanted,
) -> Result<Notifications, EngineError> {
    let after = wanted.cursor.as_deref().map(read_cursor).transpose()?;
    let (at, id) = after.unzip();
    let list = Statement::new(
        "select id, kind, title, message, type, is_read, read_at, action_url, entity, record_id, created_at, created_by \
         from notifications where organization_id = $1 and user_id = $2 and in_app \
           and ($3 or not is_read) and ($4::text is null or kind = $4) \
           and ($5::timestamptz is null or (created_at, id) < ($5, $6)) \
         order by created_at desc, id desc limit $7",
    )
    .with(caller.principal.organization_id, Type::UUID)
    .with(caller.principal.user_id, Type::UUID)
    .with(!wanted.unread_only, Type::BOOL)
    .with(wanted.kind.clone(), Type::TEXT)
    .with(at, Type::TIMESTAMPTZ)
    .with(id, Type::UUID)
    .with(i64::from(wanted.limit) + 1, Type::INT8);
    let answers = engine
        .database
        .read(&caller.principal, &[list, count_unread(caller)])
        .await?;
    let mut answers = answers.into_iter();
    let rows = answers.next().unwrap_or_default();
    let mut data = rows
        .iter()
        .map(read)
        .collect::<Result<Vec<_>, StoreError>>()?;
    let more = data.len() > wanted.limit as usize;
    data.truncate(wanted.limit as usize);
    let next_cursor = data
        .last()
        .filter(|_| more)
        .map(|last| format!("{}_{}", last.created_at.as_microsecond(), last.id.simple()));
    let page = Page {
        limit: wanted.limit,
        next_cursor,
    };
    Ok(Notifications {
        data,
        page,
        unread_count: first_number(answers.next())?,
    })
}

/// Marks one notification of the caller read or unread.
///
/// # Errors
/// [`EngineError::NotFound`] for one that the caller does not see.
pub async fn mark(tx: &Tx, id: Uuid, is_read: bool) -> Result<Notification, EngineError> {
    let mark = Statement::new(
        "update notifications set is_read = $3 where organization_id = $1 and id = $2 \
         returning id, kind, title, message, type, is_read, read_at, action_url, entity, record_id, created_at, created_by",
    )
    .with(tx.principal().organization_id, Type::UUID)
    .with(id, Type::UUID)
    .with(is_read, Type::BOOL);
    let row = tx.query_opt(&mark).await?.ok_or(EngineError::NotFound)?;
    Ok(read(&row)?)
}

/// Marks all of the caller's notifications read. Answers how many were unread.
///
/// # Errors
/// [`EngineError::Store`].
pub async fn mark_all_read(tx: &Tx) -> Result<u64, EngineError> {
    let mark = Statement::new(
        "update notifications set is_read = true where organization_id = $1 and user_id = $2 and in_app and not is_read",
    )
    .with(tx.principal().organization_id, Type::UUID)
    .with(tx.principal().user_id, Type::UUID);
    Ok(tx.execute(&mark).await?)
}

/// Scheduled: queues the digests that are due, each once.
///
/// # Errors
/// [`EngineError::Store`].
pub async fn send_digests(tx: &SystemTx, now: Timestamp) -> Result<u64, EngineError> {
    changed(
        tx,
        Statement::new("select send_digests($1)").with(now, Type::TIMESTAMPTZ),
    )
    .await
}

/// Scheduled: removes what nobody needs any more, of all organizations.
///
/// # Errors
/// [`EngineError::Store`].
pub async fn clear_away(tx: &SystemTx, now: Timestamp) -> Result<u64, EngineError> {
    changed(
        tx,
        Statement::new("select clear_away($1)").with(now, Type::TIMESTAMPTZ),
    )
    .await
}

/// How many rows a function of the database says that it changed.
pub(crate) async fn changed(tx: &SystemTx, statement: Statement) -> Result<u64, EngineError> {
    let count: i64 = tx
        .query_one(&statement)
        .await?
        .try_get(0)
        .map_err(StoreError::from)?;
    Ok(u64::try_from(count).unwrap_or(0))
}

fn count_unread(caller: &Caller) -> Statement {
    Statement::new(
        "select count(*) from (select 1 from notifications where organization_id = $1 and user_id = $2 and in_app and not is_read limit $3) unread",
    )
    .with(caller.principal.organization_id, Type::UUID)
    .with(caller.principal.user_id, Type::UUID)
    .with(COUNT_AT_MOST, Type::INT8)
}

fn first_number(rows: Option<Vec<Row>>) -> Result<i64, EngineError> {
    match rows.unwrap_or_default().first() {
        Some(row) => Ok(row.try_get(0).map_err(StoreError::from)?),
        None => Ok(0),
    }
}

fn read(row: &Row) -> Result<Notification, StoreError> {
    Ok(Notification {
        id: row.try_get(0)?,
        kind: row.try_get(1)?,
        title: row.try_get(2)?,
        message: row.try_get(3)?,
        r#type: row.try_get(4)?,
        is_read: row.try_get(5)?,
        read_at: row.try_get(6)?,
        action_url: row.try_get(7)?,
        entity: row.try_get(8)?,
        record_id: row.try_get(9)?,
        created_at: row.try_get(10)?,
        created_by: row.try_get(11)?,
    })
}

fn read_cursor(text: &str) -> Result<(Timestamp, Uuid), EngineError> {
    text.split_once('_')
        .and_then(|(at, id)| {
            let at = Timestamp::from_microsecond(at.parse().ok()?).ok()?;
            Some((at, Uuid::try_parse(id).ok()?))
        })
        .ok_or_else(|| {
            let fault = Fault::new(
                "bad_cursor",
                "is not a cursor of this list; begin without one",
            );
            EngineError::BadQuery(vec![fault.at("cursor")])
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cursors_that_were_given_out_are_read() {
        let id = Uuid::from_u128(9);
        let (at, read) = read_cursor(&format!("1700000000000001_{}", id.simple())).unwrap();
        assert_eq!((at.as_microsecond(), read), (1_700_000_000_000_001, id));
        for bad in ["", "_", "x_y", "1700000000000001", "99999999999999999999_0"] {
            assert!(read_cursor(bad).is_err(), "{bad}");
        }
    }
}
