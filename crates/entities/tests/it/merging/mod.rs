//! Merging: everything that points at a record moves, nothing is revealed or taken that was not the caller's, and
//! all of it goes back.

mod fields;
mod permission;
mod references;
mod undoing;

use kith_catalogue::Entity;
use kith_engine::{Caller, EngineError, MergeRequest, Side};
use kith_entities::company::COMPANY;
use kith_entities::contact::CONTACT;
use kith_store::types::Type;
use kith_store::{Origin, Statement, Tx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::world::{World, id_of, json_of};

pub(super) fn wanted(with: Uuid, fields: &[(&str, Side)]) -> MergeRequest {
    MergeRequest {
        with,
        fields: fields
            .iter()
            .map(|(name, side)| ((*name).to_owned(), *side))
            .collect(),
    }
}

pub(super) async fn merge(
    world: &World,
    caller: &Caller,
    entity: &'static Entity,
    winner: Uuid,
    request: &MergeRequest,
) -> Result<Json, EngineError> {
    // Each request is a change set of its own.
    let origin = Origin::new("api");
    let tx = Tx::begin(&world.engine.database, &caller.principal, &origin).await?;
    let merged = kith_engine::merge(&world.engine, &tx, caller, entity, winner, request).await?;
    tx.commit().await?;
    Ok(json_of(&merged))
}

pub(super) async fn undo(
    world: &World,
    caller: &Caller,
    entity: &'static Entity,
    winner: Uuid,
) -> Result<(Json, Json), EngineError> {
    let origin = Origin::new("api");
    let tx = Tx::begin(&world.engine.database, &caller.principal, &origin).await?;
    let (record, back) =
        kith_engine::undo_merge(&world.engine, &tx, caller, entity, winner, None).await?;
    tx.commit().await?;
    Ok((json_of(&record), json_of(&back)))
}

pub(super) async fn company(world: &World, caller: &Caller, name: &str) -> Uuid {
    let made = world.create(caller, &COMPANY, json!({"name": name})).await;
    id_of(&made.unwrap())
}

pub(super) async fn contact(world: &World, caller: &Caller, body: Json) -> Uuid {
    id_of(&world.create(caller, &CONTACT, body).await.unwrap())
}

/// A foreign key to a table, as the database tells it, and not as the function under test does.
pub(super) struct Key {
    pub(super) table: String,
    pub(super) column: String,
    /// The primary key is the reference: part of the record.
    pub(super) is_part: bool,
}

pub(super) async fn keys_to(world: &World, table: &str) -> Vec<Key> {
    let rows = world
        .test
        .admin()
        .await
        .query(
            &Statement::new(
                "SELECT c.conrelid::regclass::text, a.attname::text, \
                 (SELECT array_agg(k.attname::text) FROM pg_index i CROSS JOIN unnest(i.indkey::smallint[]) n JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = n \
                  WHERE i.indrelid = c.conrelid AND i.indisprimary AND k.attname <> 'organization_id') = ARRAY[a.attname::text] \
                 FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) AND a.attname <> 'organization_id' \
                 WHERE c.contype = 'f' AND c.conparentid = 0 AND c.confrelid = $1::text::regclass",
            )
            .with(table.to_owned(), Type::TEXT),
        )
        .await
        .unwrap();
    rows.iter()
        .map(|row| Key {
            table: row.get(0),
            column: row.get(1),
            is_part: row.get(2),
        })
        .collect()
}

pub(super) async fn count(world: &World, sql: String) -> i64 {
    let admin = world.test.admin().await;
    admin.query(&Statement::new(sql)).await.unwrap()[0].get(0)
}

/// Two companies of these owners.
pub(super) async fn two(world: &World, boss: &Caller, owners: [Option<Uuid>; 2]) -> [Uuid; 2] {
    let mut made = Vec::new();
    for owner in owners {
        let body = json!({"name": "Acme", "owner_id": owner});
        made.push(id_of(&world.create(boss, &COMPANY, body).await.unwrap()));
    }
    [made[0], made[1]]
}
