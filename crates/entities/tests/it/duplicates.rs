//! Duplicates: found as a list and before they are made, only among what the caller may read.

use std::collections::BTreeSet;

use kith_catalogue::Entity;
use kith_engine::{Caller, DuplicatesQuery, EngineError};
use kith_entities::company::COMPANY;
use kith_entities::contact::CONTACT;
use kith_entities::lead::LEAD;
use kith_store::Statement;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::world::{World, id_of};

async fn page(
    world: &World,
    caller: &Caller,
    entity: &'static Entity,
    cursor: Option<String>,
    min_score: u8,
    limit: u32,
) -> Json {
    let query = DuplicatesQuery {
        limit,
        cursor,
        min_score,
    };
    kith_engine::duplicates(&world.engine, caller, entity, &query)
        .await
        .unwrap()
}

/// Every pair of every page, as names.
async fn pairs(
    world: &World,
    caller: &Caller,
    entity: &'static Entity,
    min_score: u8,
    limit: u32,
) -> Vec<(String, Vec<String>, u64)> {
    let mut all = Vec::new();
    let mut cursor = None;
    for _ in 0..200 {
        let answer = page(world, caller, entity, cursor, min_score, limit).await;
        for group in answer["data"].as_array().unwrap() {
            let name = |id: &Json| {
                let record = group["records"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|record| record["id"] == *id)
                    .unwrap();
                record[entity.title].as_str().unwrap().to_owned()
            };
            for pair in group["pairs"].as_array().unwrap() {
                let mut names = [name(&pair["ids"][0]), name(&pair["ids"][1])];
                names.sort();
                let mut codes: Vec<String> = pair["reasons"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|reason| reason["code"].as_str().unwrap().to_owned())
                    .collect();
                codes.sort();
                all.push((names.join(" = "), codes, pair["score"].as_u64().unwrap()));
            }
        }
        match answer["page"]["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return all,
        }
    }
    panic!("the pages do not end")
}

async fn companies(world: &World, caller: &Caller, bodies: &[Json]) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for body in bodies {
        let made = world.create(caller, &COMPANY, body.clone()).await.unwrap();
        ids.push(id_of(&made));
    }
    ids
}

#[tokio::test]
async fn companies_are_found_by_domain_address_number_and_name() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    companies(
        &world,
        &owner,
        &[
            json!({"name": "Acme Inc.", "website": "https://www.acme.example/about"}),
            json!({"name": "Acme Holding", "website": "http://acme.example"}),
            json!({"name": "Globex", "email": "Info+sales@globex.example"}),
            json!({"name": "Globex Trading", "email": "info@globex.example"}),
            json!({"name": "Initech", "phone": "+1 415 555 0100"}),
            json!({"name": "Umbrella", "phone": "+14155550100"}),
            json!({"name": "Müller & Söhne GmbH"}),
            json!({"name": "Muller und Sohne"}),
            json!({"name": "Muller & Sohne"}),
            json!({"name": "Stark Industries"}),
            json!({"name": "Stark Indutsries Ltd"}),
            json!({"name": "Wayne Enterprises"}),
        ],
    )
    .await;
    for limit in [1, 2, 50] {
        let found = pairs(&world, &owner, &COMPANY, 40, limit).await;
        let names: BTreeSet<&str> = found.iter().map(|(names, _, _)| names.as_str()).collect();
        for expected in [
            "Acme Holding = Acme Inc.",
            "Globex = Globex Trading",
            "Initech = Umbrella",
            "Muller & Sohne = Müller & Söhne GmbH",
            "Stark Industries = Stark Indutsries Ltd",
        ] {
            assert!(names.contains(expected), "{expected}: {found:?}");
        }
        assert!(
            !found.iter().any(|(names, _, _)| names.contains("Wayne")),
            "{found:?}"
        );
        // Each pair once, whatever it has in common.
        assert_eq!(names.len(), found.len(), "limit {limit}: {found:?}");
    }
    let sure = pairs(&world, &owner, &COMPANY, 85, 50).await;
    assert_eq!(sure.len(), 1, "{sure:?}");
    assert_eq!(sure[0].1, ["same_domain"]);
}

#[tokio::test]
async fn several_likenesses_make_surer() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let company = world
        .create(&owner, &COMPANY, json!({"name": "Acme"}))
        .await
        .unwrap();
    for body in [
        json!({"first_name": "John", "last_name": "Smith"}),
        json!({"first_name": "John", "last_name": "Smith", "company_id": company["id"]}),
        json!({"first_name": "John", "last_name": "Smith", "company_id": company["id"], "mobile": "+14155550100"}),
        json!({"first_name": "J.", "last_name": "Smith", "phone": "+14155550100", "email": "j.smith@gmail.com"}),
        json!({"first_name": "Johnny", "last_name": "S", "email": "jsmith+crm@googlemail.com"}),
    ] {
        world.create(&owner, &CONTACT, body).await.unwrap();
    }
    let found = pairs(&world, &owner, &CONTACT, 1, 50).await;
    let by = |codes: &[&str]| -> Vec<u64> {
        found
            .iter()
            .filter(|(_, have, _)| have.iter().map(String::as_str).eq(codes.iter().copied()))
            .map(|(_, _, score)| *score)
            .collect()
    };
    assert_eq!(by(&["same_email"]), [90], "{found:?}");
    assert_eq!(by(&["same_phone"]), [70], "{found:?}");
    assert_eq!(by(&["same_value", "similar_name"]), [80], "{found:?}");
    assert_eq!(by(&["similar_name"]), [60, 60], "{found:?}");
}

#[tokio::test]
async fn what_many_share_tells_nothing() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let many: Vec<Json> = (0..30)
        .map(|index| json!({"name": format!("{}{index}", ["Alpha ", "Bravo ", "Charlie "][index % 3]), "website": format!("https://facebook.com/{index}")}))
        .collect();
    companies(&world, &owner, &many).await;
    let found = pairs(&world, &owner, &COMPANY, 80, 50).await;
    assert!(found.is_empty(), "{found:?}");
}

#[tokio::test]
async fn only_what_the_caller_reads_takes_part() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let sales = world.role(&organization, "sales").await;
    let body =
        |owner: Uuid| json!({"name": "Acme", "website": "https://acme.example", "owner_id": owner});
    let mine = sales.principal.user_id;
    companies(&world, &owner, &[body(owner.principal.user_id), body(mine)]).await;
    assert!(pairs(&world, &sales, &COMPANY, 60, 50).await.is_empty());
    assert_eq!(pairs(&world, &owner, &COMPANY, 60, 50).await.len(), 1);
    companies(&world, &owner, &[body(mine)]).await;
    assert_eq!(pairs(&world, &sales, &COMPANY, 60, 50).await.len(), 1);
    // Neither do others' records answer whether something is there.
    let evil = world.organization("Evil").await;
    let attacker = world.role(&evil, "owner").await;
    let asked = json!({"name": "Acme", "website": "https://acme.example"});
    let found = kith_engine::check_new(&world.engine, &attacker, &COMPANY, &asked, None)
        .await
        .unwrap();
    assert_eq!(found, json!({"data": []}));
    let found = kith_engine::check_new(&world.engine, &sales, &COMPANY, &asked, None)
        .await
        .unwrap();
    assert_eq!(found["data"].as_array().unwrap().len(), 2);
    // Without reading, no list.
    let finance = world.role(&organization, "finance").await;
    let query = DuplicatesQuery {
        limit: 10,
        cursor: None,
        min_score: 1,
    };
    let refused = kith_engine::duplicates(&world.engine, &finance, &CONTACT, &query).await;
    assert!(
        matches!(refused, Err(EngineError::Forbidden { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_record_is_recognised_before_it_is_made() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let ada = json!({"first_name": "Ada", "last_name": "Lovelace", "email": "ada.lovelace@gmail.com", "phone": "+14155550112"});
    let made = world.create(&owner, &CONTACT, ada).await.unwrap();
    let check = async |body: Json, except: Option<Uuid>| {
        kith_engine::check_new(&world.engine, &owner, &CONTACT, &body, except)
            .await
            .unwrap()
    };
    for (body, code) in [
        (
            json!({"email": "AdaLovelace+x@googlemail.com"}),
            "same_email",
        ),
        (json!({"mobile": "(415) 555-0112"}), "same_phone"),
        (
            json!({"first_name": "Ada", "last_name": "Lovelace"}),
            "similar_name",
        ),
        (
            json!({"first_name": "Ada", "last_name": "Lovelase"}),
            "similar_name",
        ),
    ] {
        let found = check(body.clone(), None).await;
        assert_eq!(
            found["data"][0]["record"]["id"], made["id"],
            "{body}: {found}"
        );
        assert_eq!(
            found["data"][0]["reasons"][0]["code"], code,
            "{body}: {found}"
        );
    }
    assert_eq!(
        check(
            json!({"first_name": "Charles", "last_name": "Babbage"}),
            None
        )
        .await,
        json!({"data": []})
    );
    // Editing a record does not find the record itself.
    assert_eq!(
        check(
            json!({"email": "ada.lovelace@gmail.com"}),
            Some(id_of(&made))
        )
        .await,
        json!({"data": []})
    );
    let bad = kith_engine::check_new(
        &world.engine,
        &owner,
        &CONTACT,
        &json!({"nonsense": 1, "email": "x"}),
        None,
    )
    .await;
    assert!(matches!(bad, Err(EngineError::Invalid(_))), "{bad:?}");
    // A company with the same words in another order of importance.
    companies(
        &world,
        &owner,
        &[json!({"name": "Contoso Pharmaceuticals"})],
    )
    .await;
    let found = kith_engine::check_new(
        &world.engine,
        &owner,
        &COMPANY,
        &json!({"name": "Contoso Pharmaceutical Ltd."}),
        None,
    )
    .await
    .unwrap();
    assert_eq!(found["data"].as_array().unwrap().len(), 1, "{found}");
}

#[tokio::test]
async fn a_mask_cannot_be_guessed_away() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    world
        .test
        .admin()
        .await
        .script("DELETE FROM role_permissions p USING roles r WHERE r.organization_id = p.organization_id AND r.id = p.role_id AND r.key = 'manager' AND p.resource = 'personal_data'")
        .await
        .unwrap();
    let manager = world.role(&organization, "manager").await;
    for (name, email) in [
        ("Ada", "hidden@example.com"),
        ("Bob", "hidden+x@example.com"),
    ] {
        let body = json!({"first_name": name, "email": email});
        world.create(&owner, &CONTACT, body).await.unwrap();
    }
    assert_eq!(pairs(&world, &owner, &CONTACT, 60, 10).await.len(), 1);
    assert!(pairs(&world, &manager, &CONTACT, 1, 10).await.is_empty());
    let guess = json!({"email": "hidden@example.com"});
    let found = kith_engine::check_new(&world.engine, &manager, &CONTACT, &guess, None)
        .await
        .unwrap();
    assert_eq!(found, json!({"data": []}));
}

#[tokio::test]
async fn two_that_are_two_are_remembered() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let viewer = world.role(&organization, "viewer").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let body = json!({"first_name": "Ada", "last_name": "Lovelace"});
        ids.push(id_of(&world.create(&owner, &LEAD, body).await.unwrap()));
    }
    assert_eq!(pairs(&world, &owner, &LEAD, 60, 10).await.len(), 3);
    let say = async |caller: &Caller, first: Uuid, second: Uuid| {
        let tx = world.begin(caller).await;
        kith_engine::distinct(&tx, caller, &LEAD, first, second).await?;
        tx.commit().await.map_err(EngineError::from)
    };
    assert!(say(&viewer, ids[0], ids[1]).await.is_err());
    for _ in 0..2 {
        say(&owner, ids[1], ids[0]).await.unwrap();
    }
    assert_eq!(pairs(&world, &owner, &LEAD, 60, 10).await.len(), 2);
    // It holds for everybody who sees both.
    assert_eq!(pairs(&world, &viewer, &LEAD, 60, 10).await.len(), 2);
    let tx = world.begin(&owner).await;
    kith_engine::not_distinct(&tx, &owner, &LEAD, ids[0], ids[1])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(pairs(&world, &owner, &LEAD, 60, 10).await.len(), 3);
    let evil = world.organization("Evil").await;
    let attacker = world.role(&evil, "owner").await;
    let refused = say(&attacker, ids[0], ids[1]).await;
    assert!(matches!(refused, Err(EngineError::NotFound)), "{refused:?}");
}

#[tokio::test]
async fn a_page_walks_an_index_and_no_more_of_it_than_it_may() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let admin = world.test.admin().await;
    admin
        .script(&format!(
            "SET session_replication_role = replica;
             INSERT INTO companies (organization_id, name, slug, website)
             SELECT '{}', 'Company ' || md5(i::text), 'c' || i, 'https://' || md5((i / 2)::text) || '.example' FROM generate_series(1, 30000) i;
             ANALYZE companies",
            organization.id
        ))
        .await
        .unwrap();
    let mut cursor = None;
    let mut groups = 0;
    let mut pages = 0;
    loop {
        let answer = page(&world, &owner, &COMPANY, cursor, 80, 100).await;
        groups += answer["data"].as_array().unwrap().len();
        pages += 1;
        match answer["page"]["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
        assert!(pages < 400);
    }
    assert_eq!(groups, 14_999);
    let plan = world
        .engine
        .database
        .read(
            &owner.principal,
            &[Statement::new(
                "EXPLAIN SELECT t.domain_key, t.id FROM companies t WHERE t.deleted_at IS NULL AND t.domain_key >= 'm' ORDER BY t.domain_key, t.id LIMIT 10000",
            )],
        )
        .await
        .unwrap()
        .pop()
        .unwrap();
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    let plan = plan.join("\n");
    assert!(
        plan.contains("companies_domain") && plan.contains("Index Cond") && !plan.contains("Sort"),
        "{plan}"
    );
}
