//! The queue's side of a job: taking it, keeping it, and saying what became of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use kith_auth::Clock;
use kith_store::types::Type;
use kith_store::{Database, Origin, Row, Statement, StoreError, SystemTx, Transaction};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::error::JobError;

/// The channel on which the database says that work was queued.
pub const JOBS_CHANNEL: &str = "kith_jobs";

/// Queues work in the transaction of what it follows from, for the transaction's organization. With a key, the same
/// work is not queued a second time while it waits. Answers the job's id.
///
/// # Errors
/// [`StoreError::Permission`] in a transaction without an organization.
pub async fn enqueue(
    tx: &Transaction,
    kind: &'static str,
    payload: Json,
    not_before: Option<Timestamp>,
    key: Option<&str>,
) -> Result<Uuid, StoreError> {
    let enqueue = Statement::new("select enqueue_job($1, $2, $3, $4)")
        .with(kind, Type::TEXT)
        .with(payload, Type::JSONB)
        .with(not_before, Type::TIMESTAMPTZ)
        .with(key.map(str::to_owned), Type::TEXT);
    Ok(tx.query_one(&enqueue).await?.try_get(0)?)
}

/// The queue as a worker uses it.
#[derive(Clone)]
pub(crate) struct Queue {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    /// How long a worker that says nothing is believed to be at it.
    pub(crate) lease: Duration,
}

impl Queue {
    pub(crate) fn lease_seconds(&self) -> i32 {
        i32::try_from(self.lease.as_secs())
            .unwrap_or(i32::MAX)
            .max(1)
    }

    /// Takes the next job that is due, of these kinds.
    pub(crate) async fn take(&self, kinds: &[String]) -> Result<Option<Work>, StoreError> {
        let token = Uuid::now_v7();
        let take = Statement::new(
            "select organization_id, id, kind, payload, attempts, max_attempts, created_by from take_job($1, $2, $3, $4)",
        )
        .with(kinds.to_vec(), Type::TEXT_ARRAY)
        .with(token, Type::UUID)
        .with(self.lease_seconds(), Type::INT4)
        .with((self.clock)(), Type::TIMESTAMPTZ);
        let answers = self.system(None).await?.commit_with(&[take]).await?;
        answers
            .first()
            .and_then(|rows| rows.first())
            .map(|row| Work::read(row, token, self))
            .transpose()
    }

    /// How long nothing is due; `None` when nothing waits.
    pub(crate) async fn pause(&self, kinds: &[String]) -> Result<Option<Duration>, StoreError> {
        let next = Statement::new("select next_job_due($1, $2)")
            .with(kinds.to_vec(), Type::TEXT_ARRAY)
            .with((self.clock)(), Type::TIMESTAMPTZ);
        seconds(&self.database.system_read(None, &[next]).await?)
    }

    pub(crate) async fn system(&self, organization: Option<Uuid>) -> Result<SystemTx, StoreError> {
        SystemTx::begin(&self.database, organization, &Origin::new("system")).await
    }
}

/// A number of seconds as a pause.
pub(crate) fn seconds(answers: &[Vec<Row>]) -> Result<Option<Duration>, StoreError> {
    let seconds: Option<f64> = match answers.first().and_then(|rows| rows.first()) {
        Some(row) => row.try_get(0)?,
        None => None,
    };
    Ok(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
}

/// A job that this worker has taken.
pub struct Work {
    pub organization_id: Uuid,
    pub id: Uuid,
    pub kind: String,
    /// What it was queued with: an object.
    pub payload: Json,
    /// This attempt is the first, the second …
    pub attempt: i32,
    /// After this many the job is given up.
    pub max_attempts: i32,
    /// Who set it going.
    pub created_by: Option<Uuid>,
    token: Uuid,
    queue: Queue,
    settled: AtomicBool,
}

impl Work {
    fn read(row: &Row, token: Uuid, queue: &Queue) -> Result<Work, StoreError> {
        Ok(Work {
            organization_id: row.try_get("organization_id")?,
            id: row.try_get("id")?,
            kind: row.try_get("kind")?,
            payload: row.try_get("payload")?,
            attempt: row.try_get("attempts")?,
            max_attempts: row.try_get("max_attempts")?,
            created_by: row.try_get("created_by")?,
            token,
            queue: queue.clone(),
            settled: AtomicBool::new(false),
        })
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        (self.queue.clock)()
    }

    /// The application's database.
    pub fn database(&self) -> &Database {
        &self.queue.database
    }

    /// A transaction in the job's organization that acts for no user.
    ///
    /// # Errors
    /// [`StoreError`] when there is no connection.
    pub async fn begin(&self) -> Result<SystemTx, StoreError> {
        self.queue.system(Some(self.organization_id)).await
    }

    /// Tells how far the job is, which whoever follows it sees.
    ///
    /// # Errors
    /// [`JobError::Lost`] when the job is no longer this worker's, or somebody asked it to stop.
    pub async fn progress(
        &self,
        done: i64,
        total: Option<i64>,
        message: Option<&str>,
    ) -> Result<(), JobError> {
        self.extend(Some(done), total, message).await
    }

    /// Says that the work goes on.
    pub(crate) async fn beat(&self) -> Result<(), JobError> {
        self.extend(None, None, None).await
    }

    async fn extend(
        &self,
        done: Option<i64>,
        total: Option<i64>,
        message: Option<&str>,
    ) -> Result<(), JobError> {
        let extend = Statement::new("select extend_job($1, $2, $3, $4, $5, $6, $7, $8)")
            .with(self.organization_id, Type::UUID)
            .with(self.id, Type::UUID)
            .with(self.token, Type::UUID)
            .with(self.queue.lease_seconds(), Type::INT4)
            .with(self.now(), Type::TIMESTAMPTZ)
            .with(done, Type::INT8)
            .with(total, Type::INT8)
            .with(message.map(|text| text.replace('\0', " ")), Type::TEXT);
        let answers = self
            .queue
            .system(None)
            .await?
            .commit_with(&[extend])
            .await?;
        held(&answers)
    }

    /// Commits what the job did together with its end: both happen or neither.
    ///
    /// # Errors
    /// [`JobError::Lost`] when the job is no longer this worker's; then nothing is kept.
    pub async fn finish(&self, tx: SystemTx) -> Result<(), JobError> {
        let row = tx
            .query_one(&self.settle("completed", None, self.now()))
            .await?;
        if !row.try_get::<_, bool>(0).map_err(StoreError::from)? {
            return Err(JobError::Lost);
        }
        tx.commit().await?;
        self.settled.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether [`Work::finish`] was called, and committed.
    pub(crate) fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Relaxed)
    }

    /// Says what became of the job, apart from anything it did.
    pub(crate) async fn conclude(
        &self,
        outcome: &'static str,
        error: Option<String>,
        again_at: Timestamp,
    ) -> Result<(), JobError> {
        let settle = self.settle(outcome, error, again_at);
        let answers = self
            .queue
            .system(None)
            .await?
            .commit_with(&[settle])
            .await?;
        held(&answers)
    }

    fn settle(
        &self,
        outcome: &'static str,
        error: Option<String>,
        again_at: Timestamp,
    ) -> Statement {
        Statement::new("select settle_job($1, $2, $3, $4, $5, $6, $7)")
            .with(self.organization_id, Type::UUID)
            .with(self.id, Type::UUID)
            .with(self.token, Type::UUID)
            .with(outcome, Type::TEXT)
            .with(error, Type::TEXT)
            .with(again_at, Type::TIMESTAMPTZ)
            .with(self.now(), Type::TIMESTAMPTZ)
    }
}

/// An answer of "yes, it is still yours".
fn held(answers: &[Vec<Row>]) -> Result<(), JobError> {
    let held = match answers.first().and_then(|rows| rows.first()) {
        Some(row) => row.try_get(0).map_err(StoreError::from)?,
        None => false,
    };
    if held { Ok(()) } else { Err(JobError::Lost) }
}
