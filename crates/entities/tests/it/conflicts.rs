//! Two people edit one record.

use kith_engine::EngineError;
use kith_entities::company::COMPANY;
use serde_json::json;

use crate::world::{World, id_of};

#[tokio::test]
async fn edits_to_different_fields_merge() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let made = world
        .create(
            &owner,
            &COMPANY,
            json!({"name": "Northwind", "employee_count": 10}),
        )
        .await
        .unwrap();
    let id = id_of(&made);
    world
        .update(&owner, &COMPANY, id, json!({"employee_count": 20}), Some(1))
        .await
        .unwrap();
    let merged = world
        .update(
            &owner,
            &COMPANY,
            id,
            json!({"name": "Northwind Ltd"}),
            Some(1),
        )
        .await
        .unwrap();
    assert_eq!(
        (&merged["name"], &merged["employee_count"]),
        (&json!("Northwind Ltd"), &json!(20))
    );
}

#[tokio::test]
async fn edits_to_the_same_field_are_shown_with_mine_theirs_and_was() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let made = world
        .create(
            &owner,
            &COMPANY,
            json!({"name": "Northwind", "annual_revenue": "10.00", "employee_count": 1}),
        )
        .await
        .unwrap();
    let id = id_of(&made);
    world
        .update(
            &owner,
            &COMPANY,
            id,
            json!({"annual_revenue": "20.00"}),
            None,
        )
        .await
        .unwrap();
    world
        .update(
            &owner,
            &COMPANY,
            id,
            json!({"annual_revenue": "30.00"}),
            None,
        )
        .await
        .unwrap();
    let error = world
        .update(
            &owner,
            &COMPANY,
            id,
            json!({"annual_revenue": "40.00", "employee_count": 2}),
            Some(1),
        )
        .await
        .unwrap_err();
    let EngineError::Stale { conflicts, current } = error else {
        panic!("{error:?}")
    };
    assert_eq!(conflicts.len(), 1);
    let conflict = &conflicts[0];
    assert_eq!(conflict.field, "annual_revenue");
    assert_eq!(
        (&conflict.mine, &conflict.theirs, &conflict.was),
        (&json!("40.00"), &json!("30.00"), &json!("10.00"))
    );
    assert_eq!(current["annual_revenue"], json!("30.00"));
    assert_eq!(
        current["employee_count"],
        json!(1),
        "nothing of a refused edit is written"
    );
    // What both want alike is no conflict.
    world
        .update(
            &owner,
            &COMPANY,
            id,
            json!({"annual_revenue": "30"}),
            Some(1),
        )
        .await
        .unwrap();
}
