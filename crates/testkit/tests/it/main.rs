//! The product's own migrations, on a test database and on a server like a managed one.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use kith_store::{AdminConnection, Migrate, Server, Statement, ensure_roles, migrations};
use kith_testkit::{TestDatabase, Transport};

async fn number(admin: &AdminConnection, sql: &'static str) -> i64 {
    admin.query(&Statement::new(sql)).await.unwrap()[0].get(0)
}

const TABLES: &str = "select count(*) from pg_class where relkind in ('r', 'p', 'v')
    and relnamespace = 'public'::regnamespace";
const FUNCTIONS: &str = "select count(*) from pg_proc p where pronamespace = 'public'::regnamespace
    and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')";

#[tokio::test]
async fn a_test_database_is_migrated_and_its_own() {
    let (first, second) = (TestDatabase::new().await, TestDatabase::new().await);
    let (one, two) = (first.admin().await, second.admin().await);
    let count = i64::try_from(migrations::all().len()).unwrap();
    assert_eq!(
        number(&one, "select count(*) from schema_version").await,
        count
    );
    one.script("create table only_here ()").await.unwrap();
    assert_eq!(number(&one, TABLES).await, number(&two, TABLES).await + 1);
    first.database().ping().await.unwrap();
}

#[tokio::test]
async fn the_product_s_migrations_undo_what_they_did() {
    let test = TestDatabase::empty(Transport::Socket).await;
    let admin = test.admin().await;
    ensure_roles(&admin).await.unwrap();
    for _ in 0..2 {
        migrations::up(&admin, migrations::all(), None)
            .await
            .unwrap();
        migrations::down(&admin, migrations::all(), 0)
            .await
            .unwrap();
        assert_eq!(
            number(&admin, TABLES).await,
            1,
            "something but schema_version is left"
        );
        assert_eq!(number(&admin, FUNCTIONS).await, 0, "functions are left");
    }
}

#[tokio::test]
async fn an_owner_who_is_no_superuser_can_migrate_and_serve() {
    let test = TestDatabase::empty(Transport::Tcp).await;
    let server = Server::start(&test.settings(), Migrate::Up)
        .await
        .unwrap_or_else(|error| {
            unreachable!(
                "an ordinary owner cannot start: {error}, {:?}",
                error.log_detail()
            )
        });
    server.database().ping().await.unwrap();
    // The next node finds everything done.
    Server::start(&test.settings(), Migrate::Up).await.unwrap();
}
