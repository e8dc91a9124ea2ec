//! Sent invoices become overdue the day after they were due, where the organization is.

use crate::reading::cell;
use jiff::Timestamp;
use kith_engine::EngineError;
use kith_store::types::Type;
use kith_store::{Statement, SystemTx};

/// Invoices that one call marks.
const BOUND: i32 = 500;

/// Marks what became overdue in the transaction's organization; tells whose it is, and whoever follows events. Answers
/// how many it were.
///
/// # Errors
/// Those of the database.
pub async fn overdue_invoices(tx: &SystemTx, now: Timestamp) -> Result<u64, EngineError> {
    let statement = Statement::new("SELECT mark_invoices_overdue($1, $2)")
        .with(now, Type::TIMESTAMPTZ)
        .with(BOUND, Type::INT4);
    let marked: i64 = cell(&tx.query_one(&statement).await?, 0)?;
    Ok(marked.unsigned_abs())
}
