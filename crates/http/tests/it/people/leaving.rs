//! Leaving: what is handed over, and to whom.

use reqwest::StatusCode;
use serde_json::json;

use crate::fixture::{PASSWORD, Started};

use super::{NOBODY, fields, invite, post, with_role};

/// Every entity with an owner: what somebody leaves goes to whoever takes over, with its history.
#[tokio::test]
async fn whoever_leaves_hands_everything_over() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let (bob, bobs) = ada.colleague(&started, "bob", "manager").await;
    let (_, carls) = ada.colleague(&started, "carl", "sales").await;
    let mut owned = Vec::new();
    for (path, body, owner) in [
        ("/companies", json!({"name": "Acme"}), "owner_id"),
        ("/contacts", json!({"first_name": "Charles"}), "owner_id"),
        ("/leads", json!({"first_name": "Lena"}), "owner_id"),
        ("/deals", json!({"name": "Engines"}), "owner_id"),
        ("/tasks", json!({"title": "Call"}), "assigned_to_id"),
    ] {
        let mut body = body;
        body[owner] = json!(bobs);
        let made = ada.post(path, &body).await.json(StatusCode::CREATED).await;
        owned.push((format!("{path}/{}", made["id"].as_str().unwrap()), owner));
    }
    let kept = ada
        .post("/companies", &json!({"name": "Others"}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let gone = ada
        .post("/companies", &json!({"name": "Gone", "owner_id": bobs}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let gone = format!("/companies/{}", gone["id"].as_str().unwrap());
    ada.delete(&gone).await;
    let key = bob
        .post("/auth/api-keys", &json!({"name": "x", "scopes": ["read"]}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let by_key = bob.with_token(&key["key"]);
    by_key.get("/companies").await.json(StatusCode::OK).await;

    let body = json!({"hand_over_to": carls});
    let left = ada
        .post(&format!("/users/{bobs}/deactivate"), &body)
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(left["status"], "suspended");
    for (path, owner) in &owned {
        let record = ada.get(path).await.json(StatusCode::OK).await;
        assert_eq!(record[*owner], json!(carls), "{path}");
        let history = ada
            .get(&format!("{path}/history"))
            .await
            .json(StatusCode::OK)
            .await;
        let change = &history["data"][0]["changes"][0];
        assert_eq!(
            (&change["field"], &change["old"], &change["new"]),
            (&json!(owner), &json!(bobs), &json!(carls)),
            "{path}"
        );
    }
    let sets: std::collections::BTreeSet<String> = {
        let mut sets = std::collections::BTreeSet::new();
        for (path, _) in &owned {
            let history = ada
                .get(&format!("{path}/history"))
                .await
                .json(StatusCode::OK)
                .await;
            sets.insert(history["data"][0]["change_set_id"].to_string());
        }
        sets
    };
    assert_eq!(sets.len(), 1, "one change, one change set");
    let gone = ada
        .get(&format!("{gone}?deleted=with"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        gone["owner_id"],
        json!(carls),
        "what is deleted can come back"
    );
    let kept = ada
        .get(&format!("/companies/{}", kept["id"].as_str().unwrap()))
        .await
        .json(StatusCode::OK)
        .await;
    assert_ne!(kept["owner_id"], json!(carls));
    bob.get("/auth/me")
        .await
        .problem(StatusCode::UNAUTHORIZED, "not_a_member")
        .await;
    by_key
        .get("/companies")
        .await
        .problem(StatusCode::UNAUTHORIZED, "token_invalid")
        .await;
    let login = json!({"email": "bob@example.com", "password": PASSWORD});
    started
        .nobody()
        .post("/auth/login", &login)
        .await
        .problem(StatusCode::UNAUTHORIZED, "not_a_member")
        .await;

    let back = post(&ada, format!("/users/{bobs}/reactivate"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(back["status"], "active");
    post(&ada, format!("/users/{bobs}/reactivate"))
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    started
        .nobody()
        .post("/auth/login", &login)
        .await
        .json(StatusCode::OK)
        .await;
    by_key
        .get("/companies")
        .await
        .problem(StatusCode::UNAUTHORIZED, "token_invalid")
        .await;
}

#[tokio::test]
async fn records_go_to_active_colleagues_only() {
    let started = Started::new().await;
    let (ada, eve) = (started.owner("ada").await, started.owner("eve").await);
    let (_, bobs) = ada.colleague(&started, "bob", "sales").await;
    let (_, carls) = ada.colleague(&started, "carl", "sales").await;
    let invited = invite(&ada, "dora@example.com", "sales")
        .await
        .json(StatusCode::CREATED)
        .await;
    post(&ada, format!("/users/{carls}/deactivate"))
        .await
        .json(StatusCode::OK)
        .await;
    let eves = eve.get("/auth/me").await.json(StatusCode::OK).await;
    ada.post("/companies", &json!({"name": "Acme", "owner_id": bobs}))
        .await
        .json(StatusCode::CREATED)
        .await;
    for nobody in [
        json!(bobs),
        json!(carls),
        invited["id"].clone(),
        eves["user"]["id"].clone(),
        json!(NOBODY),
    ] {
        let problem = ada
            .post(
                &format!("/users/{bobs}/deactivate"),
                &json!({"hand_over_to": nobody}),
            )
            .await
            .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
            .await;
        assert_eq!(fields(&problem), ["hand_over_to"]);
    }
    let still = ada
        .get(&format!("/users/{bobs}"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(still["status"], "active", "all or nothing");
    // Without anyone, what they own stays theirs, and can be given on later.
    post(&ada, format!("/users/{bobs}/deactivate"))
        .await
        .json(StatusCode::OK)
        .await;
    let list = ada
        .get(&format!("/companies?owner_id={bobs}&total=true"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(list["page"]["total"], 1);
    let me = ada.get("/auth/me").await.json(StatusCode::OK).await;
    ada.post(
        &format!("/users/{bobs}/deactivate"),
        &json!({"hand_over_to": me["user"]["id"]}),
    )
    .await
    .json(StatusCode::OK)
    .await;
    let list = ada
        .get(&format!("/companies?owner_id={bobs}&total=true"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(list["page"]["total"], 0);
    for path in [
        format!("/users/{NOBODY}/deactivate"),
        format!("/users/{}/deactivate", eves["user"]["id"].as_str().unwrap()),
        format!("/users/{NOBODY}/reactivate"),
    ] {
        post(&ada, path)
            .await
            .problem(StatusCode::NOT_FOUND, "not_found")
            .await;
    }
}

/// Deactivating somebody is no way to their records for whoever could not have reassigned them.
#[tokio::test]
async fn handing_over_takes_the_right_to_reassign() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let people = [
        ("users", "read"),
        ("users", "update"),
        ("roles", "read"),
        ("companies", "read"),
        ("companies", "create"),
    ];
    let (hr, hrs) = with_role(&started, &ada, "hr", &people).await;
    let (_, bobs) = {
        let role = hr.role("role_of_hr").await;
        let body = json!({"email": "bob@example.com", "role_id": role});
        ada.post("/users/invite", &body)
            .await
            .json(StatusCode::CREATED)
            .await;
        let mail = started.mail_to("invitation", "bob@example.com").await;
        let accept = json!({"token": mail.token, "password": PASSWORD});
        let session = started
            .nobody()
            .post("/auth/accept-invitation", &accept)
            .await
            .json(StatusCode::OK)
            .await;
        (
            session.clone(),
            session["user"]["id"].as_str().unwrap().to_owned(),
        )
    };
    let company = ada
        .post("/companies", &json!({"name": "Acme", "owner_id": bobs}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let problem = hr
        .post(
            &format!("/users/{bobs}/deactivate"),
            &json!({"hand_over_to": hrs}),
        )
        .await
        .problem(StatusCode::FORBIDDEN, "forbidden")
        .await;
    assert_eq!(fields(&problem), ["hand_over_to"]);
    let company = ada
        .get(&format!("/companies/{}", company["id"].as_str().unwrap()))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(company["owner_id"], json!(bobs));
    let still = ada
        .get(&format!("/users/{bobs}"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(still["status"], "active");
    // Without taking anything they may.
    hr.post(
        &format!("/users/{bobs}/deactivate"),
        &json!({"hand_over_to": null}),
    )
    .await
    .json(StatusCode::OK)
    .await;
}
