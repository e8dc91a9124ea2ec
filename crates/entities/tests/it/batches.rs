//! Several records in one go: each is what it would be by itself, whatever the others say.

use kith_engine::{BulkOperation, bulk, create};
use kith_entities::company::COMPANY;
use kith_entities::deal::DEAL;
use kith_entities::deal_item::DEAL_ITEM;
use kith_entities::interaction::INTERACTION;
use serde_json::{Value as Json, json};

use crate::world::{World, id_of, json_of};

#[tokio::test]
async fn what_one_row_gives_takes_no_other_rows_default_away() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let caller = world.role(&organization, "owner").await;
    let company = id_of(
        &world
            .create(&caller, &COMPANY, json!({"name": "Acme"}))
            .await
            .unwrap(),
    );
    let call = |type_: &str, occurred_at: Option<&str>| {
        let mut body = json!({"type": type_, "channel": "phone", "note": "Talked", "subject_type": "company", "subject_id": company});
        if let Some(at) = occurred_at {
            body["occurred_at"] = json!(at);
        }
        body
    };
    let bodies = [
        call("First", None),
        call("Second", Some("2026-01-02T03:04:05Z")),
        call("Third", None),
    ];
    let tx = world.begin(&caller).await;
    let made = create(&world.engine, &tx, &caller, &INTERACTION, &bodies)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let made: Vec<Json> = made.iter().map(json_of).collect();
    let types: Vec<&str> = made
        .iter()
        .map(|one| one["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        ["First", "Second", "Third"],
        "in the order asked for"
    );
    assert_eq!(made[1]["occurred_at"], "2026-01-02T03:04:05Z");
    for one in [&made[0], &made[2]] {
        assert!(one["occurred_at"].is_string(), "{one}");
    }

    let operations: Vec<BulkOperation> = bodies
        .iter()
        .map(|body| BulkOperation::Create(body.clone()))
        .collect();
    let tx = world.begin(&caller).await;
    bulk(&world.engine, &tx, &caller, &INTERACTION, operations)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn the_parts_of_a_record_are_alike_in_this() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let caller = world.role(&organization, "owner").await;
    let deal = world
        .create(
            &caller,
            &DEAL,
            json!({"name": "Order", "currency": "USD", "items": [
                {"description": "One", "unit_price": "5", "quantity": null},
                {"description": "Two", "unit_price": "5", "quantity": "3"},
                {"description": "Three", "unit_price": "5"},
            ]}),
        )
        .await
        .unwrap();
    let id = id_of(&deal);
    let rows = world
        .test
        .admin()
        .await
        .query(&kith_store::Statement::new(format!(
            "SELECT description || ' ' || quantity::float::text FROM {} WHERE deal_id = '{id}' ORDER BY position, id",
            DEAL_ITEM.table
        )))
        .await
        .unwrap();
    let mut items: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    items.sort();
    assert_eq!(items, ["One 1", "Three 1", "Two 3"]);
}
