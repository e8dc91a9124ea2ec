//! Runs jobs and schedules on a node. Any number of nodes do so side by side; what a node was doing when it died is
//! done by another once its lease is over.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use jiff::SignedDuration;
use kith_auth::Clock;
use kith_store::{Database, Notice, StoreError};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use crate::error::JobError;
use crate::queue::{JOBS_CHANNEL, Queue, Work};
use crate::runner::Runner;
use crate::schedules::Schedule;

/// Jobs at a time on a node.
const AT_ONCE: usize = 4;
/// Schedules at a time on a node.
const SCHEDULES_AT_ONCE: usize = 2;
/// After this long without a word from its worker a job is another's.
const LEASE: Duration = Duration::from_mins(2);
/// Pauses before each further attempt; the last counts for all that follow.
const PAUSES: [Duration; 7] = [
    Duration::from_secs(10),
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(6),
    Duration::from_hours(12),
];
/// The longest the queue goes unlooked at when nobody says anything.
const QUIET: Duration = Duration::from_secs(30);
/// How long to wait when the queue could not be read.
const TROUBLE: Duration = Duration::from_secs(5);

/// One kind of job.
pub trait Job: Send + Sync {
    /// The word in `jobs.kind`.
    fn kind(&self) -> &'static str;

    /// The longest that one attempt may take.
    fn longest(&self) -> Duration {
        Duration::from_mins(30)
    }

    /// Does the work of one job. It may be dropped at any await: what is not committed has not happened.
    fn run<'a>(&'a self, work: &'a Work) -> BoxFuture<'a, Result<(), JobError>>;
}

/// Runs jobs and schedules until it is told to stop. Cheap to clone.
#[derive(Clone)]
pub struct Worker {
    queue: Queue,
    jobs: Arc<BTreeMap<&'static str, Box<dyn Job>>>,
    kinds: Arc<Vec<String>>,
    schedules: &'static [Schedule],
}

/// How many jobs ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    pub completed: usize,
    /// Will be tried again.
    pub postponed: usize,
    /// Given up.
    pub dead: usize,
    /// Taken away meanwhile.
    pub lost: usize,
}

impl Worker {
    /// A worker that knows these jobs and schedules.
    pub fn new(
        database: Database,
        clock: Clock,
        jobs: Vec<Box<dyn Job>>,
        schedules: &'static [Schedule],
    ) -> Worker {
        let jobs: BTreeMap<_, _> = jobs.into_iter().map(|job| (job.kind(), job)).collect();
        let kinds = jobs.keys().map(|kind| (*kind).to_owned()).collect();
        Worker {
            queue: Queue {
                database,
                clock,
                lease: LEASE,
            },
            jobs: Arc::new(jobs),
            kinds: Arc::new(kinds),
            schedules,
        }
    }

    /// The same worker with another lease.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Worker {
        self.queue.lease = lease;
        self
    }

    /// Works until it is told to stop. Then it takes nothing new and waits up to `grace` for what it is doing; what is
    /// not done by then goes back into the queue. `notices` are those of a listener on [`JOBS_CHANNEL`].
    pub async fn run(self, notices: Receiver<Notice>, stop: CancellationToken, grace: Duration) {
        let hurry = CancellationToken::new();
        let slots = join_all((0..AT_ONCE).map(|_| {
            let mine = notices.resubscribe();
            self.slot(mine, &stop, &hurry)
        }));
        let runner = Runner {
            queue: self.queue.clone(),
            schedules: self.schedules,
        };
        let schedules = join_all((0..SCHEDULES_AT_ONCE).map(|_| runner.run(&stop, &hurry)));
        let alarm = async {
            stop.cancelled().await;
            tokio::time::sleep(grace).await;
            hurry.cancel();
        };
        let work = async { tokio::join!(slots, schedules) };
        tokio::pin!(work, alarm);
        tokio::select! {
            _ = &mut work => {}
            () = &mut alarm => { work.await; }
        }
    }

    /// Does everything that is due now, one after the other, schedules included.
    ///
    /// # Errors
    /// [`StoreError`] when the queue cannot be read or written.
    pub async fn drain(&self) -> Result<Done, StoreError> {
        let never = CancellationToken::new();
        let runner = Runner {
            queue: self.queue.clone(),
            schedules: self.schedules,
        };
        runner.drain(&never, &never).await?;
        let mut done = Done::default();
        while let Some(work) = self.queue.take(&self.kinds).await? {
            self.perform(&work, &never, &mut done).await;
        }
        Ok(done)
    }

    async fn slot(
        &self,
        mut notices: Receiver<Notice>,
        stop: &CancellationToken,
        hurry: &CancellationToken,
    ) {
        let mut done = Done::default();
        if self.kinds.is_empty() {
            return;
        }
        while !stop.is_cancelled() {
            let pause = match self.queue.take(&self.kinds).await {
                Ok(Some(work)) => {
                    self.perform(&work, hurry, &mut done).await;
                    continue;
                }
                Ok(None) => match self.queue.pause(&self.kinds).await {
                    // A moment more, so that a job due within it is not missed by a hair.
                    Ok(wait) => {
                        wait.map_or(QUIET, |wait| (wait + Duration::from_millis(50)).min(QUIET))
                    }
                    Err(error) => trouble(&error),
                },
                Err(error) => trouble(&error),
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
                heard = woken(&mut notices) => if !heard {
                    // Without a listener the clock alone says when to look.
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(pause) => {}
                    }
                },
            }
        }
    }

    /// Runs one job and says what became of it.
    async fn perform(&self, work: &Work, hurry: &CancellationToken, done: &mut Done) {
        let Some(job) = self.jobs.get(work.kind.as_str()) else {
            return;
        };
        let longest = job.longest();
        let running = AssertUnwindSafe(job.run(work)).catch_unwind();
        let outcome = tokio::select! {
            ended = running => ended.unwrap_or_else(|_| Err(JobError::Later("the job ran into a fault of the program".to_owned()))),
            lost = self.keep(work) => Err(lost),
            () = tokio::time::sleep(longest) => Err(JobError::Later(format!("it took longer than {} s", longest.as_secs()))),
            () = hurry.cancelled() => Err(JobError::NotBefore(Duration::ZERO, "the program stopped meanwhile".to_owned())),
        };
        let label = match self.conclude(work, outcome).await {
            Ok(label) => label,
            Err(JobError::Lost) => "lost",
            Err(error) => {
                // The lease runs out and the job is taken again.
                tracing::error!(job = %work.id, kind = work.kind, %error, detail = error.log_detail(), "what became of a job could not be written");
                "lost"
            }
        };
        match label {
            "completed" => done.completed += 1,
            "postponed" => done.postponed += 1,
            "dead" => done.dead += 1,
            _ => done.lost += 1,
        }
        metrics::counter!("kith_jobs_total", "kind" => work.kind.clone(), "outcome" => label)
            .increment(1);
    }

    /// Keeps the lease until it is lost.
    async fn keep(&self, work: &Work) -> JobError {
        let every = self.queue.lease / 3;
        loop {
            tokio::time::sleep(every).await;
            match work.beat().await {
                Ok(()) => {}
                Err(JobError::Lost) => return JobError::Lost,
                // Perhaps the next one comes through in time.
                Err(error) => {
                    tracing::warn!(job = %work.id, %error, "a job's lease could not be prolonged");
                }
            }
        }
    }

    async fn conclude(
        &self,
        work: &Work,
        outcome: Result<(), JobError>,
    ) -> Result<&'static str, JobError> {
        let now = work.now();
        let (job, kind, attempt) = (work.id, work.kind.as_str(), work.attempt);
        let error = match outcome {
            _ if work.is_settled() => return Ok("completed"),
            Ok(()) => {
                work.conclude("completed", None, now).await?;
                tracing::debug!(%job, kind, "job done");
                return Ok("completed");
            }
            Err(error) => error,
        };
        let pause = match &error {
            JobError::Lost => {
                // Discarded while it ran: that is its end. Taken by another: then this changes nothing.
                work.conclude("discarded", Some("discarded while it ran".to_owned()), now)
                    .await?;
                return Ok("lost");
            }
            JobError::Never(_) => None,
            // Its time is not used up by the program's end.
            JobError::NotBefore(Duration::ZERO, _) => Some(Duration::ZERO),
            JobError::NotBefore(wait, _) => work.usual_pause().map(|usual| usual.max(*wait)),
            JobError::Later(_) | JobError::Store(_) | JobError::Engine(_) => work.usual_pause(),
        };
        let detail = error.log_detail();
        if let Some(pause) = pause {
            let again = SignedDuration::try_from(pause)
                .ok()
                .and_then(|pause| now.checked_add(pause).ok())
                .unwrap_or(now);
            work.conclude("retry", Some(error.text()), again).await?;
            tracing::warn!(%job, kind, attempt, again_in_seconds = pause.as_secs(), %error, detail, "a job did not get done; it is tried again");
            Ok("postponed")
        } else {
            work.conclude("dead", Some(error.text()), now).await?;
            tracing::error!(%job, kind, attempt, %error, detail, "a job is given up. `kith jobs list` shows it, `kith jobs retry` tries again");
            Ok("dead")
        }
    }
}

impl Work {
    /// The pause before the next attempt; none after the last.
    pub(crate) fn usual_pause(&self) -> Option<Duration> {
        if self.attempt >= self.max_attempts {
            return None;
        }
        let tried = usize::try_from(self.attempt).unwrap_or(1).max(1);
        PAUSES.get(tried - 1).or(PAUSES.last()).copied()
    }
}

pub(crate) fn trouble(error: &StoreError) -> Duration {
    tracing::error!(%error, detail = error.log_detail(), "the queue of jobs cannot be read; trying again");
    TROUBLE
}

/// Waits for word that there may be work. False when there will never be any word again.
async fn woken(notices: &mut Receiver<Notice>) -> bool {
    loop {
        match notices.recv().await {
            Ok(Notice::Notification { channel, .. }) if channel == JOBS_CHANNEL => return true,
            Ok(Notice::Listening) | Err(RecvError::Lagged(_)) => return true,
            Ok(Notice::Notification { .. }) => {}
            Err(RecvError::Closed) => return false,
        }
    }
}
