//! What the queue promises: nothing lost, nothing twice, nobody kept waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kith_jobs::Done;
use kith_store::{Principal, Statement, StoreError, Tx, types::Type};
use serde_json::json;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::fixture::{Fails, Fixture, Leave, Slow, what};

#[tokio::test]
async fn a_job_is_done_once_with_its_effect() {
    let kith = Fixture::new(1).await;
    let worker = kith.worker(vec![Box::new(Leave)]);
    kith.queue(kith.organizations[0], "leave", what("a"), None)
        .await;
    kith.queue(kith.organizations[0], "unknown", json!({}), None)
        .await;
    assert_eq!(worker.drain().await.unwrap().completed, 1);
    assert_eq!(worker.drain().await.unwrap(), Done::default());
    assert_eq!(kith.effects().await, "1");
    // What a newer node queued waits for one.
    assert_eq!(
        kith.text("select string_agg(kind || ' ' || status, ',' order by kind) from jobs")
            .await,
        "leave completed,unknown queued"
    );
}

#[tokio::test]
async fn nothing_is_run_before_its_time_and_a_key_waits_once() {
    let kith = Fixture::new(1).await;
    let organization = kith.organizations[0];
    kith.pass(-1);
    let first = kith
        .queue(organization, "leave", what("a"), Some("k"))
        .await;
    let again = kith
        .queue(organization, "leave", what("a"), Some("k"))
        .await;
    assert_eq!(first, again);
    let worker = kith.worker(vec![Box::new(Leave)]);
    assert_eq!(worker.drain().await.unwrap(), Done::default());
    kith.pass(1);
    assert_eq!(worker.drain().await.unwrap().completed, 1);
    // What is done is no reason not to do it again.
    let later = kith
        .queue(organization, "leave", what("a"), Some("k"))
        .await;
    assert_ne!(first, later);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_dead_worker_was_doing_is_done_by_another_and_once() {
    let kith = Fixture::new(1).await;
    kith.queue(kith.organizations[0], "leave", what("a"), None)
        .await;
    let (reached, may_go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let slow = kith
        .worker(vec![Box::new(Slow {
            reached: Arc::clone(&reached),
            may_go_on: Arc::clone(&may_go_on),
        })])
        .with_lease(Duration::from_mins(2));
    let dying = tokio::spawn(async move { slow.drain().await });
    reached.acquire().await.unwrap().forget();
    let other = kith.worker(vec![Box::new(Leave)]);
    // It may still be at it.
    assert_eq!(other.drain().await.unwrap(), Done::default());
    // In the middle of its transaction, the effect written and not committed.
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    kith.pass(121);
    assert_eq!(other.drain().await.unwrap().completed, 1);
    assert_eq!(kith.effects().await, "1");
    assert_eq!(kith.text("select attempts::text from jobs").await, "2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_worker_that_was_given_up_for_lost_cannot_finish_after_all() {
    let kith = Fixture::new(1).await;
    kith.queue(kith.organizations[0], "leave", what("a"), None)
        .await;
    let (reached, may_go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let slow = kith.worker(vec![Box::new(Slow {
        reached: Arc::clone(&reached),
        may_go_on: Arc::clone(&may_go_on),
    })]);
    let stuck = tokio::spawn(async move { slow.drain().await });
    reached.acquire().await.unwrap().forget();
    kith.pass(121);
    let other = kith.worker(vec![Box::new(Leave)]);
    assert_eq!(other.drain().await.unwrap().completed, 1);
    may_go_on.add_permits(1);
    let outcome = stuck.await.unwrap().unwrap();
    assert_eq!((outcome.completed, outcome.lost), (0, 1));
    assert_eq!(kith.effects().await, "1");
    assert_eq!(
        kith.text("select status from jobs").await,
        "completed",
        "what the other said stands"
    );
}

#[tokio::test]
async fn what_fails_is_tried_again_after_longer_and_longer_pauses_and_given_up() {
    let kith = Fixture::new(1).await;
    let tried = Arc::new(AtomicUsize::new(0));
    let worker = kith.worker(vec![Box::new(Fails(Arc::clone(&tried)))]);
    kith.queue(kith.organizations[0], "fails", json!({}), None)
        .await;
    let mut pauses = Vec::new();
    for _ in 0..7 {
        assert_eq!(worker.drain().await.unwrap().postponed, 1);
        assert_eq!(worker.drain().await.unwrap(), Done::default());
        let wait: i64 = kith
            .text(&format!(
                "select extract(epoch from run_at - '{}')::bigint::text from jobs",
                (kith.clock())()
            ))
            .await
            .parse()
            .unwrap();
        pauses.push(wait);
        kith.pass(wait);
    }
    assert_eq!(pauses, [10, 60, 300, 1_800, 7_200, 21_600, 43_200]);
    assert_eq!(worker.drain().await.unwrap().dead, 1);
    assert_eq!(tried.load(Ordering::Relaxed), 8);
    assert_eq!(
        kith.text("select status || ': ' || last_error from jobs")
            .await,
        "dead: the server does not answer"
    );
}

#[tokio::test]
async fn faults_of_the_program_are_survived_and_hopeless_work_is_given_up_at_once() {
    let kith = Fixture::new(1).await;
    let tried = Arc::new(AtomicUsize::new(0));
    let worker = kith.worker(vec![Box::new(Fails(Arc::clone(&tried)))]);
    kith.queue(
        kith.organizations[0],
        "fails",
        json!({"how": "panic"}),
        None,
    )
    .await;
    kith.queue(
        kith.organizations[0],
        "fails",
        json!({"how": "never"}),
        None,
    )
    .await;
    let outcome = worker.drain().await.unwrap();
    assert_eq!((outcome.postponed, outcome.dead), (1, 1));
}

#[tokio::test]
async fn work_that_kills_its_workers_is_given_up() {
    let kith = Fixture::new(1).await;
    kith.queue(kith.organizations[0], "leave", what("a"), None)
        .await;
    for _ in 0..8 {
        let taken = kith
            .text(&format!(
                "select kind from take_job(array['leave'], gen_random_uuid(), 60, '{}')",
                (kith.clock())()
            ))
            .await;
        assert_eq!(taken, "leave");
        kith.pass(61);
    }
    let worker = kith.worker(vec![Box::new(Leave)]);
    assert_eq!(worker.drain().await.unwrap(), Done::default());
    assert_eq!(kith.text("select status from jobs").await, "dead");
}

#[tokio::test]
async fn organizations_take_turns() {
    let kith = Fixture::new(3).await;
    for _ in 0..30 {
        kith.queue(kith.organizations[0], "leave", what("a"), None)
            .await;
    }
    for organization in &kith.organizations[1..] {
        kith.queue(*organization, "leave", what("b"), None).await;
    }
    let mut order = Vec::new();
    for _ in 0..5 {
        let taken = kith
            .text(&format!(
                "select organization_id::text from take_job(array['leave'], gen_random_uuid(), 600, '{}')",
                (kith.clock())()
            ))
            .await;
        order.push(taken.parse::<Uuid>().unwrap());
        kith.pass(1);
    }
    let small: Vec<usize> = kith.organizations[1..]
        .iter()
        .map(|id| order.iter().position(|one| one == id).unwrap())
        .collect();
    assert!(small.iter().all(|place| *place < 3), "{order:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_side_by_side_do_each_job_once() {
    let kith = Fixture::new(2).await;
    for number in 0..60 {
        kith.queue(
            kith.organizations[number % 2],
            "leave",
            what(&number.to_string()),
            None,
        )
        .await;
    }
    let (one, two) = (
        kith.worker(vec![Box::new(Leave)]),
        kith.worker(vec![Box::new(Leave)]),
    );
    let (one, two) = tokio::join!(one.drain(), two.drain());
    assert_eq!(one.unwrap().completed + two.unwrap().completed, 60);
    assert_eq!(kith.effects().await, "60");
    assert_eq!(
        kith.text("select count(distinct what)::text from effects")
            .await,
        "60"
    );
}

#[tokio::test]
async fn a_transaction_that_acts_for_a_user_cannot_use_the_workers_doors() {
    let kith = Fixture::new(1).await;
    let who = Principal::user(kith.organizations[0], Uuid::now_v7());
    kith.queue(kith.organizations[0], "leave", what("a"), None)
        .await;
    for sql in [
        "select 1 from take_job(array['leave'], gen_random_uuid(), 60, now())",
        "select extend_job(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, now(), null, null, null)",
        "select settle_job(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'dead', '', now(), now())",
        "select next_job_due(array['leave'], now())",
        "select take_schedule(array['x'], gen_random_uuid(), 60, now())",
        "select hold_schedule('x', gen_random_uuid(), 60, now())::text",
        "select settle_schedule('x', gen_random_uuid(), now(), null, 0, now())",
        "select clear_away(now())",
        "select send_digests(now())",
        "select organizations_with_send_digests(now())::text",
        "update jobs set status = 'dead'",
        "insert into jobs (organization_id, kind) values (gen_random_uuid(), 'x')",
        "select * from schedules",
        "select readable_by(gen_random_uuid(), '{}', '{}')",
        "select told_in_mail(gen_random_uuid(), gen_random_uuid(), '{}')",
    ] {
        let tx = Tx::begin(kith.test.database(), &who, &kith_store::Origin::new("api"))
            .await
            .unwrap();
        let outcome = tx.query(&Statement::new(sql)).await;
        assert!(
            matches!(outcome, Err(StoreError::Permission { .. })),
            "{sql}: {outcome:?}"
        );
    }
    let seen = Statement::new("select count(*) from jobs where $1").with(true, Type::BOOL);
    let rows = kith.test.database().read(&who, &[seen]).await.unwrap();
    assert_eq!(rows[0][0].get::<_, i64>(0), 0, "jobs of others are seen");
}

/// An idle program asks the database now and then, not all the time.
#[tokio::test]
async fn nothing_that_waits_is_not_due_at_once() {
    let kith = Fixture::new(1).await;
    let due = "select concat_ws(' ', coalesce(next_job_due(array['leave'], now())::text, 'none'), coalesce(next_mail_due()::text, 'none'),
        coalesce(next_schedule_due(array['unknown'], now())::text, 'none'))";
    assert_eq!(kith.text(due).await, "none none none");
    kith.queue(kith.organizations[0], "leave", what("a"), None)
        .await;
    kith.text("with m as (insert into outgoing_mail (kind, recipient, details) values ('reset_password', 'a@example.com', '{}') returning 1) select count(*)::text from m")
        .await;
    assert_eq!(kith.text(due).await, "0 0 none");
}
