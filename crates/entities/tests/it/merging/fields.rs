//! What the record says afterwards: chosen, told apart, added up.

use kith_engine::{EngineError, Side};
use kith_entities::company::COMPANY;
use kith_entities::company_member::COMPANY_MEMBER;
use kith_entities::contact::CONTACT;
use kith_entities::custom_field::CUSTOM_FIELD;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::world::{World, id_of};

use super::{company, contact, merge, two, undo, wanted};

#[tokio::test]
async fn what_the_record_says_is_chosen_field_by_field_and_comes_back() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for (key, kind) in [("tier", "text"), ("region", "text")] {
        let field = json!({"entity": "company", "key": key, "label": key, "kind": kind});
        world.create(&owner, &CUSTOM_FIELD, field).await.unwrap();
    }
    let owner = world.role(&organization, "owner").await;
    let winner = world
        .create(&owner, &COMPANY, json!({"name": "Acme", "phone": "+14155550100", "annual_revenue": "5.00", "currency": "USD",
            "tags": ["Vip", "a"], "custom_fields": {"tier": "gold"}}))
        .await
        .unwrap();
    let loser = world
        .create(&owner, &COMPANY, json!({"name": "ACME Inc.", "phone": "+14155550199", "website": "https://acme.example", "status": "active",
            "employee_count": 12, "credit_limit": "9.00", "currency": "EUR", "tags": ["vip", "b"], "custom_fields": {"tier": "silver", "region": "north"}}))
        .await
        .unwrap();
    let (id, other) = (id_of(&winner), id_of(&loser));
    let merged = merge(
        &world,
        &owner,
        &COMPANY,
        id,
        &wanted(
            other,
            &[
                ("name", Side::Theirs),
                ("status", Side::Theirs),
                ("custom.tier", Side::Theirs),
            ],
        ),
    )
    .await
    .unwrap();
    assert_eq!(merged["name"], json!("ACME Inc."));
    assert_eq!(merged["status"], json!("active"));
    // What it had stays, what it lacked is taken over, tags are put together.
    assert_eq!(merged["phone"], json!("+14155550100"));
    assert_eq!(merged["website"], json!("https://acme.example"));
    assert_eq!(merged["employee_count"], json!(12));
    assert_eq!(merged["tags"], json!(["Vip", "a", "b"]));
    assert_eq!(
        merged["custom_fields"],
        json!({"tier": "silver", "region": "north"})
    );
    // An amount in another currency says something else.
    assert_eq!(merged["credit_limit"], Json::Null);
    // What is written afterwards is somebody's own.
    world
        .update(
            &owner,
            &COMPANY,
            id,
            json!({"employee_count": 20, "description": "new"}),
            None,
        )
        .await
        .unwrap();
    let (record, back) = undo(&world, &owner, &COMPANY, id).await.unwrap();
    for (field, value) in [
        ("name", json!("Acme")),
        ("status", json!("prospect")),
        ("website", Json::Null),
        ("tags", json!(["Vip", "a"])),
        ("custom_fields", json!({"tier": "gold"})),
        ("employee_count", json!(20)),
        ("description", json!("new")),
    ] {
        assert_eq!(record[field], value, "{field}");
    }
    for field in [
        "name",
        "phone",
        "website",
        "tags",
        "custom_fields",
        "credit_limit",
    ] {
        assert_eq!(back[field], loser[field], "{field}");
    }
    // All of it in the history, under one change set.
    let entries = kith_engine::history(&world.engine, &owner, &COMPANY, id, 50, None)
        .await
        .unwrap();
    let merge_entry = entries["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "MERGE")
        .collect::<Vec<_>>();
    assert_eq!(merge_entry.len(), 2, "{entries}");
    let set = &merge_entry[1]["change_set_id"];
    let renamed = entries["data"]
        .as_array()
        .unwrap()
        .iter()
        .any(|entry| entry["change_set_id"] == *set && entry["action"] == "UPDATE");
    assert!(renamed, "{entries}");
}

#[tokio::test]
async fn bad_choices_are_all_named() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let winner = company(&world, &owner, "Acme").await;
    let loser = company(&world, &owner, "Acme").await;
    let child = json!({"parent_id": winner});
    world
        .update(&owner, &COMPANY, loser, child, None)
        .await
        .unwrap();
    let choices = [
        ("nonsense", Side::Mine),
        ("custom.nonsense", Side::Mine),
        ("lifetime_value", Side::Theirs),
        ("parent_id", Side::Theirs),
    ];
    let error = merge(&world, &owner, &COMPANY, winner, &wanted(loser, &choices))
        .await
        .unwrap_err();
    let EngineError::Invalid(faults) = error else {
        panic!("{error:?}")
    };
    for (name, _) in choices {
        assert!(
            faults.iter().any(|fault| fault.field == name),
            "{name}: {faults:?}"
        );
    }
    let same = merge(&world, &owner, &COMPANY, winner, &wanted(winner, &[])).await;
    assert!(matches!(same, Err(EngineError::Invalid(_))), "{same:?}");
}

#[tokio::test]
async fn what_only_one_may_have_collides_and_is_told_apart_again() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let member = organization.people["client_admin"];
    let other_member = organization.people["client_member"];
    let winner = company(&world, &owner, "Acme").await;
    let loser = company(&world, &owner, "Acme Ltd").await;
    let mut people = Vec::new();
    for (at, name) in [(winner, "Ada"), (loser, "Bob")] {
        let body = json!({"first_name": name, "company_id": at, "is_primary": true});
        people.push(contact(&world, &owner, body).await);
    }
    for (at, user, role) in [
        (winner, member, "viewer"),
        (loser, member, "admin"),
        (loser, other_member, "member"),
    ] {
        let body = json!({"company_id": at, "user_id": user, "role": role});
        world.create(&owner, &COMPANY_MEMBER, body).await.unwrap();
    }
    merge(&world, &owner, &COMPANY, winner, &wanted(loser, &[]))
        .await
        .unwrap();
    let primary = async |id: Uuid| {
        let record = world.get(&owner, &CONTACT, id).await.unwrap();
        (record["is_primary"].clone(), record["company_id"].clone())
    };
    assert_eq!(primary(people[0]).await, (json!(true), json!(winner)));
    assert_eq!(primary(people[1]).await, (json!(false), json!(winner)));
    let members = async |company: Uuid| {
        let company = company.to_string();
        let parameters = [("company_id", company.as_str()), ("sort", "created_at")];
        let list = world
            .list(&owner, &COMPANY_MEMBER, &parameters)
            .await
            .unwrap();
        let mut all: Vec<(String, String)> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let text = |name: &str| row[name].as_str().unwrap().to_owned();
                (text("user_id"), text("role"))
            })
            .collect();
        all.sort();
        all
    };
    let mut both = vec![
        (member.to_string(), "viewer".to_owned()),
        (other_member.to_string(), "member".to_owned()),
    ];
    both.sort();
    assert_eq!(members(winner).await, both);
    undo(&world, &owner, &COMPANY, winner).await.unwrap();
    assert_eq!(primary(people[0]).await, (json!(true), json!(winner)));
    assert_eq!(primary(people[1]).await, (json!(true), json!(loser)));
    assert_eq!(
        members(winner).await,
        [(member.to_string(), "viewer".to_owned())]
    );
    let mut back = vec![
        (member.to_string(), "admin".to_owned()),
        (other_member.to_string(), "member".to_owned()),
    ];
    back.sort();
    assert_eq!(members(loser).await, back);
}

#[tokio::test]
async fn what_is_added_up_is_added_up_and_taken_apart() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let [winner, loser] = two(&world, &owner, [None, None]).await;
    let admin = world.test.admin().await;
    let set = async |id: Uuid, value: i32| {
        let sql = format!("UPDATE companies SET lifetime_value = {value} WHERE id = '{id}'");
        admin.script(&sql).await.unwrap();
    };
    set(winner, 100).await;
    set(loser, 30).await;
    let merged = merge(&world, &owner, &COMPANY, winner, &wanted(loser, &[]))
        .await
        .unwrap();
    assert_eq!(merged["lifetime_value"], json!("130.00"));
    // Something is paid meanwhile.
    set(winner, 180).await;
    let (record, back) = undo(&world, &owner, &COMPANY, winner).await.unwrap();
    assert_eq!(record["lifetime_value"], json!("150.00"));
    assert_eq!(back["lifetime_value"], json!("30.00"));
}
