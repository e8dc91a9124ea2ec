//! Warnings before, and news after, what was promised is late: the scheduled rule.

use jiff::Timestamp;
use kith_engine::EngineError;
use kith_store::types::Type;
use kith_store::{Statement, StoreError, SystemTx};

/// Tickets told of in one go; the rest follows in the next.
const BOUND: i32 = 1_000;

/// Tells of every ticket of the transaction's organization whose first response or resolution is nearly late
/// or late at `now`, each once. Answers how many tickets there were; as many as fit in one go mean that there
/// may be more. `organizations_with_sla_alerts(now)` names the organizations that have such work.
pub async fn sla_alerts(tx: &SystemTx, now: Timestamp) -> Result<u64, EngineError> {
    let statement = Statement::new("SELECT send_sla_alerts($1, $2)")
        .with(now, Type::TIMESTAMPTZ)
        .with(BOUND, Type::INT4);
    let told: i64 = tx
        .query_one(&statement)
        .await?
        .try_get(0)
        .map_err(StoreError::from)?;
    Ok(u64::try_from(told).unwrap_or(0))
}
