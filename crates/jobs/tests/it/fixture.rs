//! An installation with organizations, a clock that the test sets, and jobs whose effects can be counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use kith_auth::Clock;
use kith_jobs::{Job, JobError, Schedule, Work, Worker};
use kith_store::types::Type;
use kith_store::{Origin, Statement, SystemTx};
use kith_testkit::TestDatabase;
use serde_json::{Value as Json, json};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// 21 November 2026, 12:00 UTC.
pub(crate) const NOON: i64 = 1_795_262_400;

pub(crate) struct Fixture {
    pub(crate) test: TestDatabase,
    pub(crate) organizations: Vec<Uuid>,
    seconds: Arc<AtomicI64>,
}

impl Fixture {
    pub(crate) async fn new(organizations: usize) -> Fixture {
        let test = TestDatabase::new().await;
        let admin = test.admin().await;
        // What jobs do here leaves a row that no policy hides.
        admin
            .script("create table effects (organization_id uuid, what text); grant select, insert on effects to kith_app")
            .await
            .unwrap();
        let mut ids = Vec::new();
        for number in 0..organizations {
            let id = Uuid::now_v7();
            admin
                .script(&format!(
                    "insert into organizations (id, name, slug) values ('{id}', 'Organization {number}', 'o{number}'); select seed_organization('{id}')"
                ))
                .await
                .unwrap();
            ids.push(id);
        }
        ids.sort();
        Fixture {
            test,
            organizations: ids,
            seconds: Arc::new(AtomicI64::new(NOON)),
        }
    }

    pub(crate) fn clock(&self) -> Clock {
        let seconds = Arc::clone(&self.seconds);
        Arc::new(move || Timestamp::from_second(seconds.load(Ordering::Relaxed)).unwrap())
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) fn worker(&self, jobs: Vec<Box<dyn Job>>) -> Worker {
        self.worker_with(jobs, &[])
    }

    pub(crate) fn worker_with(
        &self,
        jobs: Vec<Box<dyn Job>>,
        schedules: &'static [Schedule],
    ) -> Worker {
        Worker::new(self.test.database().clone(), self.clock(), jobs, schedules)
    }

    /// Queues a job that is due at noon.
    pub(crate) async fn queue(
        &self,
        organization: Uuid,
        kind: &'static str,
        payload: Json,
        key: Option<&str>,
    ) -> Uuid {
        let tx = SystemTx::begin(
            self.test.database(),
            Some(organization),
            &Origin::new("system"),
        )
        .await
        .unwrap();
        let due = Timestamp::from_second(NOON).unwrap();
        let id = kith_jobs::enqueue(&tx, kind, payload, Some(due), key)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// One text from a query as the owner.
    pub(crate) async fn text(&self, sql: &str) -> String {
        let rows = self
            .test
            .admin()
            .await
            .query(&Statement::new(sql.to_owned()))
            .await
            .unwrap();
        rows.first()
            .and_then(|row| row.get::<_, Option<String>>(0))
            .unwrap_or_default()
    }

    pub(crate) async fn effects(&self) -> String {
        self.text("select count(*)::text from effects").await
    }
}

/// Leaves its payload's `what`, together with its end.
pub(crate) struct Leave;

impl Job for Leave {
    fn kind(&self) -> &'static str {
        "leave"
    }

    fn run<'a>(&'a self, work: &'a Work) -> BoxFuture<'a, Result<(), JobError>> {
        async move {
            let tx = work.begin().await?;
            leave(&tx, &work.payload["what"].to_string()).await?;
            work.finish(tx).await
        }
        .boxed()
    }
}

pub(crate) async fn leave(tx: &SystemTx, what: &str) -> Result<(), JobError> {
    let insert = Statement::new(
        "insert into effects values (nullif(current_setting('kith.organization', true), '')::uuid, $1)",
    )
    .with(what.to_owned(), Type::TEXT);
    tx.execute(&insert).await?;
    Ok(())
}

/// Writes, says that it has, and waits for a permit before it finishes.
pub(crate) struct Slow {
    pub(crate) reached: Arc<Semaphore>,
    pub(crate) may_go_on: Arc<Semaphore>,
}

impl Job for Slow {
    fn kind(&self) -> &'static str {
        "leave"
    }

    fn run<'a>(&'a self, work: &'a Work) -> BoxFuture<'a, Result<(), JobError>> {
        async move {
            let tx = work.begin().await?;
            leave(&tx, "slow").await?;
            self.reached.add_permits(1);
            self.may_go_on.acquire().await.unwrap().forget();
            work.finish(tx).await
        }
        .boxed()
    }
}

/// Ends as its payload says.
pub(crate) struct Fails(pub(crate) Arc<AtomicUsize>);

impl Job for Fails {
    fn kind(&self) -> &'static str {
        "fails"
    }

    fn run<'a>(&'a self, work: &'a Work) -> BoxFuture<'a, Result<(), JobError>> {
        async move {
            self.0.fetch_add(1, Ordering::Relaxed);
            match work.payload["how"].as_str() {
                Some("never") => Err(JobError::Never("there is nothing to do".to_owned())),
                Some("panic") => panic!("a fault of the program"),
                _ => Err(JobError::Later("the server does not answer".to_owned())),
            }
        }
        .boxed()
    }
}

pub(crate) fn what(text: &str) -> Json {
    json!({"what": text})
}
