//! Runs schedules: takes one that is due, goes through its organizations, and says when it is due again.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kith_engine::EngineError;
use kith_store::types::Type;
use kith_store::{Statement, StoreError};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::queue::{Queue, seconds};
use crate::schedules::{Rule, RuleFunction, Schedule};
use crate::worker::trouble;

/// Batches of one organization in one run; what is left then waits for the next, so that one organization with very
/// much to do keeps no other schedule waiting.
const BATCHES: u32 = 100;
/// The longest that schedules go unlooked at.
const QUIET: Duration = Duration::from_secs(30);

/// The runner of a node.
#[derive(Clone)]
pub(crate) struct Runner {
    pub(crate) queue: Queue,
    pub(crate) schedules: &'static [Schedule],
}

/// A schedule that this node has taken.
struct Held {
    schedule: &'static Schedule,
    token: Uuid,
    now: Timestamp,
}

impl Runner {
    /// Runs what is due until it is told to stop.
    pub(crate) async fn run(&self, stop: &CancellationToken, hurry: &CancellationToken) {
        while !stop.is_cancelled() && !self.schedules.is_empty() {
            let pause = match self.drain(stop, hurry).await {
                Ok(()) => match self.pause().await {
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
            }
        }
    }

    /// Runs everything that is due now.
    pub(crate) async fn drain(
        &self,
        stop: &CancellationToken,
        hurry: &CancellationToken,
    ) -> Result<(), StoreError> {
        while !stop.is_cancelled() {
            let Some(held) = self.take().await? else {
                break;
            };
            let run = self.go_through(&held);
            let outcome = tokio::select! {
                outcome = run => outcome,
                () = hurry.cancelled() => Err("the program stopped meanwhile".to_owned()),
            };
            self.settle(&held, outcome).await?;
        }
        Ok(())
    }

    fn names(&self) -> Vec<String> {
        self.schedules
            .iter()
            .map(|schedule| schedule.name.to_owned())
            .collect()
    }

    async fn take(&self) -> Result<Option<Held>, StoreError> {
        let token = Uuid::now_v7();
        let now = (self.queue.clock)();
        let take = Statement::new("select take_schedule($1, $2, $3, $4)")
            .with(self.names(), Type::TEXT_ARRAY)
            .with(token, Type::UUID)
            .with(self.queue.lease_seconds(), Type::INT4)
            .with(now, Type::TIMESTAMPTZ);
        let answers = self.queue.system(None).await?.commit_with(&[take]).await?;
        let name: Option<String> = match answers.first().and_then(|rows| rows.first()) {
            Some(row) => row.try_get(0)?,
            None => None,
        };
        let schedule = name.and_then(|name| self.schedules.iter().find(|one| one.name == name));
        Ok(schedule.map(|schedule| Held {
            schedule,
            token,
            now,
        }))
    }

    async fn pause(&self) -> Result<Option<Duration>, StoreError> {
        let next = Statement::new("select next_schedule_due($1, $2)")
            .with(self.names(), Type::TEXT_ARRAY)
            .with((self.queue.clock)(), Type::TIMESTAMPTZ);
        seconds(&self.queue.database.system_read(None, &[next]).await?)
    }

    /// Answers how many rows were changed, or the last thing that went wrong. What goes wrong for one organization
    /// keeps no other from its turn.
    async fn go_through(&self, held: &Held) -> Result<u64, String> {
        let name = held.schedule.name;
        let (rule, organizations) = match held.schedule.rule {
            Rule::Installation(rule) => (rule, vec![None]),
            Rule::Organizations(rule) => match self.organizations(held).await {
                Ok(found) => (rule, found),
                Err(error) => {
                    tracing::error!(schedule = name, %error, detail = error.log_detail(), "a schedule's organizations cannot be read");
                    return Err(error.to_string());
                }
            },
        };
        let mut waiting: VecDeque<(Option<Uuid>, u32)> =
            organizations.into_iter().map(|id| (id, 0)).collect();
        let mut changed = 0;
        let mut failure = None;
        // One batch each, round and round.
        while let Some((organization, batches)) = waiting.pop_front() {
            match self.batch(held, rule, organization).await {
                Ok(0) => {}
                Ok(rows) => {
                    changed += rows;
                    if batches + 1 < BATCHES {
                        waiting.push_back((organization, batches + 1));
                    }
                }
                Err(EngineError::Conflict { message, .. }) if is_taken(&message) => {
                    return Err(message);
                }
                Err(error) => {
                    let detail = match &error {
                        EngineError::Store(error) => {
                            error.log_detail().unwrap_or_default().to_owned()
                        }
                        _ => String::new(),
                    };
                    tracing::error!(schedule = name, ?organization, %error, detail, "a scheduled rule failed");
                    failure = Some(error.to_string());
                }
            }
        }
        metrics::counter!("kith_schedule_rows_total", "schedule" => name).increment(changed);
        match failure {
            None => Ok(changed),
            Some(text) => Err(text),
        }
    }

    async fn organizations(&self, held: &Held) -> Result<Vec<Option<Uuid>>, StoreError> {
        // The name is a constant of the program.
        let find = Statement::new(format!(
            "select * from organizations_with_{}($1)",
            held.schedule.name
        ))
        .with(held.now, Type::TIMESTAMPTZ);
        let answers = self.queue.database.system_read(None, &[find]).await?;
        let rows = answers.into_iter().next().unwrap_or_default();
        rows.iter().map(|row| Ok(Some(row.try_get(0)?))).collect()
    }

    /// One batch, in one transaction that holds the schedule: nobody else does the same meanwhile.
    async fn batch(
        &self,
        held: &Held,
        rule: RuleFunction,
        organization: Option<Uuid>,
    ) -> Result<u64, EngineError> {
        let tx = self.queue.system(organization).await?;
        let hold = Statement::new("select hold_schedule($1, $2, $3, $4)::text")
            .with(held.schedule.name, Type::TEXT)
            .with(held.token, Type::UUID)
            .with(self.queue.lease_seconds(), Type::INT4)
            .with((self.queue.clock)(), Type::TIMESTAMPTZ);
        tx.query(&hold).await?;
        let changed = rule(&tx, held.now).await?;
        tx.commit().await?;
        Ok(changed)
    }

    async fn settle(&self, held: &Held, outcome: Result<u64, String>) -> Result<(), StoreError> {
        let every = SignedDuration::try_from(held.schedule.every).unwrap_or(SignedDuration::ZERO);
        let due = held.now.checked_add(every).unwrap_or(held.now);
        let (label, error, changed) = match outcome {
            Ok(changed) => ("completed", None, changed),
            Err(error) => ("failed", Some(error.replace('\0', " ")), 0),
        };
        metrics::counter!("kith_schedule_runs_total", "schedule" => held.schedule.name, "outcome" => label)
            .increment(1);
        let settle = Statement::new("select settle_schedule($1, $2, $3, $4, $5, $6)")
            .with(held.schedule.name, Type::TEXT)
            .with(held.token, Type::UUID)
            .with(due, Type::TIMESTAMPTZ)
            .with(error, Type::TEXT)
            .with(i64::try_from(changed).unwrap_or(i64::MAX), Type::INT8)
            .with((self.queue.clock)(), Type::TIMESTAMPTZ);
        self.queue
            .system(None)
            .await?
            .commit_with(&[settle])
            .await
            .map(drop)
    }
}

/// What `hold_schedule()` says when another node has the schedule.
fn is_taken(message: &str) -> bool {
    message.starts_with("Another node has taken")
}
