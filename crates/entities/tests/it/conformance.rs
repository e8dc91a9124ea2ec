//! What every entity can do, tried on every entity of the catalogue.

use kith_catalogue::{Entity, Kind};
use kith_engine::{Deleted, EngineError};
use kith_entities::CATALOGUE;
use serde_json::{Value as Json, json};

use crate::bodies::{full, value};
use crate::world::{World, id_of, ids};

fn written() -> impl Iterator<Item = &'static Entity> {
    CATALOGUE
        .entities()
        .iter()
        .copied()
        .filter(|entity| entity.verbs.create)
}

#[tokio::test]
async fn what_is_created_is_read_back_as_given() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for entity in written() {
        let body = full(&world, &owner, entity, 7).await;
        let made = world
            .create(&owner, entity, body.clone())
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}\n{body}", entity.name));
        let read = world.get(&owner, entity, id_of(&made)).await.unwrap();
        assert_eq!(made, read, "{}", entity.name);
        for (name, given) in body.as_object().unwrap() {
            assert_eq!(&read[name], given, "{}.{name}", entity.name);
        }
        if entity.versioned {
            assert_eq!(read["version"], json!(1), "{}", entity.name);
        }
    }
}

#[tokio::test]
async fn every_bad_field_is_reported_at_once_and_nothing_is_written() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for entity in written() {
        let before = ids(&world
            .list(&owner, entity, &[("limit", "200")])
            .await
            .unwrap())
        .len();
        let mut body = serde_json::Map::new();
        let mut expected = Vec::new();
        for field in entity
            .fields
            .iter()
            .filter(|field| field.writable_on_create())
        {
            let bad = match field.kind {
                Kind::Text => json!("x".repeat(60_000)),
                Kind::LongText => json!({"not": "text"}),
                Kind::Json => json!("not an object"),
                _ => json!("\u{1}definitely wrong"),
            };
            body.insert(field.name.to_owned(), bad);
            expected.push(field.name);
        }
        body.insert("no_such_field".to_owned(), json!(1));
        expected.push("no_such_field");
        let error = world
            .create(&owner, entity, Json::Object(body))
            .await
            .unwrap_err();
        let EngineError::InvalidRows(rows) = error else {
            panic!("{}: {error:?}", entity.name)
        };
        let named: Vec<&str> = rows[0].1.iter().map(|fault| fault.field.as_str()).collect();
        for name in expected {
            assert!(
                named.contains(&name),
                "{}.{name} is not among {named:?}",
                entity.name
            );
        }
        let after = ids(&world
            .list(&owner, entity, &[("limit", "200")])
            .await
            .unwrap())
        .len();
        assert_eq!(before, after, "{}", entity.name);
    }
}

#[tokio::test]
async fn each_field_changes_alone_and_leaves_its_history() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for entity in written().filter(|entity| entity.verbs.update) {
        let body = full(&world, &owner, entity, 11).await;
        let made = world
            .create(&owner, entity, body)
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}", entity.name));
        let id = id_of(&made);
        let mut version = 1;
        for field in entity
            .all_fields()
            .iter()
            .filter(|field| field.writable_on_update())
        {
            if matches!(
                field.kind,
                Kind::Reference | Kind::AnyReference | Kind::User | Kind::CustomFields
            ) || matches!(
                field.name,
                "default_value" | "choices" | "status" | "lead_status" | "subject_type"
            ) {
                continue;
            }
            let new = match field.name {
                "is_active" | "is_primary" => json!(false),
                "probability" => json!(42),
                "actual_close_date" | "lost_reason" => continue,
                "minimum" | "maximum" => json!(3),
                // Other than the base currency, which has no rate.
                "currency" if entity.name == "exchange_rate" => json!("GBP"),
                _ => value(field, 12),
            };
            let changed = world
                .update(&owner, entity, id, json!({field.name: new}), None)
                .await
                .unwrap_or_else(|error| panic!("{}.{}: {error:?}", entity.name, field.name));
            assert_eq!(changed[field.name], new, "{}.{}", entity.name, field.name);
            if changed["version"] != json!(version) {
                version += 1;
                assert_eq!(
                    changed["version"],
                    json!(version),
                    "{}.{}",
                    entity.name,
                    field.name
                );
                let history = kith_engine::history(&world.engine, &owner, entity, id, 1, None)
                    .await
                    .unwrap();
                let fields: Vec<&str> = history["data"][0]["changes"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|change| change["field"].as_str().unwrap())
                    .collect();
                assert!(
                    fields.contains(&field.name),
                    "{}.{} in {fields:?}",
                    entity.name,
                    field.name
                );
            }
        }
    }
}

#[tokio::test]
async fn lists_page_by_cursor_and_by_offset_alike_for_every_sort() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for entity in written() {
        for seed in 20..27 {
            let mut body = full(&world, &owner, entity, seed).await;
            if seed % 3 == 0 {
                // Records with empty fields belong at the end of every sort.
                let members = body.as_object_mut().unwrap();
                let optional: Vec<String> = members
                    .keys()
                    .filter(|name| {
                        entity.field(name).is_some_and(|field| {
                            !field.required
                                && !matches!(
                                    field.kind,
                                    Kind::Reference | Kind::AnyReference | Kind::User
                                )
                        })
                    })
                    .cloned()
                    .collect();
                for name in optional.into_iter().filter(|name| {
                    !matches!(
                        name.as_str(),
                        "last_name"
                            | "email"
                            | "choices"
                            | "description"
                            | "content"
                            | "body_text"
                            | "kind"
                            | "is_active"
                            | "subject_type"
                            | "billable_rate"
                            | "valid_from"
                    )
                }) {
                    members.remove(&name);
                }
            }
            if entity.name.ends_with("_member") {
                break;
            }
            world
                .create(&owner, entity, body.clone())
                .await
                .unwrap_or_else(|error| panic!("{}: {error:?} {body}", entity.name));
        }
        // The pages ask for the records that theirs refer to, the whole list does not.
        let names: Vec<&str> = entity
            .fields
            .iter()
            .filter_map(kith_catalogue::Field::include_name)
            .collect();
        let include = names.join(",");
        let sorts: Vec<String> = entity
            .all_fields()
            .iter()
            .filter(|field| field.sortable)
            .flat_map(|field| {
                [
                    field.name.to_owned(),
                    format!("-{}", field.name),
                    format!("-{},created_at", field.name),
                ]
            })
            .filter(|sort| !sort.starts_with("-created_at,"))
            .collect();
        for sort in sorts {
            let whole = world
                .list(&owner, entity, &[("sort", &sort), ("limit", "200")])
                .await
                .unwrap_or_else(|error| panic!("{} {sort}: {error:?}", entity.name));
            let mut by_cursor: Vec<Json> = Vec::new();
            let mut cursor = String::new();
            loop {
                let page = world
                    .list(
                        &owner,
                        entity,
                        &[
                            ("sort", &sort),
                            ("limit", "2"),
                            ("cursor", &cursor),
                            ("include", &include),
                        ],
                    )
                    .await
                    .unwrap();
                by_cursor.extend(page["data"].as_array().unwrap().iter().cloned());
                match page["page"]["next_cursor"].as_str() {
                    Some(next) => cursor = next.to_owned(),
                    None => break,
                }
            }
            for record in &mut by_cursor {
                for name in &names {
                    let included = record.as_object_mut().unwrap().remove(*name);
                    assert!(included.is_some(), "{} without {name}", entity.name);
                }
            }
            assert_eq!(
                json!(by_cursor),
                whole["data"],
                "{} sorted by {sort}, by cursor",
                entity.name
            );
            let second = ids(&world
                .list(
                    &owner,
                    entity,
                    &[
                        ("sort", &sort),
                        ("limit", "2"),
                        ("offset", "2"),
                        ("include", &include),
                    ],
                )
                .await
                .unwrap());
            assert_eq!(
                second,
                ids(&whole).into_iter().skip(2).take(2).collect::<Vec<_>>(),
                "{} sorted by {sort}, by offset",
                entity.name
            );
        }
        let counted = world
            .list(&owner, entity, &[("total", "true"), ("limit", "1")])
            .await
            .unwrap();
        let all = ids(&world
            .list(&owner, entity, &[("limit", "200")])
            .await
            .unwrap())
        .len();
        assert_eq!(counted["page"]["total"], json!(all), "{}", entity.name);
    }
}

#[tokio::test]
async fn every_filterable_field_finds_its_record() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for entity in written() {
        let body = full(&world, &owner, entity, 31).await;
        let made = world
            .create(&owner, entity, body)
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}", entity.name));
        let id = made["id"].as_str().unwrap().to_owned();
        for field in entity.all_fields().iter().filter(|field| field.filterable) {
            let stored = &made[field.name];
            let text = match stored {
                Json::Null => {
                    let found = world
                        .list(
                            &owner,
                            entity,
                            &[
                                (&format!("{}[is_null]", field.name), "true"),
                                ("limit", "200"),
                            ],
                        )
                        .await
                        .unwrap();
                    assert!(
                        ids(&found).contains(&id),
                        "{}.{} is null",
                        entity.name,
                        field.name
                    );
                    continue;
                }
                Json::Array(items) => items[0].as_str().unwrap().to_owned(),
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            let operator = if stored.is_array() { "has" } else { "eq" };
            let found = world
                .list(
                    &owner,
                    entity,
                    &[
                        (&format!("{}[{operator}]", field.name), &text),
                        ("limit", "200"),
                    ],
                )
                .await
                .unwrap_or_else(|error| panic!("{}.{}={text}: {error:?}", entity.name, field.name));
            assert!(
                ids(&found).contains(&id),
                "{}.{}={text}",
                entity.name,
                field.name
            );
            let other = world
                .list(
                    &owner,
                    entity,
                    &[
                        (&format!("{}[is_null]", field.name), "true"),
                        ("limit", "200"),
                    ],
                )
                .await
                .unwrap();
            assert!(
                !ids(&other).contains(&id),
                "{}.{} is not null",
                entity.name,
                field.name
            );
        }
        for field in entity
            .all_fields()
            .iter()
            .filter_map(|field| field.include_name())
        {
            let listed = world
                .list(&owner, entity, &[("include", field), ("limit", "200")])
                .await
                .unwrap_or_else(|error| panic!("{} include {field}: {error:?}", entity.name));
            assert!(
                listed["data"][0].get(field).is_some(),
                "{} include {field}",
                entity.name
            );
        }
    }
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_comes_back_where_that_is_promised() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for entity in written().filter(|entity| entity.verbs.delete) {
        let body = full(&world, &owner, entity, 41).await;
        let made = world
            .create(&owner, entity, body)
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}", entity.name));
        let id = id_of(&made);
        world
            .delete(&owner, entity, id)
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}", entity.name));
        assert!(
            matches!(
                world.get(&owner, entity, id).await,
                Err(EngineError::NotFound)
            ),
            "{}",
            entity.name
        );
        assert!(
            matches!(
                world.delete(&owner, entity, id).await,
                Err(EngineError::NotFound)
            ),
            "{} twice",
            entity.name
        );
        if entity.soft_delete {
            let kept = kith_engine::get(&world.engine, &owner, entity, id, &[], Deleted::Only)
                .await
                .unwrap();
            assert_eq!(kept.id, id);
            let tx = world.begin(&owner).await;
            kith_engine::restore(&world.engine, &tx, &owner, entity, &[id])
                .await
                .unwrap();
            tx.commit().await.unwrap();
            let back = world.get(&owner, entity, id).await.unwrap();
            assert_eq!(back[entity.title], made[entity.title], "{}", entity.name);
        }
        let history = kith_engine::history(&world.engine, &owner, entity, id, 50, None)
            .await
            .unwrap();
        let expected = if entity.soft_delete { 3 } else { 2 };
        assert_eq!(
            history["data"].as_array().unwrap().len(),
            expected,
            "{}: {history}",
            entity.name
        );
    }
}

#[tokio::test]
async fn each_write_leaves_one_audit_entry_one_activity_and_one_event() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let admin = world.test.admin().await;
    let count = async || {
        let row = admin
            .query(&kith_store::Statement::new("SELECT (SELECT count(*) FROM audit_log), (SELECT count(*) FROM activities), (SELECT count(*) FROM events)"))
            .await
            .unwrap();
        (
            row[0].get::<_, i64>(0),
            row[0].get::<_, i64>(1),
            row[0].get::<_, i64>(2),
        )
    };
    let before = count().await;
    let body = full(&world, &owner, &kith_entities::tag::TAG, 1).await;
    let made = world
        .create(&owner, &kith_entities::tag::TAG, body)
        .await
        .unwrap();
    world
        .update(
            &owner,
            &kith_entities::tag::TAG,
            id_of(&made),
            json!({"color": "red"}),
            None,
        )
        .await
        .unwrap();
    // Saying what is so already changes nothing and is no news.
    world
        .update(
            &owner,
            &kith_entities::tag::TAG,
            id_of(&made),
            json!({"color": "red"}),
            None,
        )
        .await
        .unwrap();
    let after = count().await;
    assert_eq!(
        (after.0 - before.0, after.1 - before.1, after.2 - before.2),
        (2, 2, 2)
    );
    // The feed stops before the oldest transaction still running anywhere in the cluster, so an event
    // may have to wait for another test's; it arrives all the same.
    let wanted = (Some("tag"), Some("updated"), Some("color"));
    let told = async {
        loop {
            let events =
                kith_engine::events(&world.engine, &owner, kith_engine::Position::BEGINNING, 500)
                    .await
                    .unwrap();
            let last = events.data.last();
            if last.is_some_and(|last| {
                (
                    last["entity"].as_str(),
                    last["action"].as_str(),
                    last["changed"][0].as_str(),
                ) == wanted
            }) {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), told)
        .await
        .expect("the event is told");
}
