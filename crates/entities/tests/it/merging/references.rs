//! What points at the two records: everything follows, and goes back.

use std::collections::HashMap;

use kith_catalogue::Entity;
use kith_engine::{Deleted, EngineError};
use kith_entities::company::COMPANY;
use kith_entities::custom_field::CUSTOM_FIELD;
use kith_entities::deal::DEAL;
use kith_entities::{CATALOGUE, interaction::INTERACTION};
use kith_store::Statement;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::bodies::full;
use crate::world::{Organization, World, id_of};

use super::{Key, company, count, keys_to, merge, two, undo, wanted};

/// Points one row of every table that can at a record, past all rules, so that tables which nothing else fills are
/// tried too. Answers how many rows point at it through each key.
async fn point_everything_at(
    world: &World,
    organization: Uuid,
    entity: &'static Entity,
    keys: &[Key],
    loser: Uuid,
    others: &[Uuid],
) -> HashMap<String, i64> {
    let admin = world.test.admin().await;
    admin.script(include_str!("../fill_row.sql")).await.unwrap();
    let not_these: Vec<String> = others.iter().map(|id| format!("'{id}'")).collect();
    for Key { table, column, .. } in keys {
        let generated = count(
            world,
            format!("SELECT count(*) FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attname = '{column}' AND attgenerated <> ''"),
        )
        .await
            > 0;
        let (set, given) = if generated {
            (
                format!("subject_type = '{}', subject_id = '{loser}'", entity.name),
                json!({"organization_id": organization, "subject_type": entity.name, "subject_id": loser, "content": "x", "position": "8"}),
            )
        } else {
            (
                format!("{column} = '{loser}'"),
                json!({"organization_id": organization, (column.as_str()): loser, "sender_type": entity.name, "content": "x", "last_name": "x"}),
            )
        };
        let others = format!(
            "NOT coalesce(to_jsonb(t) ->> 'id' = ANY (ARRAY[{}]), false)",
            not_these.join(", ")
        );
        let rows = count(
            world,
            format!("SELECT count(*) FROM {table} t WHERE {others}"),
        )
        .await;
        let past_all_rules = |write: String| {
            format!("BEGIN; SET LOCAL session_replication_role = replica; {write}; COMMIT")
        };
        let turned = past_all_rules(format!(
            "UPDATE {table} SET {set} WHERE ctid = (SELECT ctid FROM {table} t WHERE {others} LIMIT 1)"
        ));
        if rows > 0 && admin.script(&turned).await.is_ok() {
            continue;
        }
        // There is none, or none that may point at it beside what it says else.
        admin.script("ROLLBACK").await.unwrap();
        let filled = past_all_rules(format!("SELECT fill_row('{table}', '{given}')"));
        admin
            .script(&filled)
            .await
            .unwrap_or_else(|error| panic!("{table}.{column}: {error:?}"));
    }
    // What a file's row says of itself stands a second time beside it.
    admin
        .script(
            "BEGIN; SET LOCAL session_replication_role = replica;
             UPDATE documents SET checksum = coalesce(checksum, repeat('a', 64)), mime_type = coalesce(mime_type, 'text/plain'), file_size = coalesce(file_size, 1);
             INSERT INTO document_versions (organization_id, document_id, revision, storage_key, file_name, file_size, mime_type, checksum, uploaded_by)
             SELECT organization_id, id, revision, coalesce(storage_key, gen_random_uuid()), file_name, file_size, mime_type, checksum, uploaded_by FROM documents
             ON CONFLICT DO NOTHING;
             COMMIT",
        )
        .await
        .unwrap();
    let mut counts = HashMap::new();
    for Key { table, column, .. } in keys {
        let pointing = count(
            world,
            format!("SELECT count(*) FROM {table} WHERE {column} = '{loser}'"),
        )
        .await;
        counts.insert(format!("{table}.{column}"), pointing);
    }
    counts
}

#[tokio::test]
async fn every_foreign_key_follows_and_goes_back() {
    for entity in CATALOGUE.entities().iter().copied() {
        if !entity.merges() {
            continue;
        }
        let world = World::new().await;
        let organization = world.organization("Acme").await;
        let owner = world.role(&organization, "owner").await;
        // A row in every table, none of which points at the two.
        for (index, other) in CATALOGUE.entities().iter().copied().enumerate() {
            if other.verbs.create {
                let seed = u32::try_from(index).unwrap() * 7 + 3;
                let body = full(&world, &owner, other, seed).await;
                // Whether it can be made is for the conformance suite to say; an empty table is filled below.
                let _ = world.create(&owner, other, body).await;
            }
        }
        let mut two = Vec::new();
        for seed in [901, 902] {
            let mut body = full(&world, &owner, entity, seed).await;
            let members = body.as_object_mut().unwrap();
            let own: Vec<String> = entity
                .fields
                .iter()
                .filter(|field| field.reference == Some(entity.name))
                .map(|field| field.name.to_owned())
                .collect();
            members.retain(|name, _| !own.contains(name));
            two.push(id_of(&world.create(&owner, entity, body).await.unwrap()));
        }
        let (winner, loser) = (two[0], two[1]);
        let keys = keys_to(&world, entity.table).await;
        assert!(!keys.is_empty(), "nothing points at {}", entity.table);
        let before = point_everything_at(&world, organization.id, entity, &keys, loser, &two).await;
        merge(&world, &owner, entity, winner, &wanted(loser, &[]))
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}", entity.name));
        for Key {
            table,
            column,
            is_part,
        } in &keys
        {
            let name = format!("{table}.{column}");
            assert!(
                before[&name] > 0 || *is_part,
                "no row of {table} was pointed at the record"
            );
            if *is_part {
                continue;
            }
            let left = count(
                &world,
                format!("SELECT count(*) FROM {table} WHERE {column} = '{loser}'"),
            )
            .await;
            assert_eq!(left, 0, "{name} still points at the merged record");
            let moved = count(
                &world,
                format!("SELECT count(*) FROM {table} WHERE {column} = '{winner}'"),
            )
            .await;
            assert!(moved > 0, "{name} does not point at the one that stayed");
        }
        undo(&world, &owner, entity, winner)
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}", entity.name));
        for Key { table, column, .. } in &keys {
            let back = count(
                &world,
                format!("SELECT count(*) FROM {table} WHERE {column} = '{loser}'"),
            )
            .await;
            assert_eq!(
                back,
                before[&format!("{table}.{column}")],
                "{table}.{column} did not go back"
            );
        }
    }
}

#[tokio::test]
async fn own_fields_that_point_at_the_record_follow_and_go_back() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for (key, filterable) in [("partner", true), ("hidden_partner", false)] {
        let field = json!({"entity": "deal", "key": key, "label": key, "kind": "reference", "reference": "company", "is_filterable": filterable});
        world.create(&owner, &CUSTOM_FIELD, field).await.unwrap();
    }
    let owner = world.role(&organization, "owner").await;
    let winner = company(&world, &owner, "Acme").await;
    let loser = company(&world, &owner, "Acme Ltd").await;
    let body =
        json!({"name": "Deal", "custom_fields": {"partner": loser, "hidden_partner": loser}});
    let deal = id_of(&world.create(&owner, &DEAL, body).await.unwrap());
    merge(&world, &owner, &COMPANY, winner, &wanted(loser, &[]))
        .await
        .unwrap();
    let values = async || world.get(&owner, &DEAL, deal).await.unwrap()["custom_fields"].clone();
    assert_eq!(
        values().await,
        json!({"partner": winner, "hidden_partner": winner})
    );
    let found = world
        .list(&owner, &DEAL, &[("custom.partner", &winner.to_string())])
        .await
        .unwrap();
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    undo(&world, &owner, &COMPANY, winner).await.unwrap();
    assert_eq!(
        values().await,
        json!({"partner": loser, "hidden_partner": loser})
    );
}

#[tokio::test]
async fn references_turn_in_no_circle() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let winner = company(&world, &owner, "Holding").await;
    let between = company(&world, &owner, "Between").await;
    let loser = company(&world, &owner, "Holding Ltd").await;
    for (id, parent) in [(winner, between), (between, loser)] {
        world
            .update(&owner, &COMPANY, id, json!({"parent_id": parent}), None)
            .await
            .unwrap();
    }
    let refused = merge(&world, &owner, &COMPANY, winner, &wanted(loser, &[])).await;
    assert!(
        matches!(&refused, Err(EngineError::Conflict { field: Some(field), .. }) if field == "parent_id"),
        "{refused:?}"
    );
    // Directly below the other: the reference is cleared, and comes back.
    world
        .update(&owner, &COMPANY, winner, json!({"parent_id": loser}), None)
        .await
        .unwrap();
    world
        .update(&owner, &COMPANY, between, json!({"parent_id": null}), None)
        .await
        .unwrap();
    let merged = merge(&world, &owner, &COMPANY, winner, &wanted(loser, &[]))
        .await
        .unwrap();
    assert_eq!(merged["parent_id"], Json::Null);
    let (record, _) = undo(&world, &owner, &COMPANY, winner).await.unwrap();
    assert_eq!(record["parent_id"], json!(loser));
}

#[tokio::test]
async fn interactions_follow_though_nobody_can_change_them() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let [winner, loser] = two(&world, &owner, [None, None]).await;
    let body = json!({"subject_type": "company", "subject_id": loser, "type": "Call", "channel": "phone", "note": "hello"});
    let call = id_of(&world.create(&owner, &INTERACTION, body).await.unwrap());
    merge(&world, &owner, &COMPANY, winner, &wanted(loser, &[]))
        .await
        .unwrap();
    let moved = world.get(&owner, &INTERACTION, call).await.unwrap();
    assert_eq!(
        (&moved["subject_id"], &moved["note"]),
        (&json!(winner), &json!("hello"))
    );
    let refused = world
        .begin(&owner)
        .await
        .execute(&Statement::new("UPDATE interactions SET note = 'x'"))
        .await;
    assert!(refused.is_err());
    // The timeline of the one that stayed tells of both; what the merge did is told there too.
    let list = world
        .list(
            &owner,
            &kith_entities::activity::ACTIVITY,
            &[("entity_id", &winner.to_string()), ("limit", "200")],
        )
        .await
        .unwrap();
    let types: Vec<&str> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["type"].as_str().unwrap())
        .collect();
    assert!(
        types.contains(&"merged") && types.contains(&"call"),
        "{types:?}"
    );
    let deleted =
        kith_engine::get(&world.engine, &owner, &COMPANY, loser, &[], Deleted::Only).await;
    assert!(deleted.is_ok());
}

#[tokio::test]
async fn the_database_and_the_catalogue_agree_on_what_can_be_merged() {
    let world = World::new().await;
    let _: Organization = world.organization("Acme").await;
    let admin = world.test.admin().await;
    let rows = admin
        .query(&Statement::new(
            "SELECT entity FROM merging_entities ORDER BY 1",
        ))
        .await
        .unwrap();
    let stored: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let mut declared: Vec<&str> = CATALOGUE
        .entities()
        .iter()
        .filter(|entity| entity.merges())
        .map(|entity| entity.name)
        .collect();
    declared.sort_unstable();
    assert_eq!(stored, declared);
    for entity in CATALOGUE.entities().iter().copied() {
        for (field, identity) in entity.identities() {
            if identity.likeness == kith_catalogue::Likeness::Context {
                continue;
            }
            let led = count(
                &world,
                format!("SELECT count(*) FROM pg_indexes WHERE tablename = '{}' AND indexdef LIKE '%(organization_id, {}, id)%'", entity.table, identity.column),
            )
            .await;
            assert!(
                led > 0,
                "{}.{} is compared without an index",
                entity.name,
                field.name
            );
        }
    }
}
