//! Joining by an invitation: somebody new, and who has an account.

use reqwest::StatusCode;
use serde_json::{Value as Json, json};
use totp_rs::{Builder, Secret};

use crate::fixture::{PASSWORD, Started};

use super::{fields, invite};

#[tokio::test]
async fn somebody_new_is_invited_and_joins() {
    let started =
        Started::with(|settings| settings.registration = kith_auth::RegistrationPolicy::First)
            .await;
    let ada = started.owner("ada").await;
    let team = ada
        .post("/teams", &json!({"name": "North"}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let body = json!({"email": " Bob.Builder@Example.com ", "role_id": ada.role("sales").await, "team_id": team["id"]});
    let answer = ada.post("/users/invite", &body).await;
    assert!(answer.header("location").starts_with("/api/v1/users/"));
    let bob = answer.json(StatusCode::CREATED).await;
    assert_eq!(bob["status"], "invited");
    assert_eq!(bob["email"], "bob.builder@example.com");
    assert_eq!(bob["full_name"], "Bob Builder");
    assert!(bob["invited_at"].is_string());
    let mail = started
        .mail_to("invitation", "bob.builder@example.com")
        .await;
    assert!(
        mail.text
            .contains("Owner ada invites you to Organization ada"),
        "{}",
        mail.text
    );
    let nobody = started.nobody();
    let link = format!("/auth/invitation?token={}", mail.token);
    assert_eq!(
        nobody.get(&link).await.json(StatusCode::OK).await,
        json!({"email": "bob.builder@example.com", "organization_name": "Organization ada", "role_name": "Sales", "full_name": "Bob Builder", "has_account": false})
    );
    let accept =
        |password: &str| json!({"token": mail.token, "password": password, "full_name": "Bob B."});
    let problem = nobody
        .post("/auth/accept-invitation", &accept("short"))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(fields(&problem), ["password"]);
    // Registration is closed; an invitation opens the door all the same.
    let session = nobody
        .post("/auth/accept-invitation", &accept(PASSWORD))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(session["organization"]["name"], "Organization ada");
    let client = nobody.with_token(&session["access_token"]);
    let me = client.get("/auth/me").await.json(StatusCode::OK).await;
    assert_eq!(
        (&me["role"]["key"], &me["user"]["full_name"]),
        (&json!("sales"), &json!("Bob B."))
    );
    assert_eq!(me["user"]["is_verified"], true, "the link came by mail");
    nobody
        .post("/auth/accept-invitation", &accept(PASSWORD))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "token_invalid")
        .await;
    let shown = ada
        .get(&format!("/users/{}", bob["id"].as_str().unwrap()))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        (&shown["status"], &shown["team_id"]),
        (&json!("active"), &team["id"])
    );
    assert!(shown["last_login_at"].is_string());
    let members = ada
        .get(&format!("/teams/{}/members", team["id"].as_str().unwrap()))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(members["data"].as_array().unwrap().len(), 1);
    nobody
        .post(
            "/auth/login",
            &json!({"email": "bob.builder@example.com", "password": PASSWORD}),
        )
        .await
        .json(StatusCode::OK)
        .await;
}

#[tokio::test]
async fn an_account_that_exists_joins_with_its_password_and_nothing_tells_of_it_before() {
    let started = Started::new().await;
    let (ada, bob) = (started.owner("ada").await, started.owner("bob").await);
    bob.patch(
        "/auth/me",
        None,
        &json!({"full_name": "Robert Secret", "phone": "+14155550112"}),
    )
    .await
    .json(StatusCode::OK)
    .await;
    started.mail().await;
    // The same answer for an address with an account and for one without.
    let known = invite(&ada, "bob@example.com", "manager")
        .await
        .json(StatusCode::CREATED)
        .await;
    let unknown = invite(&ada, "zed@example.com", "manager")
        .await
        .json(StatusCode::CREATED)
        .await;
    for name in [
        "full_name",
        "phone",
        "avatar_url",
        "is_verified",
        "last_login_at",
        "status",
        "has_second_factor",
    ] {
        let of = |person: &Json| {
            person[name]
                .to_string()
                .replace("Bob", "X")
                .replace("Zed", "X")
        };
        assert_eq!(of(&known), of(&unknown), "{name}");
    }
    let timeline = ada
        .get("/activities?limit=50")
        .await
        .json(StatusCode::OK)
        .await
        .to_string();
    assert!(!timeline.contains("Robert") && !timeline.contains("Secret"));
    // Work is given to people before they join.
    let company = ada
        .post(
            "/companies",
            &json!({"name": "Acme", "owner_id": known["id"]}),
        )
        .await
        .json(StatusCode::CREATED)
        .await;
    let mail = started
        .mail()
        .await
        .into_iter()
        .find(|mail| mail.recipient == "bob@example.com")
        .unwrap();
    let nobody = started.nobody();
    let shown = nobody
        .get(&format!("/auth/invitation?token={}", mail.token))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(shown["has_account"], true);
    assert_eq!(shown["full_name"], "Bob", "as the organization calls them");
    let accept = |password: &str| json!({"token": mail.token, "password": password});
    let problem = nobody
        .post("/auth/accept-invitation", &json!({"token": mail.token}))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(fields(&problem), ["password"]);
    nobody
        .post("/auth/accept-invitation", &accept("wrong horse battery"))
        .await
        .problem(StatusCode::UNAUTHORIZED, "invalid_credentials")
        .await;
    let session = nobody
        .post("/auth/accept-invitation", &accept(PASSWORD))
        .await
        .json(StatusCode::OK)
        .await;
    let there = nobody.with_token(&session["access_token"]);
    let me = there.get("/auth/me").await.json(StatusCode::OK).await;
    assert_eq!(me["role"]["key"], "manager");
    assert_eq!(me["memberships"].as_array().unwrap().len(), 2);
    // One person, who took the place of the one that was known by name.
    let people = ada
        .get("/users?status=active")
        .await
        .json(StatusCode::OK)
        .await;
    let names: Vec<&str> = people["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["full_name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Owner ada", "Robert Secret"]);
    let company = ada
        .get(&format!("/companies/{}", company["id"].as_str().unwrap()))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(company["owner_id"], me["user"]["id"]);
    ada.get(&format!("/users/{}", known["id"].as_str().unwrap()))
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
}

#[tokio::test]
async fn an_account_with_a_second_factor_joins_with_a_code() {
    let started = Started::new().await;
    let (ada, bob) = (started.owner("ada").await, started.owner("bob").await);
    let setup = bob
        .post("/auth/totp/setup", &json!({"password": PASSWORD}))
        .await
        .json(StatusCode::OK)
        .await;
    let secret = Secret::try_from_base32(setup["secret"].as_str().unwrap()).unwrap();
    let code = Builder::new()
        .with_secret(secret)
        .build()
        .unwrap()
        .generate_current()
        .to_string();
    let codes = bob
        .post("/auth/totp/enable", &json!({"code": code}))
        .await
        .json(StatusCode::OK)
        .await;
    invite(&ada, "bob@example.com", "viewer")
        .await
        .json(StatusCode::CREATED)
        .await;
    let mail = started.mail_to("invitation", "bob@example.com").await;
    let nobody = started.nobody();
    let accept = |totp: Json| json!({"token": mail.token, "password": PASSWORD, "totp": totp});
    nobody
        .post("/auth/accept-invitation", &accept(json!(null)))
        .await
        .problem(StatusCode::UNAUTHORIZED, "totp_required")
        .await;
    nobody
        .post("/auth/accept-invitation", &accept(json!(code)))
        .await
        .problem(StatusCode::UNAUTHORIZED, "totp_invalid")
        .await;
    // Nothing was used up by that.
    nobody
        .post(
            "/auth/accept-invitation",
            &accept(codes["recovery_codes"][0].clone()),
        )
        .await
        .json(StatusCode::OK)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_link_lets_one_person_in_once() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    for round in 0..4 {
        let email = format!("bob{round}@example.com");
        invite(&ada, &email, "sales")
            .await
            .json(StatusCode::CREATED)
            .await;
        let mail = started.mail_to("invitation", &email).await;
        let accept = json!({"token": mail.token, "password": PASSWORD});
        let nobody = started.nobody();
        let (a, b, c) = tokio::join!(
            nobody.post("/auth/accept-invitation", &accept),
            nobody.post("/auth/accept-invitation", &accept),
            nobody.post("/auth/accept-invitation", &accept),
        );
        let inside = [&a, &b, &c]
            .iter()
            .filter(|answer| answer.status() == StatusCode::OK)
            .count();
        assert_eq!(
            inside,
            1,
            "{:?} {:?} {:?}",
            a.status(),
            b.status(),
            c.status()
        );
    }
}
