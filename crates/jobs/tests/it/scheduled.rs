//! Schedules: exactly one runner of each, whatever happens to it.

use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use kith_engine::EngineError;
use kith_jobs::{Rule, Schedule};
use kith_store::{Origin, Statement, SystemTx};

use crate::fixture::{Fixture, leave};

async fn tick(tx: &SystemTx, now: Timestamp) -> Result<u64, EngineError> {
    let done = Statement::new("select exists (select from effects where organization_id = current_organization_id() and what = $1)")
        .with(now.to_string(), kith_store::types::Type::TEXT);
    if tx.query_one(&done).await?.get(0) {
        return Ok(0);
    }
    let broken =
        Statement::new("select slug from broken where organization_id = current_organization_id()");
    if tx.query_opt(&broken).await?.is_some() {
        return Err(EngineError::Malformed("this one is broken".to_owned()));
    }
    leave(tx, &now.to_string())
        .await
        .map_err(|error| EngineError::Malformed(error.to_string()))?;
    Ok(1)
}

static SCHEDULES: [Schedule; 1] = [Schedule {
    name: "tick",
    every: Duration::from_mins(1),
    rule: Rule::Organizations(|tx, now| tick(tx, now).boxed()),
}];

async fn ticking(organizations: usize) -> Fixture {
    let kith = Fixture::new(organizations).await;
    kith.test
        .admin()
        .await
        .script(
            "create table broken (organization_id uuid, slug text); grant select on broken to kith_app;
             create function organizations_with_tick(moment timestamptz) returns setof uuid language sql security definer as
               'select id from organizations order by slug';
             alter function organizations_with_tick(timestamptz) owner to kith_definer",
        )
        .await
        .unwrap();
    kith
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn across_nodes_one_runs_it_and_not_before_its_time() {
    let kith = ticking(3).await;
    let nodes: Vec<_> = (0..4)
        .map(|_| kith.worker_with(Vec::new(), &SCHEDULES))
        .collect();
    for round in 1..=3 {
        let (a, b, c, d) = tokio::join!(
            nodes[0].drain(),
            nodes[1].drain(),
            nodes[2].drain(),
            nodes[3].drain()
        );
        for node in [a, b, c, d] {
            node.unwrap();
        }
        nodes[0].drain().await.unwrap();
        assert_eq!(
            kith.text("select runs::text from schedules").await,
            round.to_string()
        );
        assert_eq!(kith.effects().await, (3 * round).to_string());
        kith.pass(60);
    }
}

#[tokio::test]
async fn what_goes_wrong_in_one_organization_keeps_no_other_waiting() {
    let kith = ticking(3).await;
    kith.test
        .admin()
        .await
        .script("insert into broken select id, slug from organizations where slug = 'o0'")
        .await
        .unwrap();
    let node = kith.worker_with(Vec::new(), &SCHEDULES);
    node.drain().await.unwrap();
    assert_eq!(kith.effects().await, "2");
    assert!(
        kith.text("select last_error from schedules")
            .await
            .contains("broken")
    );
    kith.test
        .admin()
        .await
        .script("delete from broken")
        .await
        .unwrap();
    kith.pass(60);
    node.drain().await.unwrap();
    assert_eq!(kith.effects().await, "5");
    assert_eq!(kith.text("select last_error from schedules").await, "");
}

#[tokio::test]
async fn a_runner_that_died_is_replaced_and_cannot_come_back() {
    let kith = ticking(1).await;
    let now = (kith.clock())();
    // Taken, and then the node hangs.
    let token = uuid::Uuid::now_v7();
    assert_eq!(
        kith.text(&format!(
            "select take_schedule(array['tick'], '{token}', 60, '{now}')"
        ))
        .await,
        "tick"
    );
    let node = kith.worker_with(Vec::new(), &SCHEDULES);
    node.drain().await.unwrap();
    assert_eq!(kith.effects().await, "0", "it may still be at it");
    kith.pass(61);
    node.drain().await.unwrap();
    assert_eq!(kith.effects().await, "1");
    // The one that hung wakes up: none of its pieces commits any more.
    let tx = SystemTx::begin(kith.test.database(), None, &Origin::new("system"))
        .await
        .unwrap();
    let hold = Statement::new(format!(
        "select hold_schedule('tick', '{token}', 60, '{now}')::text"
    ));
    assert!(tx.query(&hold).await.is_err());
}

#[test]
fn names_are_those_of_functions_and_no_two_are_alike() {
    let mut names: Vec<&str> = kith_jobs::schedules()
        .iter()
        .map(|schedule| schedule.name)
        .collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(names.iter().all(|name| {
        name.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
    }));
}

#[tokio::test]
async fn every_schedule_of_the_product_runs_on_an_installation_with_nothing_to_do() {
    let kith = Fixture::new(2).await;
    let node = kith.worker_with(Vec::new(), kith_jobs::schedules());
    node.drain().await.unwrap();
    assert_eq!(
        kith.text(
            "select coalesce(string_agg(name || ': ' || last_error, '; '), '') from schedules"
        )
        .await,
        ""
    );
    assert_eq!(
        kith.text("select count(*)::text from schedules where runs = 1")
            .await,
        kith_jobs::schedules().len().to_string()
    );
}
