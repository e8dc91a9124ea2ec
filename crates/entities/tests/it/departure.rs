//! An organization that is deleted takes everything of its own along, and nothing of anybody else's.

use std::collections::BTreeMap;

use kith_store::types::Type;
use kith_store::{AdminConnection, Statement};
use uuid::Uuid;

use crate::access::victims;
use crate::world::World;

/// How many rows of an organization each table has, of those that have any.
async fn rows_of(admin: &AdminConnection, organization: Uuid) -> BTreeMap<String, i64> {
    let tables = admin
        .query(&Statement::new(
            "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition",
        ))
        .await
        .unwrap();
    let mut counts = BTreeMap::new();
    for row in tables {
        let table: String = row.get(0);
        let ask = Statement::new(format!(
            "SELECT count(*) FROM {table} WHERE organization_id = $1"
        ))
        .with(organization, Type::UUID);
        let count: i64 = admin.query(&ask).await.unwrap()[0].get(0);
        if count > 0 {
            counts.insert(table, count);
        }
    }
    counts
}

/// Besides one record of every entity: rows of the tables that no entity shows.
async fn fill_the_rest(world: &World, organization: Uuid) {
    let admin = world.test.admin().await;
    admin.script(include_str!("fill_row.sql")).await.unwrap();
    let filled = rows_of(&admin, organization).await;
    let tables = admin
        .query(&Statement::new(
            "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition ORDER BY 1",
        ))
        .await
        .unwrap();
    for row in tables {
        let table: String = row.get(0);
        if filled.contains_key(&table) {
            continue;
        }
        // Past all rules: what the row refers to need not be there, the organization is.
        let fill = format!(
            "BEGIN; SET LOCAL session_replication_role = replica;
             SELECT fill_row('{table}', '{{\"organization_id\": \"{organization}\"}}'); COMMIT"
        );
        if admin.script(&fill).await.is_err() {
            admin.script("ROLLBACK").await.unwrap();
        }
    }
}

#[tokio::test]
async fn nothing_stays_and_nobody_elses_goes() {
    let world = World::new().await;
    let (going, staying) = (
        world.organization("Acme").await,
        world.organization("Umbrella").await,
    );
    for organization in [&going, &staying] {
        victims(&world, organization).await;
    }
    fill_the_rest(&world, going.id).await;
    let admin = world.test.admin().await;
    let before = rows_of(&admin, going.id).await;
    assert!(before.len() > 70, "{before:?}");
    let kept = rows_of(&admin, staying.id).await;
    let delete =
        Statement::new("DELETE FROM organizations WHERE id = $1").with(going.id, Type::UUID);
    assert_eq!(admin.execute(&delete).await.unwrap(), 1);
    assert_eq!(rows_of(&admin, going.id).await, BTreeMap::new());
    assert_eq!(rows_of(&admin, staying.id).await, kept);
}

#[tokio::test]
async fn an_owner_who_is_no_superuser_deletes_as_the_definer_and_events_are_otherwise_kept() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    victims(&world, &organization).await;
    let admin = world.test.admin().await;
    let kept = admin
        .script("BEGIN; SET LOCAL ROLE kith_definer; DELETE FROM events; COMMIT")
        .await;
    assert!(kept.is_err());
    admin.script("ROLLBACK").await.unwrap();
    admin
        .script(&format!(
            "BEGIN; SET LOCAL ROLE kith_definer; SET LOCAL kith.organization = '{0}'; DELETE FROM organizations WHERE id = '{0}'; COMMIT",
            organization.id
        ))
        .await
        .unwrap();
    assert_eq!(rows_of(&admin, organization.id).await, BTreeMap::new());
}
