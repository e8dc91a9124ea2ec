//! Taking a merge back, after whatever has happened since.

use kith_engine::EngineError;
use kith_entities::company::COMPANY;
use kith_entities::company_member::COMPANY_MEMBER;
use kith_entities::contact::CONTACT;
use kith_entities::lead::LEAD;
use kith_entities::note::NOTE;
use kith_store::{Origin, Tx};
use serde_json::{Value as Json, json};

use crate::world::{World, id_of};

use super::{company, contact, merge, undo, wanted};

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
