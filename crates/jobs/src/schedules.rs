//! What comes round by the clock. A rule lives beside its entity; here is how often it is looked after.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use kith_engine::EngineError;
use kith_entities::{
    document, invoice, metric, notification, privacy, report, task, ticket, webhook,
};
use kith_store::SystemTx;

/// Does the due work of one organization, or of the installation: a bounded batch, idempotent. Answers how many rows
/// it changed; it is called again until it changes none.
pub type RuleFunction =
    for<'a> fn(&'a SystemTx, Timestamp) -> BoxFuture<'a, Result<u64, EngineError>>;

/// For whom a rule works.
#[derive(Clone, Copy)]
pub enum Rule {
    /// For each of the organizations that the SQL function `organizations_with_<name>(now)` names, in a transaction of
    /// its own.
    Organizations(RuleFunction),
    /// For no organization in particular.
    Installation(RuleFunction),
}

/// A rule and how often it is due.
pub struct Schedule {
    /// The rule's name: that of its function, and of its row in `schedules`.
    pub name: &'static str,
    pub every: Duration,
    pub rule: Rule,
}

/// Every schedule of the product.
static SCHEDULES: &[Schedule] = &[
    Schedule {
        name: "task_reminders",
        every: Duration::from_mins(1),
        rule: Rule::Organizations(|tx, now| task::task_reminders(tx, now).boxed()),
    },
    Schedule {
        name: "send_digests",
        every: Duration::from_mins(5),
        rule: Rule::Organizations(|tx, now| notification::send_digests(tx, now).boxed()),
    },
    Schedule {
        name: "webhook_events",
        every: Duration::from_secs(10),
        rule: Rule::Organizations(|tx, now| webhook::webhook_events(tx, now).boxed()),
    },
    Schedule {
        name: "sla_alerts",
        every: Duration::from_mins(1),
        rule: Rule::Organizations(|tx, now| ticket::sla_alerts(tx, now).boxed()),
    },
    Schedule {
        name: "overdue_invoices",
        every: Duration::from_mins(15),
        rule: Rule::Organizations(|tx, now| invoice::overdue_invoices(tx, now).boxed()),
    },
    Schedule {
        name: "metrics",
        every: Duration::from_mins(5),
        rule: Rule::Organizations(|tx, now| metric::metrics(tx, now).boxed()),
    },
    Schedule {
        name: "scheduled_reports",
        every: Duration::from_mins(5),
        rule: Rule::Organizations(|tx, now| report::scheduled_reports(tx, now).boxed()),
    },
    Schedule {
        name: "retention",
        every: Duration::from_hours(1),
        rule: Rule::Organizations(|tx, now| privacy::retention(tx, now).boxed()),
    },
    Schedule {
        name: "sweep_documents",
        every: Duration::from_mins(15),
        rule: Rule::Organizations(|tx, now| document::sweep_documents(tx, now).boxed()),
    },
    Schedule {
        name: "clear_away",
        every: Duration::from_hours(1),
        rule: Rule::Installation(|tx, now| notification::clear_away(tx, now).boxed()),
    },
];

/// Every schedule of the product.
pub fn schedules() -> &'static [Schedule] {
    SCHEDULES
}
