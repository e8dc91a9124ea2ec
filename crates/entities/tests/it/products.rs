//! At most so many products are active at once, whoever presses at the same time.

use futures_util::future::join_all;
use kith_engine::EngineError;
use kith_entities::product::PRODUCT;
use kith_store::Statement;
use serde_json::json;

use crate::world::{World, id_of};

#[tokio::test]
async fn the_limit_holds_and_names_the_field() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for name in ["A", "B", "C"] {
        world
            .create(&owner, &PRODUCT, json!({"name": name}))
            .await
            .unwrap();
    }
    let error = world
        .create(&owner, &PRODUCT, json!({"name": "D"}))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, EngineError::Conflict { field: Some(field), message } if field == "is_active" && message.contains('3')),
        "{error:?}"
    );
    let inactive = world
        .create(&owner, &PRODUCT, json!({"name": "D", "is_active": false}))
        .await
        .unwrap();
    let error = world
        .update(
            &owner,
            &PRODUCT,
            id_of(&inactive),
            json!({"is_active": true}),
            None,
        )
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::Conflict { .. }));
}

#[tokio::test]
async fn twenty_at_once_activate_three() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let outcomes = join_all(
        (0..20).map(|number| world.create(&owner, &PRODUCT, json!({"name": format!("P{number}")}))),
    )
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    for error in outcomes.into_iter().filter_map(Result::err) {
        assert!(
            matches!(&error, EngineError::Conflict { field: Some(field), .. } if field == "is_active"),
            "{error:?}"
        );
    }
    let admin = world.test.admin().await;
    let row = admin
        .query(&Statement::new(
            "SELECT count(*) FROM products WHERE is_active",
        ))
        .await
        .unwrap();
    assert_eq!(row[0].get::<_, i64>(0), 3);
}
