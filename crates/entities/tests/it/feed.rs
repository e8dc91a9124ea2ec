//! The feed of events: whoever reads on from where they stood misses nothing and hears nothing twice, whatever commits
//! when.

use kith_engine::{Caller, Position, create};
use kith_entities::company::COMPANY;
use kith_store::{Statement, Tx};
use serde_json::json;
use uuid::Uuid;

use crate::world::World;

/// A transaction that has its place in the order of transactions, with that.
async fn begun(world: &World, caller: &Caller) -> (Tx, String) {
    let tx = world.begin(caller).await;
    let ask = Statement::new("SELECT pg_current_xact_id()::text");
    let number = tx.query_one(&ask).await.unwrap().get(0);
    (tx, number)
}

async fn company(world: &World, tx: &Tx, caller: &Caller, name: &str) -> Uuid {
    let body = json!({"name": name});
    create(&world.engine, tx, caller, &COMPANY, &[body])
        .await
        .unwrap()[0]
        .id
}

/// Until no transaction up to this one runs, of those of other tests on the server neither.
async fn settled(world: &World, transaction: &str) {
    let admin = world.test.admin().await;
    let ask = Statement::new(format!(
        "SELECT pg_snapshot_xmin(pg_current_snapshot()) > '{transaction}'::xid8"
    ));
    while !admin.query(&ask).await.unwrap()[0].get::<_, bool>(0) {
        tokio::task::yield_now().await;
    }
}

/// Reads on, and answers the companies that are told of, in order.
async fn read_on(world: &World, caller: &Caller, position: &mut Position, limit: u32) -> Vec<Uuid> {
    let page = kith_engine::events(&world.engine, caller, *position, limit)
        .await
        .unwrap();
    // As a client has it.
    *position = page.next_after.to_string().parse().unwrap();
    page.data
        .iter()
        .filter(|event| event["entity"] == "company")
        .map(|event| event["id"].as_str().unwrap().parse().unwrap())
        .collect()
}

#[tokio::test]
async fn one_that_wrote_early_and_commits_late_is_not_skipped() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let caller = world.role(&organization, "owner").await;
    let (early, early_number) = begun(&world, &caller).await;
    let (late, late_number) = begun(&world, &caller).await;
    // The second to begin writes first, so its event has the lower number.
    let lower = company(&world, &late, &caller, "Lower").await;
    let higher = company(&world, &early, &caller, "Higher").await;
    early.commit().await.unwrap();
    settled(&world, &early_number).await;
    let mut position = Position::BEGINNING;
    assert_eq!(
        read_on(&world, &caller, &mut position, 1000).await,
        [higher]
    );
    late.commit().await.unwrap();
    settled(&world, &late_number).await;
    assert_eq!(read_on(&world, &caller, &mut position, 1000).await, [lower]);
    assert!(
        read_on(&world, &caller, &mut position, 1000)
            .await
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_write_at_once_are_each_heard_once() {
    const WRITERS: usize = 6;
    const TIMES: usize = 10;
    let world = std::sync::Arc::new(World::new().await);
    let organization = world.organization("Acme").await;
    let caller = world.role(&organization, "owner").await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (world, caller) = (std::sync::Arc::clone(&world), caller.clone());
            tokio::spawn(async move {
                let mut made = Vec::new();
                for time in 0..TIMES {
                    let (tx, _) = begun(&world, &caller).await;
                    for part in 0..=writer % 3 {
                        let name = format!("{writer} {time} {part}");
                        made.push(company(&world, &tx, &caller, &name).await);
                    }
                    tx.commit().await.unwrap();
                }
                made
            })
        })
        .collect();
    let wanted: usize = (0..WRITERS).map(|writer| (writer % 3 + 1) * TIMES).sum();
    let mut position = Position::BEGINNING;
    let mut heard = Vec::new();
    while heard.len() < wanted {
        heard.extend(read_on(&world, &caller, &mut position, 7).await);
        tokio::task::yield_now().await;
    }
    let mut made = Vec::new();
    for writer in writers {
        made.extend(writer.await.unwrap());
    }
    heard.sort();
    made.sort();
    assert_eq!(heard, made);
}

#[tokio::test]
async fn positions_of_before_and_of_another_server_lead_on() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let caller = world.role(&organization, "owner").await;
    let mut made = Vec::new();
    for name in ["One", "Two", "Three"] {
        let (tx, number) = begun(&world, &caller).await;
        made.push(company(&world, &tx, &caller, name).await);
        tx.commit().await.unwrap();
        settled(&world, &number).await;
    }
    let admin = world.test.admin().await;
    let seq: i64 = admin
        .query(&Statement::new(format!(
            "SELECT seq FROM events WHERE record_id = '{}'",
            made[0]
        )))
        .await
        .unwrap()[0]
        .get(0);
    let mut number: Position = seq.to_string().parse().unwrap();
    assert_eq!(read_on(&world, &caller, &mut number, 1000).await, made[1..]);
    assert!(read_on(&world, &caller, &mut number, 1000).await.is_empty());
    // Where transactions count anew, one that was read is ahead of all that will be.
    let mut elsewhere: Position = format!("{}.{seq}", u64::MAX / 2).parse().unwrap();
    assert_eq!(
        read_on(&world, &caller, &mut elsewhere, 1000).await,
        made[1..]
    );
    assert!(
        read_on(&world, &caller, &mut elsewhere, 1000)
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_page_is_read_off_an_index_in_order() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let caller = world.role(&organization, "owner").await;
    let admin = world.test.admin().await;
    admin
        .script(&format!(
            "INSERT INTO events (organization_id, transaction_id, entity, record_id, action)
             SELECT '{}', (n / 3 + 3)::text::xid8, 'company', uuid_v7(), 'created' FROM generate_series(1, 30000) n; ANALYZE events",
            organization.id
        ))
        .await
        .unwrap();
    let explain = Statement::new(
        "EXPLAIN SELECT e.seq FROM events e WHERE e.organization_id = current_organization_id() \
         AND (e.transaction_id, e.seq) > ('5000'::text::xid8, 1::bigint) AND e.transaction_id < pg_snapshot_xmin(pg_current_snapshot()) \
         ORDER BY e.transaction_id, e.seq LIMIT 100",
    );
    let plan: Vec<String> = world
        .engine
        .database
        .read(&caller.principal, &[explain])
        .await
        .unwrap()
        .remove(0)
        .iter()
        .map(|row| row.get(0))
        .collect();
    let plan = plan.join("\n");
    assert!(
        plan.contains("Index Scan using events_transaction") && !plan.contains("Sort"),
        "{plan}"
    );
    assert!(plan.contains("ROW(transaction_id, seq) > ROW("), "{plan}");
}
