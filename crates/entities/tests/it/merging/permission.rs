//! Who may merge, past the engine too, and of several at once.

use kith_engine::{EngineError, Side};
use kith_entities::company::COMPANY;
use kith_entities::company_member::COMPANY_MEMBER;
use kith_entities::contact::CONTACT;
use kith_store::types::Type;
use kith_store::{Origin, Principal, Statement, StoreError, Tx};
use serde_json::json;
use uuid::Uuid;

use crate::world::{World, id_of};

use super::{company, contact, count, merge, two, undo, wanted};

// --- Who may -------------------------------------------------------------------------------------------------------

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
