//! A client that leaves drops its request at any point. The next borrower of the connection must never find what that
//! request had set, nor a transaction it left open.

use std::time::{Duration, Instant};

use kith_store::{Database, Prepare, Statement, StoreError, Tx, types::Type};

use crate::fixture::{Fixture, SETTINGS, insert, origin, someone, text};

/// The settings, and whether an earlier statement of this session left a transaction open.
fn probe() -> Statement {
    Statement::new(format!(
        "select concat(({SETTINGS}), '|', now() = statement_timestamp())"
    ))
}

/// Numbers without a pattern, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

async fn read(database: &Database) -> Result<(), StoreError> {
    database
        .read(
            &someone(),
            &[
                Statement::new("select count(*) from notes"),
                Statement::new("select 1"),
            ],
        )
        .await?;
    Ok(())
}

async fn write(database: &Database) -> Result<(), StoreError> {
    let who = someone();
    let tx = Tx::begin(database, &who, &origin()).await?;
    tx.execute(&insert(&who, 1, "one")).await?;
    tx.savepoint("middle").await?;
    tx.query_many(&[insert(&who, 2, "two"), insert(&who, 3, "three")])
        .await?;
    tx.rollback_to("middle").await?;
    tx.execute(&insert(&who, 4, "four")).await?;
    tx.commit_with(&[insert(&who, 5, "five")]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_borrower_never_carries_a_setting() {
    for prepare in [Prepare::Auto, Prepare::Never] {
        let fixture = Fixture::with(1, |settings| settings.prepare = prepare).await;
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        let (mut cancelled, mut finished) = (0, 0);
        for round in 0..1_200 {
            let patience =
                Duration::from_micros(numbers.below(if round % 2 == 0 { 800 } else { 2_500 }));
            let database = fixture.database.clone();
            let work = async move {
                if round % 2 == 0 {
                    read(&database).await
                } else {
                    write(&database).await
                }
            };
            match tokio::time::timeout(patience, work).await {
                Ok(result) => {
                    result.unwrap();
                    finished += 1;
                }
                Err(_) => cancelled += 1,
            }
            // Through the transaction of a system read, its own settings are empty; anything else was left behind.
            let rows = fixture
                .database
                .system_read(None, &[probe()])
                .await
                .unwrap();
            assert!(
                text(&rows[0]).starts_with('|'),
                "round {round}: {}",
                text(&rows[0])
            );
        }
        assert!(
            cancelled > 100 && finished > 10,
            "{prepare:?}: {cancelled} cancelled, {finished} finished: no evidence"
        );
        let partial = fixture
            .admin()
            .await
            .query(&Statement::new("select count(*) from (select from notes group by organization_id having count(*) <> 3) x"))
            .await
            .unwrap();
        assert_eq!(
            partial[0].get::<_, i64>(0),
            0,
            "a transaction was kept in part"
        );
    }
}

#[tokio::test]
async fn an_abandoned_statement_is_cancelled_and_holds_nobody_up() {
    let fixture = Fixture::new(1).await;
    let who = someone();
    let marker = "select pg_sleep($1)::text /* abandoned */";
    let slow = [Statement::new(marker).with(25.0_f64, Type::FLOAT8)];
    let reading = fixture.database.read(&who, &slow);
    assert!(
        tokio::time::timeout(Duration::from_millis(200), reading)
            .await
            .is_err()
    );
    let began = Instant::now();
    fixture
        .database
        .read(&who, &[Statement::new("select 1")])
        .await
        .unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "waited {:?} for an abandoned statement",
        began.elapsed()
    );
    let running = Statement::new(
        "select count(*) from pg_stat_activity where state = 'active' and query = $1",
    )
    .with(marker, Type::TEXT);
    let rows = fixture.admin().await.query(&running).await.unwrap();
    assert_eq!(
        rows[0].get::<_, i64>(0),
        0,
        "the abandoned statement still runs"
    );
}
