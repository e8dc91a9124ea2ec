//! Merging: everything that points at a record moves, nothing is revealed or taken that was not the caller's, and
//! all of it goes back.

use std::collections::HashMap;

use kith_catalogue::Entity;
use kith_engine::{Caller, Deleted, EngineError, MergeRequest, Side};
use kith_entities::company::COMPANY;
use kith_entities::company_member::COMPANY_MEMBER;
use kith_entities::contact::CONTACT;
use kith_entities::custom_field::CUSTOM_FIELD;
use kith_entities::deal::DEAL;
use kith_entities::lead::LEAD;
use kith_entities::note::NOTE;
use kith_entities::{CATALOGUE, interaction::INTERACTION};
use kith_store::types::Type;
use kith_store::{Origin, Principal, Statement, StoreError, Tx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::bodies::full;
use crate::world::{Organization, World, id_of, json_of};

fn wanted(with: Uuid, fields: &[(&str, Side)]) -> MergeRequest {
    MergeRequest {
        with,
        fields: fields
            .iter()
            .map(|(name, side)| ((*name).to_owned(), *side))
            .collect(),
    }
}

async fn merge(
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

async fn undo(
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

async fn company(world: &World, caller: &Caller, name: &str) -> Uuid {
    let made = world.create(caller, &COMPANY, json!({"name": name})).await;
    id_of(&made.unwrap())
}

async fn contact(world: &World, caller: &Caller, body: Json) -> Uuid {
    id_of(&world.create(caller, &CONTACT, body).await.unwrap())
}

/// A foreign key to a table, as the database tells it, and not as the function under test does.
struct Key {
    table: String,
    column: String,
    /// The primary key is the reference: part of the record.
    is_part: bool,
}

async fn keys_to(world: &World, table: &str) -> Vec<Key> {
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

async fn count(world: &World, sql: String) -> i64 {
    let admin = world.test.admin().await;
    admin.query(&Statement::new(sql)).await.unwrap()[0].get(0)
}

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
    admin.script(include_str!("fill_row.sql")).await.unwrap();
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
async fn what_the_record_says_is_chosen_field_by_field_and_comes_back() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for (key, kind) in [("tier", "text"), ("region", "text")] {
        let field = json!({"entity": "company", "key": key, "label": key, "kind": kind});
        world.create(&owner, &CUSTOM_FIELD, field).await.unwrap();
    }
    let owner = world.role(&organization, "owner").await;
    let winner = world
        .create(&owner, &COMPANY, json!({"name": "Acme", "phone": "+14155550100", "annual_revenue": "5.00", "currency": "USD",
            "tags": ["Vip", "a"], "custom_fields": {"tier": "gold"}}))
        .await
        .unwrap();
    let loser = world
        .create(&owner, &COMPANY, json!({"name": "ACME Inc.", "phone": "+14155550199", "website": "https://acme.example", "status": "active",
            "employee_count": 12, "credit_limit": "9.00", "currency": "EUR", "tags": ["vip", "b"], "custom_fields": {"tier": "silver", "region": "north"}}))
        .await
        .unwrap();
    let (id, other) = (id_of(&winner), id_of(&loser));
    let merged = merge(
        &world,
        &owner,
        &COMPANY,
        id,
        &wanted(
            other,
            &[
                ("name", Side::Theirs),
                ("status", Side::Theirs),
                ("custom.tier", Side::Theirs),
            ],
        ),
    )
    .await
    .unwrap();
    assert_eq!(merged["name"], json!("ACME Inc."));
    assert_eq!(merged["status"], json!("active"));
    // What it had stays, what it lacked is taken over, tags are put together.
    assert_eq!(merged["phone"], json!("+14155550100"));
    assert_eq!(merged["website"], json!("https://acme.example"));
    assert_eq!(merged["employee_count"], json!(12));
    assert_eq!(merged["tags"], json!(["Vip", "a", "b"]));
    assert_eq!(
        merged["custom_fields"],
        json!({"tier": "silver", "region": "north"})
    );
    // An amount in another currency says something else.
    assert_eq!(merged["credit_limit"], Json::Null);
    // What is written afterwards is somebody's own.
    world
        .update(
            &owner,
            &COMPANY,
            id,
            json!({"employee_count": 20, "description": "new"}),
            None,
        )
        .await
        .unwrap();
    let (record, back) = undo(&world, &owner, &COMPANY, id).await.unwrap();
    for (field, value) in [
        ("name", json!("Acme")),
        ("status", json!("prospect")),
        ("website", Json::Null),
        ("tags", json!(["Vip", "a"])),
        ("custom_fields", json!({"tier": "gold"})),
        ("employee_count", json!(20)),
        ("description", json!("new")),
    ] {
        assert_eq!(record[field], value, "{field}");
    }
    for field in [
        "name",
        "phone",
        "website",
        "tags",
        "custom_fields",
        "credit_limit",
    ] {
        assert_eq!(back[field], loser[field], "{field}");
    }
    // All of it in the history, under one change set.
    let entries = kith_engine::history(&world.engine, &owner, &COMPANY, id, 50, None)
        .await
        .unwrap();
    let merge_entry = entries["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "MERGE")
        .collect::<Vec<_>>();
    assert_eq!(merge_entry.len(), 2, "{entries}");
    let set = &merge_entry[1]["change_set_id"];
    let renamed = entries["data"]
        .as_array()
        .unwrap()
        .iter()
        .any(|entry| entry["change_set_id"] == *set && entry["action"] == "UPDATE");
    assert!(renamed, "{entries}");
}

#[tokio::test]
async fn bad_choices_are_all_named() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let winner = company(&world, &owner, "Acme").await;
    let loser = company(&world, &owner, "Acme").await;
    let child = json!({"parent_id": winner});
    world
        .update(&owner, &COMPANY, loser, child, None)
        .await
        .unwrap();
    let choices = [
        ("nonsense", Side::Mine),
        ("custom.nonsense", Side::Mine),
        ("lifetime_value", Side::Theirs),
        ("parent_id", Side::Theirs),
    ];
    let error = merge(&world, &owner, &COMPANY, winner, &wanted(loser, &choices))
        .await
        .unwrap_err();
    let EngineError::Invalid(faults) = error else {
        panic!("{error:?}")
    };
    for (name, _) in choices {
        assert!(
            faults.iter().any(|fault| fault.field == name),
            "{name}: {faults:?}"
        );
    }
    let same = merge(&world, &owner, &COMPANY, winner, &wanted(winner, &[])).await;
    assert!(matches!(same, Err(EngineError::Invalid(_))), "{same:?}");
}

#[tokio::test]
async fn what_only_one_may_have_collides_and_is_told_apart_again() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let member = organization.people["client_admin"];
    let other_member = organization.people["client_member"];
    let winner = company(&world, &owner, "Acme").await;
    let loser = company(&world, &owner, "Acme Ltd").await;
    let mut people = Vec::new();
    for (at, name) in [(winner, "Ada"), (loser, "Bob")] {
        let body = json!({"first_name": name, "company_id": at, "is_primary": true});
        people.push(contact(&world, &owner, body).await);
    }
    for (at, user, role) in [
        (winner, member, "viewer"),
        (loser, member, "admin"),
        (loser, other_member, "member"),
    ] {
        let body = json!({"company_id": at, "user_id": user, "role": role});
        world.create(&owner, &COMPANY_MEMBER, body).await.unwrap();
    }
    merge(&world, &owner, &COMPANY, winner, &wanted(loser, &[]))
        .await
        .unwrap();
    let primary = async |id: Uuid| {
        let record = world.get(&owner, &CONTACT, id).await.unwrap();
        (record["is_primary"].clone(), record["company_id"].clone())
    };
    assert_eq!(primary(people[0]).await, (json!(true), json!(winner)));
    assert_eq!(primary(people[1]).await, (json!(false), json!(winner)));
    let members = async |company: Uuid| {
        let company = company.to_string();
        let parameters = [("company_id", company.as_str()), ("sort", "created_at")];
        let list = world
            .list(&owner, &COMPANY_MEMBER, &parameters)
            .await
            .unwrap();
        let mut all: Vec<(String, String)> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let text = |name: &str| row[name].as_str().unwrap().to_owned();
                (text("user_id"), text("role"))
            })
            .collect();
        all.sort();
        all
    };
    let mut both = vec![
        (member.to_string(), "viewer".to_owned()),
        (other_member.to_string(), "member".to_owned()),
    ];
    both.sort();
    assert_eq!(members(winner).await, both);
    undo(&world, &owner, &COMPANY, winner).await.unwrap();
    assert_eq!(primary(people[0]).await, (json!(true), json!(winner)));
    assert_eq!(primary(people[1]).await, (json!(true), json!(loser)));
    assert_eq!(
        members(winner).await,
        [(member.to_string(), "viewer".to_owned())]
    );
    let mut back = vec![
        (member.to_string(), "admin".to_owned()),
        (other_member.to_string(), "member".to_owned()),
    ];
    back.sort();
    assert_eq!(members(loser).await, back);
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
async fn the_old_id_goes_on_meaning_the_record_through_several_merges() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let [first, second, third] = [
        company(&world, &owner, "One").await,
        company(&world, &owner, "Two").await,
        company(&world, &owner, "Three").await,
    ];
    merge(&world, &owner, &COMPANY, second, &wanted(first, &[]))
        .await
        .unwrap();
    merge(&world, &owner, &COMPANY, third, &wanted(second, &[]))
        .await
        .unwrap();
    for old in [first, second] {
        let now = kith_engine::alias_of(&world.engine, &owner, &COMPANY, old)
            .await
            .unwrap();
        assert_eq!(now, Some(third));
        // A reference by the old id is one to the record that stayed.
        let made = world
            .create(
                &owner,
                &CONTACT,
                json!({"first_name": "Ada", "company_id": old}),
            )
            .await
            .unwrap();
        assert_eq!(made["company_id"], json!(third));
        let note = world
            .create(
                &owner,
                &NOTE,
                json!({"subject_type": "company", "subject_id": old, "content": "hello"}),
            )
            .await
            .unwrap();
        assert_eq!(note["subject_id"], json!(third));
    }
    // The earlier merge waits for the later one to be undone; restoring is no way around it.
    let refused = undo(&world, &owner, &COMPANY, second).await;
    assert!(
        matches!(refused, Err(EngineError::Conflict { .. })),
        "{refused:?}"
    );
    let tx = world.begin(&owner).await;
    let refused = kith_engine::restore(&world.engine, &tx, &owner, &COMPANY, &[second]).await;
    assert!(
        matches!(refused, Err(EngineError::Conflict { .. })),
        "{refused:?}"
    );
    drop(tx);
    undo(&world, &owner, &COMPANY, third).await.unwrap();
    undo(&world, &owner, &COMPANY, second).await.unwrap();
    let now = kith_engine::alias_of(&world.engine, &owner, &COMPANY, first)
        .await
        .unwrap();
    assert_eq!(now, None);
    assert_eq!(
        world.get(&owner, &COMPANY, first).await.unwrap()["name"],
        json!("One")
    );
}

#[tokio::test]
async fn what_was_added_since_stays_and_what_went_since_stays_gone() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let winner = company(&world, &owner, "Acme").await;
    let loser = company(&world, &owner, "Acme Ltd").await;
    let elsewhere = company(&world, &owner, "Elsewhere").await;
    let moved = contact(
        &world,
        &owner,
        json!({"first_name": "Moved", "company_id": loser}),
    )
    .await;
    let left = contact(
        &world,
        &owner,
        json!({"first_name": "Left", "company_id": loser}),
    )
    .await;
    let member = json!({"company_id": loser, "user_id": organization.people["client_viewer"]});
    world
        .create(&owner, &COMPANY_MEMBER, member.clone())
        .await
        .unwrap();
    let twice = json!({"company_id": winner, "user_id": organization.people["client_viewer"]});
    world.create(&owner, &COMPANY_MEMBER, twice).await.unwrap();
    merge(&world, &owner, &COMPANY, winner, &wanted(loser, &[]))
        .await
        .unwrap();
    let new = contact(
        &world,
        &owner,
        json!({"first_name": "New", "company_id": winner}),
    )
    .await;
    world
        .update(
            &owner,
            &CONTACT,
            left,
            json!({"company_id": elsewhere}),
            None,
        )
        .await
        .unwrap();
    // The person whose membership was there twice is no member of the organization any more.
    world
        .test
        .admin()
        .await
        .script(&format!(
            "DELETE FROM memberships WHERE user_id = '{}'",
            organization.people["client_viewer"]
        ))
        .await
        .unwrap();
    undo(&world, &owner, &COMPANY, winner).await.unwrap();
    for (id, at) in [(moved, loser), (left, elsewhere), (new, winner)] {
        let record = world.get(&owner, &CONTACT, id).await.unwrap();
        assert_eq!(record["company_id"], json!(at));
    }
}

#[tokio::test]
async fn undoing_is_refused_with_the_reason() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let reason = |outcome: Result<(Json, Json), EngineError>| match outcome {
        Err(EngineError::Conflict { message, .. }) => message,
        other => panic!("{other:?}"),
    };
    // The address of the one that went was taken meanwhile.
    let winner = contact(
        &world,
        &owner,
        json!({"first_name": "Ada", "email": "ada@example.com"}),
    )
    .await;
    let loser = contact(
        &world,
        &owner,
        json!({"first_name": "Ada", "email": "ada@other.example"}),
    )
    .await;
    merge(&world, &owner, &CONTACT, winner, &wanted(loser, &[]))
        .await
        .unwrap();
    let taker = contact(
        &world,
        &owner,
        json!({"first_name": "Eve", "email": "ada@other.example"}),
    )
    .await;
    let origin = Origin::new("api");
    let tx = Tx::begin(&world.engine.database, &owner.principal, &origin)
        .await
        .unwrap();
    let refused = kith_engine::undo_merge(&world.engine, &tx, &owner, &CONTACT, winner, None).await;
    assert!(
        matches!(&refused, Err(EngineError::Conflict { field: Some(field), .. }) if field == "email"),
        "{refused:?}"
    );
    drop(tx);
    world.delete(&owner, &CONTACT, taker).await.unwrap();
    // The one that stayed is deleted.
    world.delete(&owner, &CONTACT, winner).await.unwrap();
    assert!(reason(undo(&world, &owner, &CONTACT, winner).await).contains("Restore it first"));
    let tx = world.begin(&owner).await;
    kith_engine::restore(&world.engine, &tx, &owner, &CONTACT, &[winner])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    undo(&world, &owner, &CONTACT, winner).await.unwrap();
    assert!(reason(undo(&world, &owner, &CONTACT, winner).await).contains("undone already"));
    // The one that went is gone for good.
    merge(&world, &owner, &CONTACT, winner, &wanted(loser, &[]))
        .await
        .unwrap();
    let tx = world.begin(&owner).await;
    kith_engine::purge(&tx, &owner, &CONTACT, loser)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let gone = undo(&world, &owner, &CONTACT, winner).await;
    assert!(gone.is_err(), "{gone:?}");
    // Its id goes on meaning the one that stayed.
    let now = kith_engine::alias_of(&world.engine, &owner, &CONTACT, loser)
        .await
        .unwrap();
    assert_eq!(now, Some(winner));
}

#[tokio::test]
async fn a_converted_lead_is_the_one_that_stays() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let mut leads = Vec::new();
    for email in ["a@example.com", "b@example.com"] {
        let body = json!({"first_name": "Ada", "last_name": "Lovelace", "email": email});
        leads.push(id_of(&world.create(&owner, &LEAD, body).await.unwrap()));
    }
    let tx = world.begin(&owner).await;
    kith_entities::lead::convert(
        &world.engine,
        &tx,
        &owner,
        leads[0],
        &kith_entities::lead::ConversionRequest::default(),
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let refused = merge(&world, &owner, &LEAD, leads[1], &wanted(leads[0], &[])).await;
    assert!(
        matches!(refused, Err(EngineError::Conflict { .. })),
        "{refused:?}"
    );
    let merged = merge(&world, &owner, &LEAD, leads[0], &wanted(leads[1], &[]))
        .await
        .unwrap();
    assert_eq!(merged["status"], json!("converted"));
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
async fn what_is_added_up_is_added_up_and_taken_apart() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let [winner, loser] = two(&world, &owner, [None, None]).await;
    let admin = world.test.admin().await;
    let set = async |id: Uuid, value: i32| {
        let sql = format!("UPDATE companies SET lifetime_value = {value} WHERE id = '{id}'");
        admin.script(&sql).await.unwrap();
    };
    set(winner, 100).await;
    set(loser, 30).await;
    let merged = merge(&world, &owner, &COMPANY, winner, &wanted(loser, &[]))
        .await
        .unwrap();
    assert_eq!(merged["lifetime_value"], json!("130.00"));
    // Something is paid meanwhile.
    set(winner, 180).await;
    let (record, back) = undo(&world, &owner, &COMPANY, winner).await.unwrap();
    assert_eq!(record["lifetime_value"], json!("150.00"));
    assert_eq!(back["lifetime_value"], json!("30.00"));
}

// --- Who may -------------------------------------------------------------------------------------------------------

/// Two companies of these owners.
async fn two(world: &World, boss: &Caller, owners: [Option<Uuid>; 2]) -> [Uuid; 2] {
    let mut made = Vec::new();
    for owner in owners {
        let body = json!({"name": "Acme", "owner_id": owner});
        made.push(id_of(&world.create(boss, &COMPANY, body).await.unwrap()));
    }
    [made[0], made[1]]
}

#[tokio::test]
async fn merging_needs_changing_both_and_deleting_the_one_that_goes() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let evil = world.organization("Evil").await;
    let sales = world.role(&organization, "sales").await;
    let (me, other) = (Some(sales.principal.user_id), Some(boss.principal.user_id));
    for (owners, may) in [
        ([me, me], true),
        ([me, other], false),
        ([other, me], false),
        // Reading what nobody owns is not changing it.
        ([me, None], false),
        ([None, me], false),
        ([None, None], false),
    ] {
        let [winner, loser] = two(&world, &boss, owners).await;
        let outcome = merge(&world, &sales, &COMPANY, winner, &wanted(loser, &[])).await;
        assert_eq!(outcome.is_ok(), may, "{owners:?}: {outcome:?}");
        let by_sql = merge_by_sql(&world, &sales.principal, "company", winner, loser).await;
        // What was merged is gone; what was refused stays refused past the engine.
        assert!(by_sql.is_err(), "{owners:?}: {by_sql:?}");
        if may {
            undo(&world, &sales, &COMPANY, winner).await.unwrap();
        }
    }
    let [winner, loser] = two(&world, &boss, [me, me]).await;
    for role in [
        "support",
        "finance",
        "viewer",
        "client_admin",
        "client_member",
        "client_viewer",
    ] {
        let attacker = world.role(&organization, role).await;
        let outcome = merge(&world, &attacker, &COMPANY, winner, &wanted(loser, &[])).await;
        assert!(outcome.is_err(), "{role}");
        let by_sql = merge_by_sql(&world, &attacker.principal, "company", winner, loser).await;
        assert!(by_sql.is_err(), "{role}: {by_sql:?}");
    }
    for role in ["owner", "manager", "sales"] {
        let attacker = world.role(&evil, role).await;
        let forged = Principal::user(organization.id, attacker.principal.user_id);
        let outcome = merge(&world, &attacker, &COMPANY, winner, &wanted(loser, &[])).await;
        assert!(matches!(outcome, Err(EngineError::NotFound)), "{outcome:?}");
        for principal in [attacker.principal, forged] {
            let by_sql = merge_by_sql(&world, &principal, "company", winner, loser).await;
            assert!(by_sql.is_err(), "{role}: {by_sql:?}");
        }
    }
    // A client-side admin changes their company and deletes none.
    let client = world.role(&organization, "client_admin").await;
    for id in [winner, loser] {
        let body = json!({"company_id": id, "user_id": client.principal.user_id, "role": "admin"});
        world.create(&boss, &COMPANY_MEMBER, body).await.unwrap();
    }
    let by_sql = merge_by_sql(&world, &client.principal, "company", winner, loser).await;
    assert!(by_sql.is_err(), "{by_sql:?}");
    let record = world.get(&boss, &COMPANY, loser).await.unwrap();
    assert_eq!(record["version"], json!(1));
}

async fn merge_by_sql(
    world: &World,
    principal: &Principal,
    entity: &str,
    winner: Uuid,
    loser: Uuid,
) -> Result<u64, StoreError> {
    let tx = Tx::begin(&world.engine.database, principal, &Origin::new("api")).await?;
    let statement = Statement::new(
        "INSERT INTO merges (organization_id, entity, winner_id, loser_id) VALUES (current_organization_id(), $1, $2, $3)",
    )
    .with(entity.to_owned(), Type::TEXT)
    .with(winner, Type::UUID)
    .with(loser, Type::UUID);
    let done = tx.execute(&statement).await?;
    tx.commit().await?;
    Ok(done)
}

#[tokio::test]
async fn the_parts_of_a_merge_are_nobodys_to_call() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let evil = world.organization("Evil").await;
    let attacker = world.role(&evil, "owner").await;
    let [winner, loser] = two(&world, &boss, [None, None]).await;
    merge(&world, &boss, &COMPANY, winner, &wanted(loser, &[]))
        .await
        .unwrap();
    let [own, other] = two(&world, &attacker, [None, None]).await;
    for sql in [
        "SELECT move_references(m, 'company', m.loser_id, m.winner_id, 0) FROM merges m".to_owned(),
        format!(
            "SELECT move_references(ROW('{}', gen_random_uuid(), 'company', '{own}', '{loser}', NULL, now(), NULL, NULL, NULL)::merges, 'company', '{winner}', '{own}', 0)",
            organization.id
        ),
        format!(
            "INSERT INTO record_aliases (organization_id, id, entity, target_id) VALUES ('{}', '{own}', 'company', '{other}')",
            evil.id
        ),
        "SELECT * FROM merge_moves".to_owned(),
        format!("UPDATE merges SET winner_id = '{own}', undone_at = now()"),
        format!(
            "INSERT INTO merges (organization_id, entity, winner_id, loser_id) VALUES ('{}', 'company', '{winner}', '{loser}')",
            organization.id
        ),
        format!(
            "INSERT INTO merges (organization_id, entity, winner_id, loser_id, created_by) VALUES ('{}', 'company', '{own}', '{other}', '{}')",
            evil.id, boss.principal.user_id
        ),
        format!(
            "INSERT INTO merges (organization_id, entity, winner_id, loser_id) VALUES ('{}', 'product', '{own}', '{other}')",
            evil.id
        ),
        format!(
            "INSERT INTO merges (organization_id, entity, winner_id, loser_id) VALUES ('{}', 'contact', '{own}', '{other}')",
            evil.id
        ),
        format!(
            "INSERT INTO merges (organization_id, entity, winner_id, loser_id) VALUES ('{}', 'company', '{own}', '{winner}')",
            evil.id
        ),
    ] {
        let tx = world.begin(&attacker).await;
        let outcome = tx.query(&Statement::new(sql.clone())).await;
        assert!(outcome.is_err(), "{sql}");
    }
    // Other organizations' merges and aliases are not there.
    for sql in [
        "SELECT count(*) FROM merges".to_owned(),
        format!("SELECT count(*) FROM aliases_of('company', ARRAY['{loser}']::uuid[])"),
        format!(
            "WITH u AS (UPDATE merges SET undone_at = now(), undone_by = current_user_id() WHERE winner_id = '{winner}' RETURNING 1) SELECT count(*) FROM u"
        ),
    ] {
        let tx = world.begin(&attacker).await;
        let rows = tx.query(&Statement::new(sql.clone())).await.unwrap();
        assert_eq!(rows[0].get::<_, i64>(0), 0, "{sql}");
    }
}

#[tokio::test]
async fn rows_that_the_caller_cannot_see_move_and_stay_unseen() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let sales = world.role(&organization, "sales").await;
    let me = Some(sales.principal.user_id);
    let [winner, loser] = two(&world, &boss, [me, me]).await;
    let hidden = contact(
        &world,
        &boss,
        json!({"first_name": "Hidden", "company_id": loser, "owner_id": boss.principal.user_id}),
    )
    .await;
    assert!(world.get(&sales, &CONTACT, hidden).await.is_err());
    let merged = merge(&world, &sales, &COMPANY, winner, &wanted(loser, &[]))
        .await
        .unwrap();
    assert!(!merged.to_string().contains("Hidden"));
    let moved = world.get(&boss, &CONTACT, hidden).await.unwrap();
    assert_eq!(moved["company_id"], json!(winner));
    assert!(world.get(&sales, &CONTACT, hidden).await.is_err());
    let told = kith_engine::merges(&world.engine, &sales, &COMPANY, winner)
        .await
        .unwrap();
    assert!(!told.to_string().contains(&hidden.to_string()), "{told}");
    // Whoever lost the right to one of the two cannot undo it either.
    world
        .update(
            &boss,
            &COMPANY,
            winner,
            json!({"owner_id": boss.principal.user_id}),
            None,
        )
        .await
        .unwrap();
    let refused = undo(&world, &sales, &COMPANY, winner).await;
    assert!(refused.is_err(), "{refused:?}");
    undo(&world, &boss, &COMPANY, winner).await.unwrap();
    let back = world.get(&boss, &CONTACT, hidden).await.unwrap();
    assert_eq!(back["company_id"], json!(loser));
}

#[tokio::test]
async fn taking_the_others_owner_is_giving_the_record_away() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let member = world.role(&organization, "member").await;
    let client = json!({"name": "Client"});
    let shared = id_of(&world.create(&boss, &COMPANY, client).await.unwrap());
    let body = json!({"company_id": shared, "user_id": member.principal.user_id});
    world.create(&boss, &COMPANY_MEMBER, body).await.unwrap();
    // Both within the member's scope: theirs, and one of their company owned by somebody else.
    let mine = contact(
        &world,
        &boss,
        json!({"first_name": "A", "owner_id": member.principal.user_id, "company_id": shared}),
    )
    .await;
    let theirs = contact(
        &world,
        &boss,
        json!({"first_name": "A", "owner_id": boss.principal.user_id, "company_id": shared}),
    )
    .await;
    let refused = merge(
        &world,
        &member,
        &CONTACT,
        mine,
        &wanted(theirs, &[("owner_id", Side::Theirs)]),
    )
    .await;
    assert!(refused.is_err(), "{refused:?}");
    let merged = merge(&world, &member, &CONTACT, mine, &wanted(theirs, &[]))
        .await
        .unwrap();
    assert_eq!(merged["owner_id"], json!(member.principal.user_id));
}

// --- At the same time ----------------------------------------------------------------------------------------------

#[tokio::test]
async fn of_merges_at_the_same_time_one_wins() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for _ in 0..5 {
        let first = company(&world, &owner, "One").await;
        let second = company(&world, &owner, "Two").await;
        let third = company(&world, &owner, "Three").await;
        contact(
            &world,
            &owner,
            json!({"first_name": "Ada", "company_id": first}),
        )
        .await;
        let there = wanted(second, &[]);
        let back = wanted(first, &[]);
        let (a, b, c) = tokio::join!(
            merge(&world, &owner, &COMPANY, first, &there),
            merge(&world, &owner, &COMPANY, second, &back),
            merge(&world, &owner, &COMPANY, third, &back),
        );
        let outcomes = [&a, &b, &c];
        for outcome in outcomes {
            assert!(
                matches!(
                    outcome,
                    Ok(_) | Err(EngineError::Conflict { .. } | EngineError::NotFound)
                ) || matches!(outcome, Err(EngineError::Store(error)) if error.is_retryable()),
                "{outcome:?}"
            );
        }
        // Whatever the order, the one contact has exactly one living company.
        let living = count(
            &world,
            format!("SELECT count(*) FROM contacts c JOIN companies k ON k.organization_id = c.organization_id AND k.id = c.company_id AND k.deleted_at IS NULL WHERE k.id IN ('{first}', '{second}', '{third}')"),
        )
        .await;
        assert_eq!(living, 1, "{a:?} {b:?} {c:?}");
        let merged_twice = count(
            &world,
            "SELECT count(*) FROM (SELECT loser_id FROM merges WHERE undone_at IS NULL GROUP BY loser_id HAVING count(*) > 1) d".to_owned(),
        )
        .await;
        assert_eq!(merged_twice, 0);
    }
}

#[tokio::test]
async fn of_two_who_undo_at_the_same_time_one_does() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for _ in 0..5 {
        let [winner, loser] = two(&world, &owner, [None, None]).await;
        contact(
            &world,
            &owner,
            json!({"first_name": "Ada", "company_id": loser}),
        )
        .await;
        merge(&world, &owner, &COMPANY, winner, &wanted(loser, &[]))
            .await
            .unwrap();
        let (a, b) = tokio::join!(
            undo(&world, &owner, &COMPANY, winner),
            undo(&world, &owner, &COMPANY, winner)
        );
        assert_eq!(
            usize::from(a.is_ok()) + usize::from(b.is_ok()),
            1,
            "{a:?} {b:?}"
        );
        let failed = if a.is_ok() { b } else { a };
        assert!(
            matches!(&failed, Err(EngineError::Conflict { .. }))
                || matches!(&failed, Err(EngineError::Store(error)) if error.is_retryable()),
            "{failed:?}"
        );
        let back = count(
            &world,
            format!("SELECT count(*) FROM contacts WHERE company_id = '{loser}'"),
        )
        .await;
        assert_eq!(back, 1);
    }
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
