//! Reading: one statement, one round trip, rows straight from the binary protocol into JSON.

mod cell;
mod json;
mod list;
mod parent;
mod select;
mod value;

pub use cell::money_text;
pub(crate) use cell::{RawJson, check_column, check_columns, write_member, write_record};
pub(crate) use json::write_string;
pub(crate) use list::Plan;
pub use list::{ListAnswer, list};
pub use select::push_archived;
pub(crate) use select::{Selection, select_by_ids};
pub(crate) use value::row_values;

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_catalogue::field::Field;
use kith_store::{Row, Tx};
use uuid::Uuid;

use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;
use crate::query::Deleted;

/// One record as JSON text, with the version that backs its `ETag`.
#[derive(Clone, Debug)]
pub struct RecordJson {
    pub id: Uuid,
    /// 0 for entities whose records never change.
    pub version: i64,
    pub json: Vec<u8>,
}

/// One record.
///
/// # Errors
/// [`EngineError::NotFound`] also for what the caller may not see.
pub async fn get(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
    include: &[&'static Field],
    deleted: Deleted,
) -> Result<RecordJson, EngineError> {
    let mut records = read_by_ids(engine, caller, entity, vec![id], include, deleted).await?;
    records.pop().ok_or(EngineError::NotFound)
}

/// The records of these ids that the caller may see, in no particular order.
pub async fn read_by_ids(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    ids: Vec<Uuid>,
    include: &[&'static Field],
    deleted: Deleted,
) -> Result<Vec<RecordJson>, EngineError> {
    caller.require(entity, Action::Read)?;
    let selection = Selection::new(caller, engine.catalogue, entity, None, include);
    let statement = select_by_ids(&selection, ids, deleted);
    let mut answers = engine
        .database
        .read(&caller.principal, &[statement])
        .await?;
    Ok(records(&selection, &answers.pop().unwrap_or_default())?)
}

/// The living records of these ids that the caller may see, as they stand within a transaction.
pub async fn read_within(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    ids: Vec<Uuid>,
) -> Result<Vec<RecordJson>, EngineError> {
    let selection = Selection::new(caller, engine.catalogue, entity, None, &[]);
    let rows = tx
        .query(&select_by_ids(&selection, ids, Deleted::No))
        .await?;
    Ok(records(&selection, &rows)?)
}

/// Turns the rows of a selection into records.
pub(crate) fn records(
    selection: &Selection,
    rows: &[Row],
) -> Result<Vec<RecordJson>, kith_store::StoreError> {
    check_columns(selection, rows)?;
    rows.iter().map(|row| record(selection, row)).collect()
}

fn record(selection: &Selection, row: &Row) -> Result<RecordJson, kith_store::StoreError> {
    let mut json = Vec::with_capacity(1024);
    write_record(&mut json, selection, row)?;
    let version = match selection.position("version") {
        Some(index) => cell::bigint(row, index)?.unwrap_or(0),
        None => 0,
    };
    Ok(RecordJson {
        id: cell::uuid(row, 0)?,
        version,
        json,
    })
}
