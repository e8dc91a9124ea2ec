//! Leads: their stages, the archive, and what becomes of them.

use kith_engine::{Caller, EngineError};
use kith_entities::company::COMPANY;
use kith_entities::contact::CONTACT;
use kith_entities::deal::DEAL;
use kith_entities::lead::{ConversionRequest, LEAD, convert, suggestion, unconvert};
use kith_entities::note::NOTE;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::world::{World, id_of, ids};

async fn converted(
    world: &World,
    caller: &Caller,
    id: Uuid,
    wanted: Json,
) -> Result<Json, EngineError> {
    let wanted: ConversionRequest = serde_json::from_value(wanted).unwrap();
    let tx = world.begin(caller).await;
    let answer = convert(&world.engine, &tx, caller, id, &wanted).await?;
    tx.commit().await?;
    Ok(answer)
}

async fn undone(world: &World, caller: &Caller, id: Uuid) -> Result<Json, EngineError> {
    let tx = world.begin(caller).await;
    let answer = unconvert(&world.engine, &tx, caller, id).await?;
    tx.commit().await?;
    Ok(answer)
}

fn ada() -> Json {
    json!({
        "first_name": "Ada", "last_name": "Lovelace", "company_name": "Analytical Engines", "email": "ada@engines.example",
        "phone": "+14155550199", "estimated_value": "12000.50", "currency": "EUR", "source": "referral",
    })
}

#[tokio::test]
async fn the_status_follows_the_stage_and_names_it() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let made = world.create(&owner, &LEAD, ada()).await.unwrap();
    let id = id_of(&made);
    assert_eq!(made["status"], json!("new"));
    assert_eq!(made["full_name"], json!("Ada Lovelace"));
    for (status, expected) in [
        ("contacted", "contacted"),
        ("qualified", "qualified"),
        ("won", "qualified"),
    ] {
        let changed = world
            .update(&owner, &LEAD, id, json!({"status": status}), None)
            .await;
        if status == "won" {
            // Converted is reached by the conversion alone.
            assert!(
                matches!(&changed, Err(EngineError::InvalidRows(rows)) if rows[0].1[0].field == "stage_id"),
                "{changed:?}"
            );
        } else {
            assert_eq!(changed.unwrap()["status"], json!(expected));
        }
    }
    let lost = world
        .update(
            &owner,
            &LEAD,
            id,
            json!({"status": "lost", "lost_reason": "No budget"}),
            None,
        )
        .await
        .unwrap();
    assert_eq!(
        (&lost["status"], &lost["lost_reason"]),
        (&json!("lost"), &json!("No budget"))
    );
    let again = world
        .update(&owner, &LEAD, id, json!({"status": "new"}), None)
        .await
        .unwrap();
    assert_eq!(again["lost_reason"], Json::Null);
    // A stage of deals is no place for a lead, by every door.
    let deal = world
        .create(&owner, &DEAL, json!({"name": "Deal"}))
        .await
        .unwrap();
    assert!(
        world
            .update(
                &owner,
                &LEAD,
                id,
                json!({"pipeline_id": deal["pipeline_id"], "stage_id": deal["stage_id"]}),
                None
            )
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_lead_needs_something_to_be_known_by() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let error = world
        .create(&owner, &LEAD, json!({"phone": "+14155550199"}))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, EngineError::InvalidRows(rows) if rows[0].1[0].field == "last_name"),
        "{error:?}"
    );
    let made = world
        .create(&owner, &LEAD, json!({"email": "grace.hopper@navy.example"}))
        .await
        .unwrap();
    // Whoever sees addresses masked must not read them in the name.
    assert_eq!(made["full_name"], json!("grace.hopper"));
}

#[tokio::test]
async fn archived_leads_are_out_of_the_way_until_asked_for() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let kept = id_of(&world.create(&owner, &LEAD, ada()).await.unwrap()).to_string();
    let old = world
        .create(
            &owner,
            &LEAD,
            json!({"last_name": "Babbage", "is_archived": true}),
        )
        .await
        .unwrap();
    let old = id_of(&old).to_string();
    for (parameters, expected) in [
        (vec![], vec![&kept]),
        (vec![("archived", "no")], vec![&kept]),
        (vec![("archived", "only")], vec![&old]),
        (
            vec![("archived", "with"), ("sort", "created_at")],
            vec![&kept, &old],
        ),
        (vec![("is_archived", "true")], vec![&old]),
        (
            vec![
                (
                    "filter",
                    r#"{"or":[{"field":"is_archived","value":true},{"field":"status","value":"new"}]}"#,
                ),
                ("sort", "created_at"),
            ],
            vec![&kept, &old],
        ),
    ] {
        let list = world.list(&owner, &LEAD, &parameters).await.unwrap();
        assert_eq!(
            ids(&list).iter().collect::<Vec<_>>(),
            expected,
            "{parameters:?}"
        );
    }
    assert!(
        world
            .list(&owner, &DEAL, &[("archived", "with")])
            .await
            .is_err()
    );
    world
        .update(
            &owner,
            &LEAD,
            old.parse().unwrap(),
            json!({"is_archived": false}),
            None,
        )
        .await
        .unwrap();
    assert_eq!(ids(&world.list(&owner, &LEAD, &[]).await.unwrap()).len(), 2);
}

#[tokio::test]
async fn a_conversion_makes_what_is_missing_and_links_it_both_ways() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let id = id_of(&world.create(&owner, &LEAD, ada()).await.unwrap());
    let before = suggestion(&world.engine, &owner, id).await.unwrap();
    assert_eq!(
        (
            &before["converted"],
            &before["company"]["suggested"],
            &before["deal"]["name"]
        ),
        (&json!(false), &Json::Null, &json!("Analytical Engines"))
    );
    let answer = converted(&world, &owner, id, json!({})).await.unwrap();
    let (lead, company, contact, deal) = (
        &answer["lead"],
        &answer["company"],
        &answer["contact"],
        &answer["deal"],
    );
    assert_eq!(lead["status"], json!("converted"));
    assert_eq!(company["name"], json!("Analytical Engines"));
    assert_eq!(company["website"], json!("https://engines.example"));
    assert_eq!(contact["email"], json!("ada@engines.example"));
    assert_eq!(contact["company_id"], company["id"]);
    assert_eq!(deal["primary_contact_id"], contact["id"]);
    assert_eq!(
        (&deal["amount"], &deal["currency"], &deal["source"]),
        (&json!("12000.50"), &json!("EUR"), &json!("referral"))
    );
    for (entity, record, link) in [
        (&COMPANY, company, "converted_company_id"),
        (&CONTACT, contact, "converted_contact_id"),
        (&DEAL, deal, "converted_deal_id"),
    ] {
        assert_eq!(lead[link], record["id"], "{}", entity.name);
        let child = entity.child("leads").unwrap();
        let leads = world
            .list(
                &owner,
                &LEAD,
                &[(child.field, record["id"].as_str().unwrap())],
            )
            .await
            .unwrap();
        assert_eq!(ids(&leads), [id.to_string()], "{}", entity.name);
    }
    let twice = converted(&world, &owner, id, json!({})).await.unwrap_err();
    assert!(matches!(twice, EngineError::Conflict { .. }), "{twice:?}");
    // Its stage is the conversion's now.
    let moved = world
        .update(&owner, &LEAD, id, json!({"status": "new"}), None)
        .await
        .unwrap_err();
    assert!(matches!(moved, EngineError::Conflict { .. }), "{moved:?}");
}

#[tokio::test]
async fn what_is_there_already_is_found_and_used() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let create = |entity, body| world.create(&owner, entity, body);
    let by_domain = create(
        &COMPANY,
        json!({"name": "AE", "website": "https://www.engines.example/about"}),
    )
    .await
    .unwrap();
    let by_name = create(&COMPANY, json!({"name": "analytical engines"}))
        .await
        .unwrap();
    let by_phone = create(
        &CONTACT,
        json!({"last_name": "Desk", "mobile": "+14155550199"}),
    )
    .await
    .unwrap();
    let by_email = create(
        &CONTACT,
        json!({"last_name": "L", "email": "ada@engines.example"}),
    )
    .await
    .unwrap();
    let id = id_of(&create(&LEAD, ada()).await.unwrap());
    let found = suggestion(&world.engine, &owner, id).await.unwrap();
    let reasons = |part: &str| -> Vec<(String, String)> {
        found[part]["matches"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                (
                    one["id"].as_str().unwrap().to_owned(),
                    one["reason"].as_str().unwrap().to_owned(),
                )
            })
            .collect()
    };
    let pair = |record: &Json, reason: &str| {
        (record["id"].as_str().unwrap().to_owned(), reason.to_owned())
    };
    assert_eq!(
        reasons("company"),
        [pair(&by_domain, "domain"), pair(&by_name, "name")]
    );
    assert_eq!(
        reasons("contact"),
        [pair(&by_email, "email"), pair(&by_phone, "phone")]
    );
    let answer = converted(
        &world,
        &owner,
        id,
        json!({"company": {"action": "use", "id": by_name["id"]}, "deal": {"action": "none"}}),
    )
    .await
    .unwrap();
    assert_eq!(answer["company"]["id"], by_name["id"]);
    assert_eq!(answer["contact"]["id"], by_email["id"]);
    assert_eq!(answer["deal"], Json::Null);
    // Undone, what was found stays.
    let back = undone(&world, &owner, id).await.unwrap();
    assert_eq!(back["lead"]["status"], json!("new"));
    assert_eq!(back["lead"]["converted_at"], Json::Null);
    for (entity, record) in [(&COMPANY, &by_name), (&CONTACT, &by_email)] {
        world.get(&owner, entity, id_of(record)).await.unwrap();
    }
}

#[tokio::test]
async fn bad_choices_are_named_and_leave_nothing_behind() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let id = id_of(&world.create(&owner, &LEAD, ada()).await.unwrap());
    let bare = id_of(
        &world
            .create(&owner, &LEAD, json!({"company_name": "Nobody Inc"}))
            .await
            .unwrap(),
    );
    let none = json!({"action": "none"});
    for (lead, wanted, field) in [
        (
            id,
            json!({"company": {"action": "use", "id": Uuid::now_v7()}}),
            "company.id",
        ),
        (
            id,
            json!({"contact": {"action": "use"}, "company": none}),
            "contact.id",
        ),
        (
            id,
            json!({"deal": {"action": "create", "amount": "-5"}}),
            "deal.amount",
        ),
        (
            id,
            json!({"deal": {"action": "create", "stage_id": Uuid::now_v7()}}),
            "deal.stage_id",
        ),
        (
            id,
            json!({"company": none, "contact": none, "deal": none}),
            "",
        ),
        (bare, json!({"contact": {"action": "create"}}), "contact"),
    ] {
        let error = converted(&world, &owner, lead, wanted.clone())
            .await
            .unwrap_err();
        let EngineError::Invalid(faults) = error else {
            panic!("{wanted}: {error:?}")
        };
        assert_eq!(faults[0].field, field, "{wanted}");
    }
    for entity in [&COMPANY, &CONTACT, &DEAL] {
        assert!(
            ids(&world.list(&owner, entity, &[]).await.unwrap()).is_empty(),
            "{}",
            entity.name
        );
    }
}

#[tokio::test]
async fn a_conversion_is_undone_until_something_hangs_on_it() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let id = id_of(&world.create(&owner, &LEAD, ada()).await.unwrap());
    world
        .update(&owner, &LEAD, id, json!({"status": "qualified"}), None)
        .await
        .unwrap();
    let stood = world.get(&owner, &LEAD, id).await.unwrap()["stage_id"].clone();
    let answer = converted(&world, &owner, id, json!({})).await.unwrap();
    let note = world
        .create(
            &owner,
            &NOTE,
            json!({"subject_type": "contact", "subject_id": answer["contact"]["id"], "content": "Call back"}),
        )
        .await
        .unwrap();
    let error = undone(&world, &owner, id).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::Conflict { message, .. } if message.contains("the contact has 1 notes")),
        "{error:?}"
    );
    let told = suggestion(&world.engine, &owner, id).await.unwrap();
    assert_eq!(
        (&told["can_undo"], &told["blockers"]),
        (&json!(false), &json!(["the contact has 1 notes"]))
    );
    world.delete(&owner, &NOTE, id_of(&note)).await.unwrap();
    let back = undone(&world, &owner, id).await.unwrap();
    assert_eq!(back["lead"]["stage_id"], stood);
    for (entity, part) in [
        (&COMPANY, "company"),
        (&CONTACT, "contact"),
        (&DEAL, "deal"),
    ] {
        assert!(
            matches!(
                world.get(&owner, entity, id_of(&answer[part])).await,
                Err(EngineError::NotFound)
            ),
            "{part}"
        );
    }
    assert!(matches!(
        undone(&world, &owner, id).await,
        Err(EngineError::Conflict { .. })
    ));
    // And forward again.
    converted(&world, &owner, id, json!({})).await.unwrap();
}

#[tokio::test]
async fn two_people_converting_one_lead_make_one_conversion() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let admin = world.role(&organization, "admin").await;
    for round in 0..200 {
        let lead = world
            .create(&owner, &LEAD, json!({"last_name": format!("Nr {round}"), "company_name": format!("Firm {round}"), "email": format!("nr{round}@firm{round}.example")}))
            .await
            .unwrap();
        let id = id_of(&lead);
        let (first, second) = tokio::join!(
            converted(&world, &owner, id, json!({})),
            converted(&world, &admin, id, json!({}))
        );
        assert!(
            first.is_ok() != second.is_ok(),
            "round {round}: {first:?} {second:?}"
        );
        let refused = first.err().or(second.err()).unwrap();
        assert!(
            matches!(refused, EngineError::Conflict { .. }),
            "round {round}: {refused:?}"
        );
    }
    // No orphan: each lead has one of each, and nothing else was made.
    for entity in [&COMPANY, &CONTACT, &DEAL] {
        let list = world
            .list(&owner, entity, &[("total", "true"), ("limit", "1")])
            .await
            .unwrap();
        assert_eq!(list["page"]["total"], json!(200), "{}", entity.name);
    }
}

#[tokio::test]
async fn whoever_may_manage_a_lead_converts_it_and_nobody_else() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let sales = world.role(&organization, "sales").await;
    let unowned = |name: &str| json!({"last_name": name, "company_name": name, "owner_id": null});
    let id = id_of(&world.create(&owner, &LEAD, unowned("Free")).await.unwrap());
    let mine = id_of(
        &world
            .create(&owner, &LEAD, json!({"last_name": "Taken"}))
            .await
            .unwrap(),
    );
    // Somebody else's is not seen; nobody's is seen, and converted once it is taken.
    assert!(matches!(
        converted(&world, &sales, mine, json!({})).await,
        Err(EngineError::NotFound)
    ));
    assert!(converted(&world, &sales, id, json!({})).await.is_err());
    world
        .update(
            &sales,
            &LEAD,
            id,
            json!({"owner_id": sales.principal.user_id}),
            None,
        )
        .await
        .unwrap();
    let answer = converted(&world, &sales, id, json!({})).await.unwrap();
    assert_eq!(answer["deal"]["owner_id"], json!(sales.principal.user_id));
    let viewer = world.role(&organization, "viewer").await;
    assert!(matches!(
        converted(&world, &viewer, mine, json!({})).await,
        Err(EngineError::Forbidden { .. })
    ));
    assert!(matches!(
        undone(&world, &viewer, id).await,
        Err(EngineError::Forbidden { .. })
    ));
}
