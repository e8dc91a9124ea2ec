//! Background work: rows in PostgreSQL, taken with SKIP LOCKED, fair between organizations.
//!
//! - A [`Job`] is work that somebody queued (`enqueue_job()` in SQL, in the transaction of what it follows from). It
//!   is retried with growing pauses and given up in the end; `kith jobs` shows and replays what was given up. A job
//!   whose effects are in the database commits them together with its own end ([`Work::finish`]), so that neither
//!   happens without the other, whatever dies when.
//! - A [`Schedule`] is work that comes round by the clock; across all nodes exactly one runs each.
//!
//! [`Worker`] runs both on a node until it is told to stop. A notification of the database wakes it; where none comes
//! through, the clock does.
//!
//! What it must not know: HTTP. What a job does is the business of the crate that has the subject; here is when.

mod documents;
mod error;
mod queue;
mod reports;
mod runner;
mod schedules;
pub mod watch;
mod webhooks;
mod worker;

pub use documents::{MakeThumbnail, SweepStorage};
pub use error::JobError;
pub use queue::{JOBS_CHANNEL, Work, enqueue};
pub use reports::KeepReport;
pub use schedules::{Rule, RuleFunction, Schedule, schedules};
pub use webhooks::DeliverWebhook;
pub use worker::{Done, Job, Worker};
