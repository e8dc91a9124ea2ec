//! Reports that are kept again by the clock: which are due, as whom, and what their owner is told.

use jiff::Timestamp;
use kith_engine::EngineError;
use kith_store::types::Type;
use kith_store::{Statement, StoreError, SystemTx};
use uuid::Uuid;

use crate::notification::changed;

/// Scheduled: queues the keeping of each report whose time has come, as the job `keep_report` with its `report_id`.
///
/// # Errors
/// [`EngineError::Store`].
pub async fn scheduled_reports(tx: &SystemTx, now: Timestamp) -> Result<u64, EngineError> {
    changed(
        tx,
        Statement::new("select scheduled_reports($1)").with(now, Type::TIMESTAMPTZ),
    )
    .await
}

/// As whom a report is kept again.
#[derive(Debug)]
pub struct Keeper {
    pub owner_id: Uuid,
    /// The report's name.
    pub name: String,
}

/// As whom a report is kept again; none when nobody wants it any more.
///
/// # Errors
/// The database's.
pub async fn keeper(tx: &SystemTx, report: Uuid) -> Result<Option<Keeper>, StoreError> {
    let find =
        Statement::new("select owner_id, name from report_keeper($1)").with(report, Type::UUID);
    let row = tx.query_opt(&find).await?;
    row.map(|row| {
        Ok(Keeper {
            owner_id: row.try_get(0)?,
            name: row.try_get(1)?,
        })
    })
    .transpose()
}

/// Tells the owner that the report was kept, or why it was not.
///
/// # Errors
/// The database's.
pub async fn tell_keeper(
    tx: &SystemTx,
    report: Uuid,
    keeper: &Keeper,
    trouble: Option<&str>,
) -> Result<(), StoreError> {
    let (title, kind) = match trouble {
        None => (format!("{} was kept again", keeper.name), "success"),
        Some(_) => (
            format!("{} could not be kept again", keeper.name),
            "warning",
        ),
    };
    let tell = Statement::new("select notify(array[$1], 'report', $2, $3, $4, 'report', $5)")
        .with(keeper.owner_id, Type::UUID)
        .with(title, Type::TEXT)
        .with(trouble.map(str::to_owned), Type::TEXT)
        .with(kind, Type::TEXT)
        .with(report, Type::UUID);
    tx.query(&tell).await.map(drop)
}
