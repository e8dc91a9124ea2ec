//! Reminders that are due.

use jiff::Timestamp;
use kith_engine::EngineError;
use kith_store::types::Type;
use kith_store::{Statement, SystemTx};

/// Reminders given in one go; what is left comes with the next.
const BATCH: i32 = 500;

/// Gives the reminders of one organization that are due, each once: a notification and an event. Answers how
/// many were given. `organizations_with_task_reminders(now)` says where there are any.
///
/// # Errors
/// What the database says.
pub async fn task_reminders(tx: &SystemTx, now: Timestamp) -> Result<u64, EngineError> {
    let statement = Statement::new("SELECT remind_of_tasks($1, $2)")
        .with(now, Type::TIMESTAMPTZ)
        .with(BATCH, Type::INT4);
    let given: i64 = tx.query_one(&statement).await?.try_get(0)?;
    Ok(given.unsigned_abs())
}
