//! Many operations in one transaction: as a list, or one change for everything that passes a filter.

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_catalogue::filter::Filter;
use kith_store::Tx;
use kith_store::types::Type;
use serde_json::Value as Json;
use uuid::Uuid;

use super::{Update, create, delete, restore, update};
use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;
use crate::query::Archived;
use crate::read::RecordJson;
use crate::read::push_archived;
use crate::sql::{Sql, render_filter, scope_predicate};

/// Operations or records in one request.
pub(crate) const BULK_LIMIT: usize = 1_000;

/// One operation of a list.
#[derive(Clone, Debug)]
pub enum BulkOperation {
    Create(Json),
    Update(Update),
    Delete(Uuid),
    Restore(Uuid),
}

/// What became of one operation.
#[derive(Clone, Debug)]
pub struct BulkAnswer {
    pub operation: &'static str,
    pub id: Uuid,
    pub record: Option<RecordJson>,
}

/// Which run of equal operations an operation belongs to.
fn verb(operation: &BulkOperation) -> &'static str {
    match operation {
        BulkOperation::Create(_) => "create",
        BulkOperation::Update(_) => "update",
        BulkOperation::Delete(_) => "delete",
        BulkOperation::Restore(_) => "restore",
    }
}

/// Runs the operations in order, equal neighbours together in one statement; all or none.
///
/// # Errors
/// As the single operations; faults carry the operation's index.
pub async fn bulk(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    operations: Vec<BulkOperation>,
) -> Result<Vec<BulkAnswer>, EngineError> {
    if operations.len() > BULK_LIMIT {
        return Err(EngineError::Malformed(format!(
            "at most {BULK_LIMIT} operations are allowed in one request"
        )));
    }
    caller.require(entity, Action::Bulk)?;
    let mut answers = Vec::with_capacity(operations.len());
    let mut start = 0;
    for run in
        operations.chunk_by(|left, right| verb(left) == verb(right) && !same_record(left, right))
    {
        let shift = |error: EngineError| match error {
            EngineError::InvalidRows(rows) => EngineError::InvalidRows(
                rows.into_iter()
                    .map(|(index, faults)| (index + start, faults))
                    .collect(),
            ),
            other => other,
        };
        run_one(engine, tx, caller, entity, run, &mut answers)
            .await
            .map_err(shift)?;
        start += run.len();
    }
    Ok(answers)
}

/// Two changes of one record cannot go in one statement.
fn same_record(left: &BulkOperation, right: &BulkOperation) -> bool {
    matches!((left, right), (BulkOperation::Update(left), BulkOperation::Update(right)) if left.id == right.id)
}

async fn run_one(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    run: &[BulkOperation],
    answers: &mut Vec<BulkAnswer>,
) -> Result<(), EngineError> {
    let mut bodies = Vec::new();
    let mut updates: Vec<Update> = Vec::new();
    let mut ids = Vec::new();
    for operation in run {
        match operation {
            BulkOperation::Create(body) => bodies.push(body.clone()),
            BulkOperation::Update(update) => updates.push(update.clone()),
            BulkOperation::Delete(id) | BulkOperation::Restore(id) => ids.push(*id),
        }
    }
    let Some(operation) = run.first().map(verb) else {
        return Ok(());
    };
    let with_records = |records: Vec<RecordJson>| {
        records.into_iter().map(move |record| BulkAnswer {
            operation,
            id: record.id,
            record: Some(record),
        })
    };
    match operation {
        "create" => answers.extend(with_records(
            create(engine, tx, caller, entity, &bodies).await?,
        )),
        "update" => answers.extend(with_records(
            update(engine, tx, caller, entity, &updates).await?,
        )),
        "restore" => answers.extend(with_records(
            restore(engine, tx, caller, entity, &ids).await?,
        )),
        _ => {
            delete(engine, tx, caller, entity, &ids).await?;
            answers.extend(ids.into_iter().map(|id| BulkAnswer {
                operation,
                id,
                record: None,
            }));
        }
    }
    Ok(())
}

/// Changes (`Some(body)`) or deletes (`None`) everything that passes a filter and may be read.
///
/// # Errors
/// [`EngineError::Conflict`] when it is not as many records as the caller expected, or too many.
pub async fn bulk_by_filter(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    filter: &Filter,
    body: Option<Json>,
    expected: Option<usize>,
) -> Result<usize, EngineError> {
    caller.require(entity, Action::Bulk)?;
    caller.require(entity, Action::Read)?;
    let mut sql = Sql::new();
    sql.push(&format!("SELECT t.id FROM {} t WHERE true", entity.table));
    if entity.soft_delete {
        sql.push(" AND t.deleted_at IS NULL");
    }
    push_archived(&mut sql, entity, Archived::unless_said(entity, filter));
    scope_predicate(&mut sql, engine.catalogue, entity, &caller.grants, "t");
    sql.push(" AND ");
    sql.plan_each_time();
    render_filter(&mut sql, engine.catalogue, entity, "t", filter);
    sql.push(" ORDER BY t.id LIMIT ");
    sql.bind(
        i64::try_from(BULK_LIMIT).unwrap_or(i64::MAX) + 1,
        Type::INT8,
    );
    let rows = tx.query(&sql.finish()).await?;
    let ids: Vec<Uuid> = rows
        .iter()
        .filter_map(|row| row.try_get::<_, Uuid>(0).ok())
        .collect();
    let conflict = |message: String| EngineError::Conflict {
        field: None,
        message,
    };
    if ids.len() > BULK_LIMIT {
        return Err(conflict(format!(
            "more than {BULK_LIMIT} records match; narrow the filter"
        )));
    }
    if let Some(expected) = expected
        && expected != ids.len()
    {
        return Err(conflict(format!(
            "{} records match now, not {expected}; look again before changing them",
            ids.len()
        )));
    }
    match body {
        Some(body) => {
            let updates: Vec<Update> = ids
                .iter()
                .map(|id| Update {
                    id: *id,
                    body: body.clone(),
                    version: None,
                })
                .collect();
            update(engine, tx, caller, entity, &updates).await?;
        }
        None => delete(engine, tx, caller, entity, &ids).await?,
    }
    Ok(ids.len())
}
