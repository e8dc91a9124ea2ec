//! Campaigns: their states, whom they reach, who is left out, and the figures.

use kith_engine::{Caller, EngineError};
use kith_entities::campaign::{self, AudienceRequest, CAMPAIGN, People};
use kith_entities::campaign_member::CAMPAIGN_MEMBER;
use kith_entities::contact::CONTACT;
use kith_entities::deal::DEAL;
use kith_entities::lead::LEAD;
use kith_entities::suppression::{self, SUPPRESSION};
use kith_store::types::Type;
use kith_store::{Origin, Statement, SystemTx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::world::{World, id_of};

async fn campaign(world: &World, caller: &Caller, more: Json) -> Uuid {
    let mut body = json!({"name": "Spring", "type": "email"});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    id_of(&world.create(caller, &CAMPAIGN, body).await.unwrap())
}

async fn contact(world: &World, caller: &Caller, email: &str) -> Uuid {
    let body = json!({"last_name": email, "email": email});
    id_of(&world.create(caller, &CONTACT, body).await.unwrap())
}

async fn add(
    world: &World,
    caller: &Caller,
    campaign_id: Uuid,
    contacts: &[Uuid],
) -> Result<campaign::MembersOutcome, EngineError> {
    let people = People {
        contact_ids: contacts.to_vec(),
        ..People::default()
    };
    let tx = world.begin(caller).await;
    let outcome = campaign::add_people(&world.engine, &tx, caller, campaign_id, people).await?;
    tx.commit().await?;
    Ok(outcome)
}

async fn from_audience(
    world: &World,
    caller: &Caller,
    id: Uuid,
    dry_run: bool,
) -> Result<campaign::AudienceOutcome, EngineError> {
    let tx = world.begin(caller).await;
    let outcome =
        campaign::add_from_audience(&world.engine, &tx, caller, id, &AudienceRequest { dry_run })
            .await?;
    tx.commit().await?;
    Ok(outcome)
}

async fn member_of(world: &World, caller: &Caller, campaign_id: Uuid, contact: Uuid) -> Json {
    let found = world
        .list(
            caller,
            &CAMPAIGN_MEMBER,
            &[
                ("campaign_id", &campaign_id.to_string()),
                ("contact_id", &contact.to_string()),
            ],
        )
        .await
        .unwrap();
    found["data"][0].clone()
}

#[tokio::test]
async fn a_campaign_goes_from_plan_to_end_and_not_back() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let allowed = |from: &str, to: &str| {
        from == to
            || matches!(
                (from, to),
                ("planning", "active" | "cancelled")
                    | ("active", "paused" | "completed" | "cancelled")
                    | ("paused", "active" | "completed" | "cancelled")
            )
    };
    let states = ["planning", "active", "paused", "completed", "cancelled"];
    for from in states {
        for to in states {
            let id = campaign(&world, &owner, json!({"status": from})).await;
            let changed = world
                .update(&owner, &CAMPAIGN, id, json!({"status": to}), None)
                .await;
            assert_eq!(
                changed.is_ok(),
                allowed(from, to),
                "{from} to {to}: {changed:?}"
            );
        }
    }
    let body = json!({"name": "x", "start_date": "2026-05-02", "end_date": "2026-05-01"});
    let error = world.create(&owner, &CAMPAIGN, body).await.unwrap_err();
    assert!(format!("{error:?}").contains("end_date"), "{error:?}");
}

#[tokio::test]
async fn an_audience_is_a_filter_of_contacts_or_leads() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for (audience, good) in [
        (json!({"entity": "contact"}), true),
        (
            json!({"entity": "lead", "filter": {"field": "source", "op": "eq", "value": "referral"}}),
            true,
        ),
        (
            json!({"entity": "contact", "filter": {"field": "no_such", "op": "eq", "value": 1}}),
            false,
        ),
        (
            json!({"entity": "contact", "filter": {"field": "score", "op": "gt", "value": "many"}}),
            false,
        ),
        (json!({"entity": "deal"}), false),
        (json!({"filter": {}}), false),
        (json!({"entity": "contact", "sql": "1=1"}), false),
    ] {
        let made = world
            .create(
                &owner,
                &CAMPAIGN,
                json!({"name": "A", "target_audience": audience}),
            )
            .await;
        assert_eq!(made.is_ok(), good, "{audience}: {made:?}");
        if let Err(error) = made {
            assert!(
                format!("{error:?}").contains("target_audience"),
                "{error:?}"
            );
        }
    }
    let none = campaign(&world, &owner, json!({})).await;
    assert!(matches!(
        from_audience(&world, &owner, none, false).await,
        Err(EngineError::Invalid(_))
    ));
}

#[tokio::test]
async fn the_audience_becomes_members_but_for_whoever_does_not_want_it() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let id = campaign(
        &world,
        &owner,
        json!({"target_audience": {"entity": "contact", "filter": {"field": "tags", "op": "has", "value": "news"}}}),
    )
    .await;
    let tagged = async |name: &str, more: Json| {
        let mut body = json!({"last_name": name, "tags": ["news"]});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        id_of(&world.create(&owner, &CONTACT, body).await.unwrap())
    };
    for number in 0..5 {
        tagged(
            "Reader",
            json!({"email": format!("reader{number}@example.com")}),
        )
        .await;
    }
    tagged("Gone", json!({"email": "gone@example.com"})).await;
    tagged(
        "Private",
        json!({"email": "private@example.com", "preferences": {"do_not_contact": true}}),
    )
    .await;
    tagged(
        "No mail",
        json!({"email": "nomail@example.com", "preferences": {"do_not_email": true}}),
    )
    .await;
    tagged("Nowhere", json!({})).await;
    contact(&world, &owner, "untagged@example.com").await;
    world
        .create(
            &owner,
            &SUPPRESSION,
            json!({"address": "Gone@Example.com", "reason": "unsubscribed"}),
        )
        .await
        .unwrap();
    let dry = from_audience(&world, &owner, id, true).await.unwrap();
    assert_eq!(
        (
            dry.matched,
            dry.suppressed,
            dry.do_not_contact,
            dry.without_address,
            dry.added
        ),
        (9, 1, 2, 1, 5)
    );
    let before = world
        .list(&owner, &CAMPAIGN_MEMBER, &[("total", "true")])
        .await
        .unwrap();
    assert_eq!(before["page"]["total"], 0, "a dry run adds nobody");
    let first = from_audience(&world, &owner, id, false).await.unwrap();
    assert_eq!(first.added, 5);
    let again = from_audience(&world, &owner, id, false).await.unwrap();
    assert_eq!((again.already, again.added), (5, 0));
    // Each of whom matched is in exactly one of the counts.
    assert_eq!(
        again.matched,
        again.already
            + again.suppressed
            + again.do_not_contact
            + again.without_address
            + again.added
    );
    world
        .update(&owner, &CAMPAIGN, id, json!({"status": "cancelled"}), None)
        .await
        .unwrap();
    assert!(matches!(
        from_audience(&world, &owner, id, false).await,
        Err(EngineError::Conflict { .. })
    ));
}

#[tokio::test]
async fn an_audience_has_only_those_whom_the_caller_sees() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let member = world.role(&organization, "member").await;
    for number in 0..3 {
        contact(&world, &owner, &format!("theirs{number}@example.com")).await;
    }
    contact(&world, &member, "mine@example.com").await;
    let id = campaign(
        &world,
        &member,
        json!({"target_audience": {"entity": "contact"}}),
    )
    .await;
    let outcome = from_audience(&world, &member, id, false).await.unwrap();
    assert_eq!((outcome.matched, outcome.added), (1, 1));
    // Nor can they be named.
    let theirs = contact(&world, &owner, "theirs9@example.com").await;
    assert!(matches!(
        add(&world, &member, id, &[theirs]).await,
        Err(EngineError::Invalid(_))
    ));
    // A campaign of somebody else's is not theirs to fill.
    let other = campaign(&world, &owner, json!({})).await;
    assert!(matches!(
        add(&world, &member, other, &[theirs]).await,
        Err(EngineError::NotFound)
    ));
    let viewer = world.role(&organization, "viewer").await;
    assert!(matches!(
        add(&world, &viewer, other, &[theirs]).await,
        Err(EngineError::Forbidden { .. })
    ));
    let evil = world.organization("Evil").await;
    let attacker = world.role(&evil, "owner").await;
    assert!(matches!(
        add(&world, &attacker, other, &[theirs]).await,
        Err(EngineError::NotFound)
    ));
    let own = campaign(&world, &attacker, json!({})).await;
    assert!(matches!(
        add(&world, &attacker, own, &[theirs]).await,
        Err(EngineError::Invalid(_))
    ));
    assert!(matches!(
        campaign::metrics(&world.engine, &attacker, other).await,
        Err(EngineError::NotFound)
    ));
}

#[tokio::test]
async fn members_move_forward_only_and_every_step_has_its_time() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let id = campaign(&world, &owner, json!({})).await;
    let states = [
        "pending",
        "sent",
        "delivered",
        "opened",
        "clicked",
        "bounced",
        "unsubscribed",
    ];
    let allowed = |from: usize, to: usize| {
        to >= from && !(states[to] == "bounced" && (3..=4).contains(&from))
    };
    let mut number = 0;
    for from in 0..states.len() {
        for to in 0..states.len() {
            number += 1;
            let person = contact(&world, &owner, &format!("p{number}@example.com")).await;
            let made = world
                .create(
                    &owner,
                    &CAMPAIGN_MEMBER,
                    json!({"campaign_id": id, "contact_id": person, "status": states[from]}),
                )
                .await
                .unwrap();
            let changed = world
                .update(
                    &owner,
                    &CAMPAIGN_MEMBER,
                    id_of(&made),
                    json!({"status": states[to]}),
                    None,
                )
                .await;
            assert_eq!(
                changed.is_ok(),
                allowed(from, to),
                "{} to {}: {changed:?}",
                states[from],
                states[to]
            );
            if let Ok(changed) = changed {
                for (index, field) in [
                    (1, "sent_at"),
                    (2, "delivered_at"),
                    (3, "opened_at"),
                    (4, "clicked_at"),
                ] {
                    let reached = if to < 5 {
                        to >= index
                    } else {
                        from < 5 && from >= index
                            || to == 5 && index == 1
                            || from == 5 && index == 1
                    };
                    assert_eq!(
                        !changed[field].is_null(),
                        reached,
                        "{} to {}: {field}",
                        states[from],
                        states[to]
                    );
                    if !made[field].is_null() {
                        assert_eq!(changed[field], made[field], "what happened stays: {field}");
                    }
                }
            }
        }
    }
    // Past the program, too.
    let person = contact(&world, &owner, "sql@example.com").await;
    add(&world, &owner, id, &[person]).await.unwrap();
    let tx = world.begin(&owner).await;
    let skip =
        Statement::new("UPDATE campaign_members SET status = 'clicked' WHERE contact_id = $1")
            .with(person, Type::UUID);
    assert_eq!(tx.execute(&skip).await.unwrap(), 1);
    let back = Statement::new("UPDATE campaign_members SET status = 'sent' WHERE contact_id = $1")
        .with(person, Type::UUID);
    assert!(tx.execute(&back).await.is_err());
    // One person, and the same one.
    let lead = id_of(
        &world
            .create(&owner, &LEAD, json!({"last_name": "L"}))
            .await
            .unwrap(),
    );
    for body in [
        json!({"campaign_id": id}),
        json!({"campaign_id": id, "contact_id": person, "lead_id": lead}),
    ] {
        assert!(matches!(
            world.create(&owner, &CAMPAIGN_MEMBER, body).await,
            Err(EngineError::InvalidRows(_))
        ));
    }
}

#[tokio::test]
async fn who_leaves_is_left_alone_everywhere() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let (sent, planned) = (
        campaign(&world, &owner, json!({})).await,
        campaign(&world, &owner, json!({})).await,
    );
    let person = contact(&world, &owner, "ada@example.com").await;
    for id in [sent, planned] {
        add(&world, &owner, id, &[person]).await.unwrap();
    }
    let member = id_of(&member_of(&world, &owner, sent, person).await);
    world
        .update(
            &owner,
            &CAMPAIGN_MEMBER,
            member,
            json!({"status": "opened"}),
            None,
        )
        .await
        .unwrap();
    let tx = SystemTx::begin(
        &world.engine.database,
        Some(organization.id),
        &Origin::new("unsubscribe"),
    )
    .await
    .unwrap();
    for _ in 0..2 {
        suppression::unsubscribe(&tx, "ada@example.com", "email", Some(sent))
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    for id in [sent, planned] {
        assert_eq!(
            member_of(&world, &owner, id, person).await["status"],
            "unsubscribed"
        );
    }
    let listed = world.list(&owner, &SUPPRESSION, &[]).await.unwrap();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(listed["data"][0]["campaign_id"], json!(sent));
    let other = campaign(
        &world,
        &owner,
        json!({"target_audience": {"entity": "contact"}}),
    )
    .await;
    assert!(matches!(
        add(&world, &owner, other, &[person]).await,
        Err(EngineError::Conflict { .. })
    ));
    let made = world
        .create(
            &owner,
            &CAMPAIGN_MEMBER,
            json!({"campaign_id": other, "contact_id": person}),
        )
        .await;
    assert!(
        matches!(made, Err(EngineError::Conflict { .. })),
        "{made:?}"
    );
    let tx = world.begin(&owner).await;
    let insert = Statement::new(
        "INSERT INTO campaign_members (organization_id, campaign_id, contact_id) VALUES (current_organization_id(), $1, $2)",
    )
    .with(other, Type::UUID)
    .with(person, Type::UUID);
    assert!(tx.execute(&insert).await.is_err(), "the database holds it");
    drop(tx);
    // Between being added and being sent to, people change their minds.
    let private = contact(&world, &owner, "bob@example.com").await;
    add(&world, &owner, other, &[private]).await.unwrap();
    let member = id_of(&member_of(&world, &owner, other, private).await);
    world
        .update(
            &owner,
            &CONTACT,
            private,
            json!({"preferences": {"do_not_contact": true}}),
            None,
        )
        .await
        .unwrap();
    assert_eq!(
        world.get(&owner, &CONTACT, private).await.unwrap()["do_not_contact"],
        true
    );
    let sending = world
        .update(
            &owner,
            &CAMPAIGN_MEMBER,
            member,
            json!({"status": "sent"}),
            None,
        )
        .await;
    assert!(
        matches!(sending, Err(EngineError::Conflict { .. })),
        "{sending:?}"
    );
    // A bounce says so of the contact.
    let nobody = contact(&world, &owner, "nobody@example.com").await;
    world
        .create(
            &owner,
            &SUPPRESSION,
            json!({"address": "nobody@example.com", "reason": "bounced"}),
        )
        .await
        .unwrap();
    assert_eq!(
        world.get(&owner, &CONTACT, nobody).await.unwrap()["status"],
        "bounced"
    );
    // Other organizations' suppressions are their own.
    let evil = world.organization("Evil").await;
    let stranger = world.role(&evil, "owner").await;
    let theirs = contact(&world, &stranger, "ada@example.com").await;
    let campaign = campaign(&world, &stranger, json!({})).await;
    assert_eq!(
        add(&world, &stranger, campaign, &[theirs])
            .await
            .unwrap()
            .added,
        1
    );
    let words = world
        .create(
            &owner,
            &CONTACT,
            json!({"last_name": "X", "preferences": {"do_not_contact": "yes"}}),
        )
        .await;
    assert!(matches!(words, Err(EngineError::InvalidRows(_))));
}

#[tokio::test]
async fn only_managers_take_a_suppression_back() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let sales = world.role(&organization, "sales").await;
    let made = world
        .create(
            &sales,
            &SUPPRESSION,
            json!({"address": "+1 415 555 0100", "channel": "sms"}),
        )
        .await
        .unwrap();
    assert_eq!(made["address"], "+14155550100");
    let taken = world.delete(&sales, &SUPPRESSION, id_of(&made)).await;
    assert!(
        matches!(taken, Err(EngineError::Forbidden { .. })),
        "{taken:?}"
    );
    let twice = world
        .create(
            &sales,
            &SUPPRESSION,
            json!({"address": "+14155550100", "channel": "sms"}),
        )
        .await;
    assert!(
        matches!(twice, Err(EngineError::Conflict { .. })),
        "{twice:?}"
    );
    for bad in [
        json!({"address": "nobody"}),
        json!({"address": "a@b.example", "channel": "sms"}),
    ] {
        assert!(world.create(&sales, &SUPPRESSION, bad).await.is_err());
    }
    let manager = world.role(&organization, "manager").await;
    world
        .delete(&manager, &SUPPRESSION, id_of(&made))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_figures_are_exact() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let id = campaign(
        &world,
        &owner,
        json!({"actual_cost": "300.10", "budget": "500", "currency": "EUR", "status": "active"}),
    )
    .await;
    let plan = [
        ("pending", 3),
        ("sent", 2),
        ("delivered", 4),
        ("opened", 3),
        ("clicked", 2),
        ("bounced", 1),
        ("unsubscribed", 1),
    ];
    let mut number = 0;
    for (status, count) in plan {
        for _ in 0..count {
            number += 1;
            let person = contact(&world, &owner, &format!("m{number}@example.com")).await;
            world
                .create(&owner, &CAMPAIGN_MEMBER, json!({"campaign_id": id, "contact_id": person, "status": if status == "unsubscribed" { "delivered" } else { status }}))
                .await
                .unwrap();
            if status == "unsubscribed" {
                let member = id_of(&member_of(&world, &owner, id, person).await);
                world
                    .update(
                        &owner,
                        &CAMPAIGN_MEMBER,
                        member,
                        json!({"status": status}),
                        None,
                    )
                    .await
                    .unwrap();
            }
        }
    }
    for (amount, currency) in [
        (Some("1000.01"), "EUR"),
        (Some("500.05"), "EUR"),
        (Some("70"), "USD"),
        (None, "EUR"),
    ] {
        let lead = id_of(
            &world
                .create(&owner, &LEAD, json!({"last_name": "L", "campaign_id": id}))
                .await
                .unwrap(),
        );
        let Some(amount) = amount else { continue };
        let deal = world
            .create(
                &owner,
                &DEAL,
                json!({"name": "D", "amount": amount, "currency": currency}),
            )
            .await
            .unwrap();
        world
            .test
            .admin()
            .await
            .script(&format!(
                "UPDATE deals d SET stage_id = s.id FROM stages s WHERE d.id = '{}' AND s.organization_id = d.organization_id AND s.key = 'won';
                 UPDATE leads l SET stage_id = s.id, converted_at = now(), converted_deal_id = '{}' FROM stages s
                 WHERE l.id = '{lead}' AND s.organization_id = l.organization_id AND s.key = 'converted'",
                id_of(&deal),
                id_of(&deal)
            ))
            .await
            .unwrap();
    }
    let told = campaign::metrics(&world.engine, &owner, id).await.unwrap();
    for (status, count) in plan {
        assert_eq!(told["members"][status], count, "{status}");
    }
    assert_eq!(told["members"]["total"], 16);
    // 2 sent, 4 delivered, 3 opened, 2 clicked, 1 bounced, 1 that left after it arrived.
    assert_eq!(
        told["reached"],
        json!({"sent": 13, "delivered": 12, "opened": 5, "clicked": 2, "bounced": 1, "unsubscribed": 1})
    );
    assert_eq!(told["open_rate"], "0.4167");
    assert_eq!(told["click_rate"], "0.1667");
    assert_eq!(told["bounce_rate"], "0.0769");
    assert_eq!(told["unsubscribe_rate"], "0.0769");
    assert_eq!(
        (&told["leads"], &told["conversions"], &told["won_deals"]),
        (&json!(4), &json!(3), &json!(3))
    );
    assert_eq!(told["conversion_rate"], "0.75");
    assert_eq!(told["won_value"], "1500.06");
    assert_eq!(told["won_deals_in_other_currencies"], 1);
    // (1500.06 - 300.10) / 300.10
    assert_eq!(told["roi"], "3.9985");
    let empty = campaign(&world, &owner, json!({})).await;
    let told = campaign::metrics(&world.engine, &owner, empty)
        .await
        .unwrap();
    for rate in [
        "open_rate",
        "click_rate",
        "bounce_rate",
        "unsubscribe_rate",
        "conversion_rate",
        "roi",
    ] {
        assert!(told[rate].is_null(), "{rate}: nothing to divide by");
    }
}
