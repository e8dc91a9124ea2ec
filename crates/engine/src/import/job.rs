//! The row of a run: what the page polls, and through which a run is cancelled.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kith_catalogue::access::Action;
use kith_store::types::Type;
use kith_store::{Origin, Row, Statement, StoreError, Tx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::tally::Tally;
use super::undo::name_kept;
use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;
use crate::page::uncounted_page;

/// The permission resource of runs.
const RESOURCE: &str = "imports";
/// How often progress is written and the wish to cancel is asked for.
const BEAT: Duration = Duration::from_millis(500);
/// A run that has not been heard of for this long died with its node.
const STALE: &str = "interval '2 minutes'";
const INTERRUPTED: &str = "The import was interrupted: the server stopped while it ran. Start it again; records that were made already are duplicates then.";

const COLUMNS: &str = "i.id, i.entity, i.status, i.dry_run, i.file_name, coalesce(i.total, 0), i.processed, i.created, i.updated, i.skipped, \
    i.failed, i.message, i.started_at, i.finished_at, \
    EXISTS (SELECT 1 FROM import_errors e WHERE e.organization_id = i.organization_id AND e.import_id = i.id), i.created_at, i.created_by, \
    i.summary, i.options ->> 'source', i.undone_at, i.undone_by, i.undo, \
    CASE WHEN i.finished_at IS NOT NULL AND NOT i.dry_run AND i.undone_at IS NULL AND i.created + i.updated > 0 THEN i.finished_at + interval '30 days' END";

/// How far a run is. Rows, not records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub processed: i32,
    pub created: i32,
    pub updated: i32,
    pub skipped: i32,
    pub failed: i32,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub status: &'static str,
    pub message: Option<String>,
}

/// A run in progress.
pub(super) struct Job {
    engine: Engine,
    caller: Caller,
    pub id: Uuid,
    state: Mutex<State>,
    cancelled: AtomicBool,
}

#[derive(Clone, Copy, Default)]
struct State {
    running: bool,
    total: i32,
    counts: Counts,
}

impl Job {
    /// Inserts the row of a new run.
    pub(super) async fn insert(
        engine: &Engine,
        caller: &Caller,
        entity: &'static str,
        file_name: &str,
        dry_run: bool,
        stored: Json,
    ) -> Result<Job, EngineError> {
        let id = Uuid::now_v7();
        let caller = Caller {
            origin: Origin {
                change_set_id: id,
                kind: "import".into(),
                ..caller.origin.clone()
            },
            ..caller.clone()
        };
        let name: String = file_name
            .chars()
            .filter(|character| !character.is_control())
            .take(255)
            .collect();
        let insert = Statement::new(
            "INSERT INTO imports (organization_id, id, entity, file_name, options, dry_run, heartbeat_at, created_by) \
             VALUES ($1, $2, $3, $4, $5, $6, now(), $7)",
        )
        .with(caller.principal.organization_id, Type::UUID)
        .with(id, Type::UUID)
        .with(entity, Type::TEXT)
        .with(name, Type::TEXT)
        .with(stored, Type::JSONB)
        .with(dry_run, Type::BOOL)
        .with(caller.principal.user_id, Type::UUID);
        let tx = Tx::begin(&engine.database, &caller.principal, &caller.origin).await?;
        tx.execute(&insert).await.map_err(refused)?;
        tx.commit().await?;
        Ok(Job {
            engine: engine.clone(),
            caller,
            id,
            state: Mutex::default(),
            cancelled: AtomicBool::new(false),
        })
    }

    /// Writes of a caller who takes a run back: they carry the request's change set.
    pub(super) fn undoing(engine: &Engine, caller: &Caller, id: Uuid) -> Job {
        Job {
            engine: engine.clone(),
            caller: caller.clone(),
            id,
            state: Mutex::default(),
            cancelled: AtomicBool::new(false),
        }
    }

    /// The caller whose writes carry this run as their change set.
    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn set_running(&self) {
        self.state().running = true;
    }

    pub(super) fn set_total(&self, total: u64) {
        self.state().total = i32::try_from(total).unwrap_or(i32::MAX);
    }

    pub(super) fn set_counts(&self, counts: Counts) {
        self.state().counts = counts;
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Writes progress and asks whether to stop, until dropped. Ends when the row cannot be written any
    /// more: whoever started the run has lost the right to it.
    pub(super) async fn beat(&self) -> EngineError {
        let mut missed = 0_u32;
        loop {
            match self.write_progress().await {
                Ok(true) => self.cancelled.store(true, Ordering::Relaxed),
                Ok(false) => missed = 0,
                Err(error) => {
                    // A busy moment is no reason to give up; a minute of them is.
                    missed += 1;
                    if missed > 120 || matches!(error, EngineError::NotFound) {
                        return error;
                    }
                }
            }
            tokio::time::sleep(BEAT).await;
        }
    }

    async fn write_progress(&self) -> Result<bool, EngineError> {
        let State {
            running,
            total,
            counts,
        } = *self.state();
        let update = Statement::new(
            "UPDATE imports SET status = CASE WHEN $2 THEN 'running' ELSE status END, total = CASE WHEN $2 THEN $3 ELSE total END, \
             started_at = CASE WHEN $2 THEN coalesce(started_at, now()) END, \
             processed = $4, created = $5, updated = $6, skipped = $7, failed = $8, heartbeat_at = now() \
             WHERE organization_id = current_organization_id() AND id = $1 AND status IN ('queued', 'running') \
             RETURNING cancel_requested",
        )
        .with(self.id, Type::UUID)
        .with(running, Type::BOOL)
        .with(total, Type::INT4);
        let rows = self.write(with_counts(update, counts)).await?;
        rows.first()
            .and_then(|row| row.try_get(0).ok())
            .ok_or(EngineError::NotFound)
    }

    /// Writes the end.
    pub(super) async fn finish(&self, end: &End, tally: &Tally) -> Result<(), EngineError> {
        let State { total, counts, .. } = *self.state();
        let update = Statement::new(
            "UPDATE imports SET status = $2, total = $3, processed = $4, created = $5, updated = $6, skipped = $7, failed = $8, message = $9, outcomes = $10, summary = $11, \
             started_at = coalesce(started_at, now()), finished_at = now(), heartbeat_at = now() \
             WHERE organization_id = current_organization_id() AND id = $1",
        )
        .with(self.id, Type::UUID)
        .with(end.status, Type::TEXT)
        .with(total, Type::INT4);
        let update = with_counts(update, counts)
            .with(end.message.clone(), Type::TEXT)
            .with(tally.letters(), Type::TEXT)
            .with(tally.summary(), Type::JSONB);
        self.write(update).await.map(drop)
    }

    async fn write(&self, statement: Statement) -> Result<Vec<Row>, EngineError> {
        let tx = Tx::begin(
            &self.engine.database,
            &self.caller.principal,
            &self.caller.origin,
        )
        .await?;
        let mut answers = tx.commit_with(&[statement]).await?;
        Ok(answers.pop().unwrap_or_default())
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn with_counts(statement: Statement, counts: Counts) -> Statement {
    statement
        .with(counts.processed, Type::INT4)
        .with(counts.created, Type::INT4)
        .with(counts.updated, Type::INT4)
        .with(counts.skipped, Type::INT4)
        .with(counts.failed, Type::INT4)
}

/// One run.
///
/// # Errors
/// [`EngineError::NotFound`] also for runs that the caller may not see.
pub async fn get(engine: &Engine, caller: &Caller, id: Uuid) -> Result<Json, EngineError> {
    let select = || {
        Statement::new(format!("SELECT {COLUMNS} FROM imports i WHERE i.organization_id = current_organization_id() AND i.id = $1")).with(id, Type::UUID)
    };
    let rows = read_runs(engine, caller, select).await?;
    let mut run = rows.into_iter().next().ok_or(EngineError::NotFound)?;
    name_kept(engine, caller, &mut run).await?;
    Ok(run)
}

/// The runs that the caller may see, newest first, as the body of the response.
///
/// # Errors
/// [`EngineError::Malformed`] for a cursor that this list did not give out.
pub async fn list(
    engine: &Engine,
    caller: &Caller,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Json, EngineError> {
    let limit = limit.clamp(1, 200);
    let before = cursor
        .map(|text| {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok();
            bytes
                .and_then(|bytes| Uuid::from_slice(&bytes).ok())
                .ok_or_else(|| {
                    EngineError::bad_cursor(
                        "is not one that this list gave out; start again without it",
                    )
                })
        })
        .transpose()?;
    let select = || {
        // Ids begin with the time at which they were made.
        Statement::new(format!(
            "SELECT {COLUMNS} FROM imports i WHERE i.organization_id = current_organization_id() \
             AND ($1::uuid IS NULL OR i.id < $1) ORDER BY i.id DESC LIMIT $2"
        ))
        .with(before, Type::UUID)
        .with(i64::from(limit) + 1, Type::INT8)
    };
    let mut runs = read_runs(engine, caller, select).await?;
    let more = runs.len() > limit as usize;
    runs.truncate(limit as usize);
    let last = runs
        .last()
        .and_then(|run| run.get("id")?.as_str())
        .and_then(|id| Uuid::try_parse(id).ok());
    let next = last.filter(|_| more).map(|id| URL_SAFE_NO_PAD.encode(id));
    Ok(uncounted_page(runs, limit, next))
}

/// Asks a run to stop; it does so within a batch and undoes that batch.
///
/// # Errors
/// [`EngineError::NotFound`]; [`EngineError::Conflict`] for a run that is over.
pub async fn cancel(engine: &Engine, caller: &Caller, id: Uuid) -> Result<Json, EngineError> {
    let update = Statement::new(
        "UPDATE imports SET cancel_requested = true \
         WHERE organization_id = current_organization_id() AND id = $1 AND status IN ('queued', 'running') RETURNING id",
    )
    .with(id, Type::UUID);
    let tx = Tx::begin(&engine.database, &caller.principal, &caller.origin).await?;
    let asked = !tx.query(&update).await?.is_empty();
    tx.commit().await?;
    let run = get(engine, caller, id).await?;
    if asked {
        return Ok(run);
    }
    match run.get("status").and_then(Json::as_str) {
        Some("queued" | "running") => Err(refused(StoreError::Permission {
            detail: format!("import {id}"),
        })),
        _ => Err(EngineError::Conflict {
            field: None,
            message: "this import is over already".to_owned(),
        }),
    }
}

/// Reads runs; those whose node died are marked as failed first.
async fn read_runs(
    engine: &Engine,
    caller: &Caller,
    select: impl Fn() -> Statement,
) -> Result<Vec<Json>, EngineError> {
    let rows = engine
        .database
        .read(&caller.principal, &[select(), stale()])
        .await?;
    let [runs, dead] = <[Vec<Row>; 2]>::try_from(rows)
        .map_err(|_| StoreError::internal("two answers were expected"))?;
    let runs = if dead.is_empty() {
        runs
    } else {
        bury(engine, caller, select()).await?
    };
    runs.iter()
        .map(|row| {
            shown(row).map_err(|error| EngineError::Store(StoreError::internal(error.to_string())))
        })
        .collect()
}

fn stale() -> Statement {
    Statement::new(format!(
        "SELECT 1 FROM imports WHERE organization_id = current_organization_id() \
         AND status IN ('queued', 'running') AND coalesce(heartbeat_at, created_at) < now() - {STALE} LIMIT 1"
    ))
}

/// Marks what died, as far as the caller may, and reads again.
async fn bury(
    engine: &Engine,
    caller: &Caller,
    select: Statement,
) -> Result<Vec<Row>, EngineError> {
    let update = Statement::new(format!(
        "UPDATE imports SET status = 'failed', message = $1, finished_at = now() \
         WHERE organization_id = current_organization_id() \
         AND status IN ('queued', 'running') AND coalesce(heartbeat_at, created_at) < now() - {STALE}"
    ))
    .with(INTERRUPTED, Type::TEXT);
    let tx = Tx::begin(&engine.database, &caller.principal, &caller.origin).await?;
    let mut answers = tx.commit_with(&[update, select]).await?;
    Ok(answers.pop().unwrap_or_default())
}

fn shown(row: &Row) -> Result<Json, tokio_postgres::Error> {
    let time = |position: usize| -> Result<Option<String>, tokio_postgres::Error> {
        Ok(row
            .try_get::<_, Option<jiff::Timestamp>>(position)?
            .map(|time| time.to_string()))
    };
    Ok(json!({
        "id": row.try_get::<_, Uuid>(0)?,
        "entity": row.try_get::<_, &str>(1)?,
        "status": row.try_get::<_, &str>(2)?,
        "dry_run": row.try_get::<_, bool>(3)?,
        "file_name": row.try_get::<_, &str>(4)?,
        "total": row.try_get::<_, i32>(5)?,
        "processed": row.try_get::<_, i32>(6)?,
        "created": row.try_get::<_, i32>(7)?,
        "updated": row.try_get::<_, i32>(8)?,
        "skipped": row.try_get::<_, i32>(9)?,
        "failed": row.try_get::<_, i32>(10)?,
        "message": row.try_get::<_, Option<&str>>(11)?,
        "started_at": time(12)?,
        "finished_at": time(13)?,
        "has_errors": row.try_get::<_, bool>(14)?,
        "created_at": time(15)?,
        "created_by": row.try_get::<_, Option<Uuid>>(16)?,
        "summary": row.try_get::<_, Option<Json>>(17)?,
        "source": row.try_get::<_, Option<&str>>(18)?,
        "undo_until": time(22)?,
        "undone_at": time(19)?,
        "undone_by": row.try_get::<_, Option<Uuid>>(20)?,
        "undo": row.try_get::<_, Option<Json>>(21)?,
    }))
}

/// Row security says no where the caller holds no permission for imports.
pub(super) fn refused(error: StoreError) -> EngineError {
    match error {
        StoreError::Permission { .. } => EngineError::Forbidden {
            action: Action::Import,
            resource: RESOURCE,
        },
        other => EngineError::from(other),
    }
}
