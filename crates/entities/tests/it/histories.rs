//! The history of what belongs to a record is read with that record, not by the permission for its kind alone.

use kith_engine::{Caller, EngineError, Position, history};
use kith_entities::company::COMPANY;
use kith_entities::company_member::COMPANY_MEMBER;
use kith_store::Statement;
use serde_json::json;
use uuid::Uuid;

use crate::world::{World, id_of};

/// In how many of the four places somebody reads what happened to a record: its history, the trail, the timeline, the
/// feed.
async fn places(world: &World, caller: &Caller, id: Uuid) -> Vec<&'static str> {
    let mut found = Vec::new();
    match history(&world.engine, caller, &COMPANY_MEMBER, id, 50, None).await {
        Ok(_) => found.push("history"),
        Err(EngineError::NotFound) => {}
        Err(other) => panic!("{other:?}"),
    }
    for (place, sql) in [
        (
            "trail",
            format!("SELECT 1 FROM audit_log WHERE record_id = '{id}'"),
        ),
        (
            "timeline",
            format!("SELECT 1 FROM activities WHERE entity_id = '{id}'"),
        ),
        (
            "events",
            format!("SELECT 1 FROM events WHERE record_id = '{id}'"),
        ),
    ] {
        let rows = world
            .engine
            .database
            .read(&caller.principal, &[Statement::new(sql)])
            .await
            .unwrap();
        if !rows[0].is_empty() {
            found.push(place);
        }
    }
    let feed = kith_engine::events(&world.engine, caller, Position::BEGINNING, 1000)
        .await
        .unwrap();
    if feed.data.iter().any(|event| event["id"] == json!(id)) {
        found.push("feed");
    }
    found
}

#[tokio::test]
async fn who_reads_members_of_companies_reads_their_histories_where_they_read_the_company() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let manager = world.role(&organization, "manager").await;
    let seller = world.role(&organization, "sales").await;
    let client = organization.people["client_member"];
    let mut members = Vec::new();
    for owner in [manager.principal.user_id, seller.principal.user_id] {
        let company = world
            .create(
                &manager,
                &COMPANY,
                json!({"name": format!("Of {owner}"), "owner_id": owner}),
            )
            .await
            .unwrap();
        let member = world
            .create(
                &manager,
                &COMPANY_MEMBER,
                json!({"company_id": id_of(&company), "user_id": client, "role": "member"}),
            )
            .await
            .unwrap();
        members.push(id_of(&member));
    }
    // The feed waits for every transaction that began earlier, those of other tests on the same server included.
    while !places(&world, &manager, members[1]).await.contains(&"feed") {
        tokio::task::yield_now().await;
    }
    let all = ["history", "trail", "timeline", "events", "feed"];
    for member in &members {
        assert_eq!(places(&world, &manager, *member).await, all);
    }
    // The seller may read members of companies, every one by that permission, and sees their own company alone.
    assert_eq!(places(&world, &seller, members[0]).await, [""; 0]);
    assert_eq!(places(&world, &seller, members[1]).await, all);
}
