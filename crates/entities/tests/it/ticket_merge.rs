//! Two tickets that become one.

use kith_engine::{Caller, EngineError};
use kith_entities::company::COMPANY;
use kith_entities::ticket;
use kith_entities::ticket_comment::TICKET_COMMENT;
use kith_store::Statement;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::tickets::{message_of, say, set, ticket};
use crate::world::{World, id_of, ids};

async fn merge(
    world: &World,
    caller: &Caller,
    one: &Json,
    into: &Json,
) -> Result<Json, EngineError> {
    let tx = world.begin(caller).await;
    let merged = ticket::merge(&world.engine, &tx, caller, id_of(one), id_of(into)).await?;
    tx.commit().await?;
    Ok(merged)
}

#[tokio::test]
async fn two_tickets_become_one_once() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let agent = world.role(&organization, "support").await;
    let company = world
        .create(&boss, &COMPANY, json!({"name": "Northwind"}))
        .await
        .unwrap();
    let other = world
        .create(&boss, &COMPANY, json!({"name": "Contoso"}))
        .await
        .unwrap();
    let first = ticket(&world, &agent, json!({"company_id": company["id"]})).await;
    let second = ticket(
        &world,
        &agent,
        json!({"company_id": company["id"], "subject": "Again"}),
    )
    .await;
    let third = ticket(&world, &agent, json!({"company_id": company["id"]})).await;
    let foreign = ticket(&world, &agent, json!({"company_id": other["id"]})).await;
    let said = say(&world, &agent, &second, json!({"comment": "Said there"}))
        .await
        .unwrap();
    let merged = merge(&world, &agent, &second, &first).await.unwrap();
    assert_eq!(
        (
            &merged["ticket"]["status"],
            &merged["ticket"]["merged_into_id"]
        ),
        (&json!("closed"), &first["id"])
    );
    assert_eq!(merged["into"]["id"], first["id"]);
    let comments = world
        .list(
            &agent,
            &TICKET_COMMENT,
            &[("ticket_id", first["id"].as_str().unwrap())],
        )
        .await
        .unwrap();
    assert_eq!(ids(&comments)[0], said["id"].as_str().unwrap());
    let word = &comments["data"][1];
    assert_eq!(
        (&word["is_internal"], &word["author_kind"]),
        (&json!(true), &json!("system"))
    );
    assert!(
        word["comment"]
            .as_str()
            .unwrap()
            .starts_with("T-000002 was merged into this ticket: Again")
    );
    for (one, into, what) in [
        (&second, &first, "already"),
        (&second, &third, "already"),
        (&third, &second, "itself merged"),
        (&first, &second, "itself merged"),
        (&third, &third, "another ticket"),
        (&foreign, &first, "different companies"),
    ] {
        let refused = merge(&world, &agent, one, into).await.unwrap_err();
        assert!(message_of(&refused).contains(what), "{what}: {refused:?}");
    }
    // It stays closed, and what is said is said there.
    let refused = set(&world, &agent, &second, json!({"status": "open"}))
        .await
        .unwrap_err();
    assert!(message_of(&refused).contains("T-000001"));
    let refused = say(&world, &agent, &second, json!({})).await.unwrap_err();
    assert!(message_of(&refused).contains("T-000001"));
    // Past the engine the database says the same.
    for (one, into) in [
        (&third, &second),
        (&second, &third),
        (&third, &third),
        (&foreign, &first),
    ] {
        let sql = format!(
            "UPDATE tickets SET merged_into_id = '{}' WHERE id = '{}'",
            id_of(into),
            id_of(one)
        );
        let tx = world.begin(&agent).await;
        assert!(tx.execute(&Statement::new(sql)).await.is_err());
    }
    let missing = Uuid::now_v7();
    let tx = world.begin(&agent).await;
    let refused = ticket::merge(&world.engine, &tx, &agent, id_of(&third), missing)
        .await
        .unwrap_err();
    assert!(matches!(refused, EngineError::NotFound));
    drop(tx);
    let viewer = world.role(&organization, "viewer").await;
    assert!(matches!(
        merge(&world, &viewer, &third, &first).await,
        Err(EngineError::Forbidden { .. })
    ));
    // The timeline has it in words.
    let told = world
        .list(
            &agent,
            &kith_entities::activity::ACTIVITY,
            &[
                ("entity_id", second["id"].as_str().unwrap()),
                ("type", "merged"),
            ],
        )
        .await
        .unwrap();
    assert_eq!(
        told["data"][0]["description"],
        json!("Merged into T-000001")
    );
    // A chain is no circle: what was merged into goes on into a third.
    merge(&world, &agent, &first, &third).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_merges_into_one_another_one_wins() {
    let world = std::sync::Arc::new(World::new().await);
    let organization = world.organization("Acme").await;
    let agent = world.role(&organization, "support").await;
    for _ in 0..10 {
        let (one, two) = (
            ticket(&world, &agent, json!({})).await,
            ticket(&world, &agent, json!({})).await,
        );
        let both = [(one.clone(), two.clone()), (two, one)].map(|(from, into)| {
            let (world, agent) = (std::sync::Arc::clone(&world), agent.clone());
            tokio::spawn(async move { merge(&world, &agent, &from, &into).await.is_ok() })
        });
        let mut won = 0;
        for task in both {
            won += usize::from(task.await.unwrap());
        }
        assert_eq!(won, 1);
    }
}
