//! Reads: one round trip, one snapshot, read only, and nothing left behind.

use std::time::Duration;

use kith_store::{Prepare, Statement, StoreError, Tx, types::Type};

use crate::fixture::{Fixture, SETTINGS, insert, origin, someone, text};

#[tokio::test]
async fn a_read_sees_its_own_organization_and_leaves_no_setting() {
    for prepare in [Prepare::Auto, Prepare::Never] {
        let fixture = Fixture::with(1, |settings| settings.prepare = prepare).await;
        let (ours, theirs) = (someone(), someone());
        for who in [ours, theirs] {
            let tx = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
            tx.commit_with(&[insert(&who, 1, "hello")]).await.unwrap();
        }
        let statements = [
            Statement::new("select organization_id from notes"),
            Statement::new(SETTINGS),
            Statement::new("select body from notes where id = $1").with(1_i32, Type::INT4),
        ];
        let rows = fixture.database.read(&ours, &statements).await.unwrap();
        assert_eq!(rows[0].len(), 1, "{prepare:?}");
        assert_eq!(rows[0][0].get::<_, uuid::Uuid>(0), ours.organization_id);
        assert_eq!(
            text(&rows[1]),
            format!("{}{}", ours.organization_id, ours.user_id)
        );
        assert_eq!(text(&rows[2]), "hello");
        // The pool has one connection, so this is the next borrower of the same.
        let rows = fixture
            .database
            .system_read(None, &[Statement::new(SETTINGS)])
            .await
            .unwrap();
        assert_eq!(text(&rows[0]), "");
        assert_eq!(
            fixture
                .database
                .system_read(None, &statements[..1])
                .await
                .unwrap()[0]
                .len(),
            0
        );
    }
}

#[tokio::test]
async fn an_error_in_the_middle_is_reported_and_the_connection_goes_on() {
    let fixture = Fixture::new(1).await;
    let who = someone();
    let broken = [
        Statement::new("select 1"),
        Statement::new("select 1 / $1::integer").with(0_i32, Type::INT4),
        Statement::new("select 2"),
    ];
    let error = fixture.database.read(&who, &broken).await.unwrap_err();
    assert!(matches!(error, StoreError::Parameter { .. }), "{error:?}");
    let error = fixture
        .database
        .read(&who, &[Statement::new("select nothing")])
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Internal { .. }), "{error:?}");
    let wrong = Statement::new("select $1::integer").with("text", Type::INT4);
    let error = fixture.database.read(&who, &[wrong]).await.unwrap_err();
    assert!(matches!(error, StoreError::Internal { .. }), "{error:?}");
    let rows = fixture
        .database
        .read(&who, &[Statement::new("select 7")])
        .await
        .unwrap();
    assert_eq!(rows[0][0].get::<_, i32>(0), 7);
}

#[tokio::test]
async fn a_read_cannot_write() {
    let fixture = Fixture::new(1).await;
    let who = someone();
    assert!(
        fixture
            .database
            .read(&who, &[insert(&who, 1, "x")])
            .await
            .is_err()
    );
    assert_eq!(fixture.count().await, 0);
}

#[tokio::test]
async fn the_statements_of_a_read_share_one_snapshot() {
    let fixture = Fixture::new(2).await;
    let who = someone();
    let statements = [
        Statement::new("select count(*) from notes"),
        Statement::new("select pg_sleep(0.3)::text"),
        Statement::new("select count(*) from notes"),
    ];
    let reading = fixture.database.read(&who, &statements);
    let writing = async {
        let tx = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
        tx.commit_with(&[insert(&who, 1, "between")]).await.unwrap();
    };
    let (rows, ()) = tokio::join!(reading, writing);
    let rows = rows.unwrap();
    assert_eq!(rows[0][0].get::<_, i64>(0), rows[2][0].get::<_, i64>(0));
}

#[tokio::test]
async fn no_more_statements_stay_prepared_than_the_limit() {
    let fixture = Fixture::new(1).await;
    let who = someone();
    for number in 0..520 {
        fixture
            .database
            .read(&who, &[Statement::new(format!("select {number}"))])
            .await
            .unwrap();
    }
    let count = Statement::new("select count(*) from pg_prepared_statements");
    let rows = fixture.database.read(&who, &[count]).await.unwrap();
    let prepared: i64 = rows[0][0].get(0);
    assert!((400..=501).contains(&prepared), "{prepared}");
}

#[tokio::test]
async fn a_read_survives_a_changed_table_and_a_lost_connection() {
    let fixture = Fixture::new(1).await;
    let who = someone();
    let all = [Statement::new("select * from notes")];
    fixture.database.read(&who, &all).await.unwrap();
    fixture
        .admin()
        .await
        .script("alter table notes add column extra text")
        .await
        .unwrap();
    fixture
        .database
        .read(&who, &all)
        .await
        .expect("a stale plan is prepared again");
    let kill = "select pg_terminate_backend(pid, 5000) from pg_stat_activity
        where datname = current_database() and usename = 'kith_app'";
    fixture.admin().await.script(kill).await.unwrap();
    fixture
        .database
        .read(&who, &all)
        .await
        .expect("a lost connection is replaced");
}

#[tokio::test]
async fn a_busy_pool_and_a_slow_statement_say_so() {
    let fixture = Fixture::with(1, |settings| {
        settings.pool_wait = Duration::from_millis(50);
        settings.statement_timeout = Duration::from_millis(300);
    })
    .await;
    let who = someone();
    let slow = [Statement::new("select pg_sleep(20)::text")];
    let (first, second) = tokio::join!(
        fixture.database.read(&who, &slow),
        fixture.database.read(&who, &slow)
    );
    assert!(
        matches!(first, Err(StoreError::Timeout { .. })),
        "{first:?}"
    );
    assert!(
        matches!(second, Err(StoreError::Unavailable { .. })),
        "{second:?}"
    );
    fixture.database.ping().await.unwrap();
}
