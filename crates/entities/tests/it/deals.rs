//! Stages, what follows from them, and the board.

use kith_engine::Caller;
use kith_engine::{EngineError, ListQuery};
use kith_entities::company::COMPANY;
use kith_entities::deal::{DEAL, STAGED};
use kith_entities::stage::{STAGE, merge};
use kith_entities::staged::{StageMove, move_stage, pipeline};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::world::{World, id_of, ids, json_of};

async fn deal(world: &World, caller: &Caller, body: Json) -> Json {
    world.create(caller, &DEAL, body).await.unwrap()
}

async fn moved(
    world: &World,
    caller: &Caller,
    id: Uuid,
    wanted: StageMove,
) -> Result<Json, EngineError> {
    let tx = world.begin(caller).await;
    let record = move_stage(&world.engine, &tx, caller, &DEAL, id, &wanted).await?;
    tx.commit().await?;
    Ok(json_of(&record))
}

fn to(stage: &str) -> StageMove {
    StageMove {
        stage: Some(stage.to_owned()),
        ..StageMove::default()
    }
}

async fn stage_id(world: &World, caller: &Caller, name: &str) -> String {
    ids(&world.list(caller, &STAGE, &[]).await.unwrap())
        .into_iter()
        .zip(
            world.list(caller, &STAGE, &[]).await.unwrap()["data"]
                .as_array()
                .unwrap(),
        )
        .find(|(_, stage)| stage["name"] == json!(name))
        .unwrap()
        .0
}

#[tokio::test]
async fn what_follows_from_a_stage_follows() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let made = deal(
        &world,
        &owner,
        json!({"name": "Website", "amount": "45000"}),
    )
    .await;
    let id = id_of(&made);
    assert_eq!(
        (
            &made["status"],
            &made["probability"],
            &made["actual_close_date"]
        ),
        (&json!("open"), &json!(10), &Json::Null)
    );
    let proposal = moved(&world, &owner, id, to("Proposal")).await.unwrap();
    assert_eq!(proposal["probability"], json!(50));
    // Lost needs a reason, by every door.
    let error = moved(&world, &owner, id, to("lost")).await.unwrap_err();
    let EngineError::InvalidRows(rows) = error else {
        panic!("{error:?}")
    };
    assert_eq!(rows[0].1[0].field, "lost_reason");
    let by_patch = world
        .update(
            &owner,
            &DEAL,
            id,
            json!({"stage_id": stage_id(&world, &owner, "Lost").await}),
            None,
        )
        .await;
    assert!(matches!(by_patch, Err(EngineError::InvalidRows(_))));
    let lost = moved(
        &world,
        &owner,
        id,
        StageMove {
            lost_reason: Some("Price".to_owned()),
            ..to("lost")
        },
    )
    .await
    .unwrap();
    assert_eq!(
        (&lost["status"], &lost["probability"], &lost["lost_reason"]),
        (&json!("lost"), &json!(0), &json!("Price"))
    );
    assert!(lost["actual_close_date"].is_string());
    // Reopening clears what closing said.
    let reopened = moved(&world, &owner, id, to("negotiation")).await.unwrap();
    assert_eq!(
        (
            &reopened["status"],
            &reopened["actual_close_date"],
            &reopened["lost_reason"]
        ),
        (&json!("open"), &Json::Null, &Json::Null)
    );
    let won = moved(&world, &owner, id, to("won")).await.unwrap();
    assert_eq!(
        (&won["status"], &won["probability"]),
        (&json!("won"), &json!(100))
    );
    let stages = world
        .list(
            &owner,
            &kith_entities::deal::history::DEAL_STAGE,
            &[("deal_id", &id.to_string()), ("include", "stage")],
        )
        .await
        .unwrap();
    let names: Vec<&str> = stages["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["stage"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Lead", "Proposal", "Lost", "Negotiation", "Won"]);
    let open: Vec<bool> = stages["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["left_at"].is_null())
        .collect();
    assert_eq!(open, [false, false, false, false, true]);
    let timeline = world
        .list(
            &owner,
            &kith_entities::activity::ACTIVITY,
            &[
                ("entity_id", &id.to_string()),
                ("type", "stage_changed"),
                ("sort", "created_at"),
            ],
        )
        .await
        .unwrap();
    assert_eq!(
        timeline["data"][0]["description"],
        json!("Moved from Lead to Proposal")
    );
}

#[tokio::test]
async fn a_probability_given_with_the_stage_stands() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let made = deal(&world, &owner, json!({"name": "A", "probability": 33})).await;
    assert_eq!(made["probability"], json!(33));
    let stage = stage_id(&world, &owner, "Proposal").await;
    let changed = world
        .update(
            &owner,
            &DEAL,
            id_of(&made),
            json!({"stage_id": stage, "probability": 66}),
            None,
        )
        .await
        .unwrap();
    assert_eq!(changed["probability"], json!(66));
}

#[tokio::test]
async fn the_board_adds_up_by_stage_and_currency() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for (name, amount, currency) in [
        ("A", "100.10", "USD"),
        ("B", "200.05", "USD"),
        ("C", "7", "EUR"),
    ] {
        deal(
            &world,
            &owner,
            json!({"name": name, "amount": amount, "currency": currency}),
        )
        .await;
    }
    deal(&world, &owner, json!({"name": "No amount"})).await;
    let board = pipeline(&world.engine, &owner, &STAGED, None, &ListQuery::default())
        .await
        .unwrap();
    let lead = &board["stages"][0];
    assert_eq!((&lead["name"], &lead["count"]), (&json!("Lead"), &json!(4)));
    assert_eq!(
        lead["totals"],
        json!([
            {"currency": "EUR", "count": 1, "amount": "7.00", "weighted": "0.70"},
            {"currency": "USD", "count": 3, "amount": "300.15", "weighted": "30.02"},
        ])
    );
    assert_eq!(board["stages"].as_array().unwrap().len(), 6);
    assert_eq!(board["stages"][3]["totals"], json!([]));
}

#[tokio::test]
async fn cards_lie_where_they_were_dropped() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let mut cards = Vec::new();
    for name in ["A", "B", "C"] {
        cards.push(id_of(&deal(&world, &owner, json!({"name": name})).await));
    }
    let column = async || {
        let list = world
            .list(
                &owner,
                &DEAL,
                &[("sort", "board_position"), ("status", "open")],
            )
            .await
            .unwrap();
        list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|card| card["name"].as_str().unwrap().to_owned())
            .collect::<String>()
    };
    assert_eq!(column().await, "CBA", "the newest lies on top");
    moved(
        &world,
        &owner,
        cards[2],
        StageMove {
            after: Some(cards[0]),
            ..StageMove::default()
        },
    )
    .await
    .unwrap();
    assert_eq!(column().await, "BAC");
    moved(
        &world,
        &owner,
        cards[0],
        StageMove {
            before: Some(cards[1]),
            ..StageMove::default()
        },
    )
    .await
    .unwrap();
    assert_eq!(column().await, "ABC");
    let error = moved(
        &world,
        &owner,
        cards[0],
        StageMove {
            before: Some(Uuid::now_v7()),
            ..StageMove::default()
        },
    )
    .await
    .unwrap_err();
    assert!(matches!(error, EngineError::Invalid(faults) if faults[0].field == "before"));
}

#[tokio::test]
async fn a_stage_in_use_is_merged_not_removed() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let made = deal(&world, &owner, json!({"name": "A"})).await;
    let lead: Uuid = stage_id(&world, &owner, "Lead").await.parse().unwrap();
    let qualified: Uuid = stage_id(&world, &owner, "Qualified").await.parse().unwrap();
    let error = world.delete(&owner, &STAGE, lead).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::Conflict { message, .. } if message.contains("in use by deals")),
        "{error:?}"
    );
    let tx = world.begin(&owner).await;
    merge(&world.engine, &tx, &owner, lead, qualified)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        world.get(&owner, &DEAL, id_of(&made)).await.unwrap()["stage_id"],
        json!(qualified)
    );
    assert!(matches!(
        world.get(&owner, &STAGE, lead).await,
        Err(EngineError::NotFound)
    ));
}

#[tokio::test]
async fn one_primary_contact_a_company() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let company = world
        .create(&owner, &COMPANY, json!({"name": "Northwind"}))
        .await
        .unwrap();
    let contact = &kith_entities::contact::CONTACT;
    let first = world
        .create(
            &owner,
            contact,
            json!({"last_name": "A", "company_id": company["id"], "is_primary": true}),
        )
        .await
        .unwrap();
    let second = world
        .create(
            &owner,
            contact,
            json!({"last_name": "B", "company_id": company["id"], "is_primary": true}),
        )
        .await
        .unwrap();
    assert_eq!(
        world.get(&owner, contact, id_of(&first)).await.unwrap()["is_primary"],
        json!(false)
    );
    assert_eq!(second["is_primary"], json!(true));
}
