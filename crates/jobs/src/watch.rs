//! What people see of background work: their own, and whoever looks after the organization all of it.

use jiff::Timestamp;
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError};
use kith_store::types::Type;
use kith_store::{Row, Statement, StoreError, Tx};
use serde::Serialize;
use uuid::Uuid;

/// The words of `jobs.status`.
pub const STATUSES: [&str; 5] = ["queued", "running", "completed", "dead", "discarded"];

const COLUMNS: &str = "id, kind, status, attempts, max_attempts, run_at, progress, total, message, last_error, created_at, created_by, started_at, finished_at";

/// One job as people see it.
#[derive(Debug, Serialize)]
pub struct JobState {
    pub id: Uuid,
    pub kind: String,
    pub status: String,
    pub attempts: i32,
    pub max_attempts: i32,
    /// Not before this.
    pub run_at: Timestamp,
    pub progress: Option<i64>,
    pub total: Option<i64>,
    pub message: Option<String>,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
    pub created_by: Option<Uuid>,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
}

/// Where a page ends.
#[derive(Debug, Serialize)]
pub struct Page {
    pub limit: u32,
    pub next_cursor: Option<String>,
}

/// A page of jobs, the newest first.
#[derive(Debug, Serialize)]
pub struct JobList {
    pub data: Vec<JobState>,
    pub page: Page,
}

/// The jobs that the caller may see.
///
/// # Errors
/// [`EngineError::BadQuery`] for an unknown status or a cursor that was not given out.
pub async fn list(
    engine: &Engine,
    caller: &Caller,
    status: Option<String>,
    limit: u32,
    cursor: Option<&str>,
) -> Result<JobList, EngineError> {
    let bad = |field: &str, message: &str| {
        EngineError::BadQuery(vec![Fault::new("not_a_choice", message).at(field)])
    };
    if status
        .as_deref()
        .is_some_and(|word| !STATUSES.contains(&word))
    {
        return Err(bad("status", "is no status of a job"));
    }
    let before = cursor
        .map(|text| {
            text.parse::<Uuid>()
                .map_err(|_| bad("cursor", "is not a cursor of this list; begin without one"))
        })
        .transpose()?;
    // Ids are UUIDs of version 7: their order is that of time.
    let list = Statement::new(format!(
        "select {COLUMNS} from jobs where organization_id = $1 and ($2::text is null or status = $2) and ($3::uuid is null or id < $3) \
         order by id desc limit $4"
    ))
    .with(caller.principal.organization_id, Type::UUID)
    .with(status, Type::TEXT)
    .with(before, Type::UUID)
    .with(i64::from(limit) + 1, Type::INT8);
    let answers = engine.database.read(&caller.principal, &[list]).await?;
    let rows = answers.into_iter().next().unwrap_or_default();
    let mut data = rows
        .iter()
        .map(read)
        .collect::<Result<Vec<_>, StoreError>>()?;
    let more = data.len() > limit as usize;
    data.truncate(limit as usize);
    let next_cursor = data.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(JobList {
        data,
        page: Page { limit, next_cursor },
    })
}

/// One job.
///
/// # Errors
/// [`EngineError::NotFound`] for one that the caller may not see.
pub async fn get(engine: &Engine, caller: &Caller, id: Uuid) -> Result<JobState, EngineError> {
    let answers = engine
        .database
        .read(&caller.principal, &[one(caller, id)])
        .await?;
    let row = answers
        .first()
        .and_then(|rows| rows.first())
        .ok_or(EngineError::NotFound)?;
    Ok(read(row)?)
}

/// Queues a job again that was given up or discarded.
///
/// # Errors
/// [`EngineError::Refused`] for who may not, [`EngineError::Conflict`] for a job in another state.
pub async fn retry(tx: &Tx, caller: &Caller, id: Uuid) -> Result<JobState, EngineError> {
    change(
        tx,
        caller,
        id,
        "select retry_job($1)",
        "only a job that was given up or discarded is tried again",
    )
    .await
}

/// Takes a job out of the queue, or asks one that runs to stop.
///
/// # Errors
/// [`EngineError::Refused`] for who may not, [`EngineError::Conflict`] for a job that is over.
pub async fn discard(tx: &Tx, caller: &Caller, id: Uuid) -> Result<JobState, EngineError> {
    change(
        tx,
        caller,
        id,
        "select discard_job($1)",
        "the job is over already",
    )
    .await
}

async fn change(
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
    sql: &'static str,
    otherwise: &str,
) -> Result<JobState, EngineError> {
    tx.query_opt(&one(caller, id))
        .await?
        .ok_or(EngineError::NotFound)?;
    let changed: bool = tx
        .query_one(&Statement::new(sql).with(id, Type::UUID))
        .await?
        .try_get(0)
        .map_err(StoreError::from)?;
    if !changed {
        return Err(EngineError::Conflict {
            field: None,
            message: otherwise.to_owned(),
        });
    }
    Ok(read(&tx.query_one(&one(caller, id)).await?)?)
}

fn one(caller: &Caller, id: Uuid) -> Statement {
    Statement::new(format!(
        "select {COLUMNS} from jobs where organization_id = $1 and id = $2"
    ))
    .with(caller.principal.organization_id, Type::UUID)
    .with(id, Type::UUID)
}

fn read(row: &Row) -> Result<JobState, StoreError> {
    Ok(JobState {
        id: row.try_get(0)?,
        kind: row.try_get(1)?,
        status: row.try_get(2)?,
        attempts: row.try_get(3)?,
        max_attempts: row.try_get(4)?,
        run_at: row.try_get(5)?,
        progress: row.try_get(6)?,
        total: row.try_get(7)?,
        message: row.try_get(8)?,
        last_error: row.try_get(9)?,
        created_at: row.try_get(10)?,
        created_by: row.try_get(11)?,
        started_at: row.try_get(12)?,
        finished_at: row.try_get(13)?,
    })
}
