//! The migration runner, with migrations of its own.

use kith_store::{
    AdminConnection, Statement, StoreError,
    migrations::{self, Migration},
};
use kith_testkit::{TestDatabase, Transport};

fn migration(version: i32, up: &'static str, down: &'static str) -> Migration {
    Migration {
        version,
        name: format!("step_{version}").into(),
        up: up.into(),
        down: down.into(),
    }
}

fn two() -> Vec<Migration> {
    vec![
        migration(1, "create table a (x integer);", "drop table a;"),
        migration(
            2,
            "alter table a add column y integer;\ncreate table b ();",
            "drop table b; alter table a drop column y;",
        ),
    ]
}

async fn tables(admin: &AdminConnection) -> String {
    let sql = "select coalesce(string_agg(relname, ',' order by relname), '') from pg_class
        where relkind = 'r' and relnamespace = 'public'::regnamespace";
    admin.query(&Statement::new(sql)).await.unwrap()[0].get(0)
}

fn message(result: Result<Vec<i32>, StoreError>) -> String {
    match result {
        Err(StoreError::Setup { message }) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn goes_up_and_down() {
    let test = TestDatabase::empty(Transport::Socket).await;
    let admin = test.admin().await;
    let list = two();
    assert!(
        migrations::status(&admin, &list)
            .await
            .unwrap()
            .iter()
            .all(|one| one.applied_at.is_none())
    );
    assert_eq!(tables(&admin).await, "", "status changed an empty database");
    assert_eq!(migrations::up(&admin, &list, Some(1)).await.unwrap(), [1]);
    assert_eq!(migrations::up(&admin, &list, None).await.unwrap(), [2]);
    assert_eq!(
        migrations::up(&admin, &list, None).await.unwrap(),
        [0_i32; 0]
    );
    assert_eq!(tables(&admin).await, "a,b,schema_version");
    assert!(
        migrations::status(&admin, &list)
            .await
            .unwrap()
            .iter()
            .all(|one| one.applied_at.is_some())
    );
    assert_eq!(migrations::down(&admin, &list, 0).await.unwrap(), [2, 1]);
    assert_eq!(tables(&admin).await, "schema_version");
}

#[tokio::test]
async fn a_failing_migration_leaves_nothing_and_names_its_line() {
    let test = TestDatabase::empty(Transport::Socket).await;
    let admin = test.admin().await;
    let mut list = two();
    list.push(migration(3, "create table c ();\n\ncreate tabel d ();", ""));
    let refusal = message(migrations::up(&admin, &list, None).await);
    assert!(
        refusal.contains("migrations/0003_step_3.up.sql line 3"),
        "{refusal}"
    );
    assert_eq!(tables(&admin).await, "a,b,schema_version");
    // The lock was given back: another session can go on.
    assert_eq!(
        migrations::down(&test.admin().await, &list, 1)
            .await
            .unwrap(),
        [2]
    );
}

#[tokio::test]
async fn refuses_a_newer_database_and_a_changed_file() {
    let test = TestDatabase::empty(Transport::Socket).await;
    let admin = test.admin().await;
    let list = two();
    migrations::up(&admin, &list, None).await.unwrap();
    let refusal = message(migrations::up(&admin, &list[..1], None).await);
    assert!(
        refusal.contains("newer than this program") && refusal.contains("0002"),
        "{refusal}"
    );
    assert!(message(migrations::down(&admin, &list[..1], 0).await).contains("newer"));
    assert!(message(migrations::up(&admin, &list[1..], None).await).contains("0001"));
    let mut changed = two();
    changed[0].up = "create table a (x bigint);".into();
    let refusal = message(migrations::up(&admin, &changed, None).await);
    assert!(refusal.contains("0001 step_1 has changed"), "{refusal}");
    let status = migrations::status(&admin, &changed).await.unwrap();
    assert!(
        status[0].problem.is_some() && status[1].problem.is_none(),
        "{status:?}"
    );
    // Line endings are not a change.
    let mut windows = two();
    windows[1].up = windows[1].up.replace('\n', "\r\n").into();
    assert_eq!(
        migrations::up(&admin, &windows, None).await.unwrap(),
        [0_i32; 0]
    );
    assert!(migrations::require_current(&admin, &list).await.is_ok());
    migrations::down(&admin, &list, 1).await.unwrap();
    assert!(migrations::require_current(&admin, &list).await.is_err());
}

#[tokio::test]
async fn nodes_that_start_together_apply_each_migration_once() {
    let test = TestDatabase::empty(Transport::Socket).await;
    let list = two();
    let node = async || {
        let admin = test.admin().await;
        migrations::up(&admin, &list, None).await
    };
    let results = tokio::join!(node(), node(), node(), node());
    let applied: Vec<i32> = [results.0, results.1, results.2, results.3]
        .into_iter()
        .flat_map(Result::unwrap)
        .collect();
    assert_eq!(applied, [1, 2]);
}

#[test]
fn the_program_s_migrations_are_in_order() {
    let versions: Vec<i32> = migrations::all()
        .iter()
        .map(|migration| migration.version)
        .collect();
    let expected: Vec<i32> = (1..).take(versions.len()).collect();
    assert_eq!(versions, expected, "numbers start at 1 without a gap");
}
