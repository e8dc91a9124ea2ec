//! API keys over HTTP, against every entity of the catalogue.

use kith_entities::CATALOGUE;
use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::fixture::{Client, PASSWORD, Started};

/// A client that acts by a new key.
async fn key(owner: &Client, scopes: &[&str]) -> (Client, Json) {
    let body = json!({"name": "A test", "scopes": scopes});
    let made = owner.post("/auth/api-keys", &body).await;
    assert_eq!(made.header("cache-control"), "no-store");
    let made = made.json(StatusCode::CREATED).await;
    (owner.with_token(&made["key"]), made)
}

#[tokio::test]
async fn a_key_is_shown_once_works_and_is_removed() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let (client, made) = key(&ada, &["read", "companies:create"]).await;
    assert!(
        made["key"]
            .as_str()
            .unwrap()
            .starts_with(made["prefix"].as_str().unwrap())
    );
    let list = ada.get("/auth/api-keys").await.json(StatusCode::OK).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(list["data"][0].get("key"), None);
    let company = client.company("By a program").await;
    let me = client.get("/auth/me").await.json(StatusCode::OK).await;
    assert_eq!(me["user"]["email"], "ada@example.com");
    assert!(
        !me["grants"]
            .as_array()
            .unwrap()
            .iter()
            .any(|grant| grant["action"] == "delete")
    );
    // The history says which key it was.
    let path = format!("/companies/{}/history", company["id"].as_str().unwrap());
    let history = ada.get(&path).await.json(StatusCode::OK).await;
    assert_eq!(
        history["data"][0]["origin"],
        json!(format!("key {}", made["prefix"].as_str().unwrap()))
    );
    let path = format!("/auth/api-keys/{}", made["id"].as_str().unwrap());
    started
        .owner("bob")
        .await
        .delete(&path)
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    assert_eq!(ada.delete(&path).await.status(), StatusCode::NO_CONTENT);
    client
        .get("/companies")
        .await
        .problem(StatusCode::UNAUTHORIZED, "token_invalid")
        .await;
    ada.delete(&path)
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
}

#[tokio::test]
async fn bad_keys_are_refused_by_field_and_bad_tokens_at_the_door() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    for (body, field) in [
        (json!({"name": "", "scopes": ["read"]}), "name"),
        (json!({"name": "x", "scopes": []}), "scopes"),
        (json!({"name": "x", "scopes": ["companies:fly"]}), "scopes"),
        (
            json!({"name": "x", "scopes": ["read"], "expires_at": "soon"}),
            "expires_at",
        ),
        (
            json!({"name": "x", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"}),
            "expires_at",
        ),
    ] {
        let problem = ada
            .post("/auth/api-keys", &body)
            .await
            .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
            .await;
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    for token in [
        "kith_",
        "kith_nonsense",
        &format!("kith_{}", "0".repeat(43)),
    ] {
        ada.with_token(&json!(token))
            .get("/companies")
            .await
            .problem(StatusCode::UNAUTHORIZED, "token_invalid")
            .await;
    }
    // A key in a cookie is no session.
    let (_, made) = key(&ada, &["*"]).await;
    let nobody = started.nobody();
    let request = nobody.request(Method::GET, "/companies").header(
        "cookie",
        format!("kith_access={}", made["key"].as_str().unwrap()),
    );
    nobody
        .send(request)
        .await
        .problem(StatusCode::UNAUTHORIZED, "token_invalid")
        .await;
}

/// For every entity: a key for it alone reads it and nothing else; a key to read changes nothing.
#[tokio::test]
async fn scopes_hold_for_every_entity() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let (reader, _) = key(&ada, &["read"]).await;
    for entity in CATALOGUE.entities() {
        let scope = format!("{}:read", entity.resource);
        let (narrow, _) = key(&ada, &[&scope]).await;
        for other in CATALOGUE.entities() {
            let path = format!("/{}?limit=1", other.path);
            let expected = if other.resource == entity.resource {
                StatusCode::OK
            } else {
                StatusCode::FORBIDDEN
            };
            assert_eq!(narrow.get(&path).await.status(), expected, "{scope} {path}");
        }
        ada.delete(&format!("/auth/api-keys/{}", last_key(&ada).await))
            .await;
        reader
            .get(&format!("/{}?limit=1", entity.path))
            .await
            .json(StatusCode::OK)
            .await;
        for (method, path, body) in [
            (Method::POST, format!("/{}", entity.path), json!({})),
            (
                Method::POST,
                format!("/{}/bulk", entity.path),
                json!({"operations": [{"op": "create", "data": {}}]}),
            ),
            (
                Method::PATCH,
                format!("/{}/01890000-0000-7000-8000-000000000000", entity.path),
                json!({}),
            ),
            (
                Method::DELETE,
                format!("/{}/01890000-0000-7000-8000-000000000000", entity.path),
                json!({}),
            ),
        ] {
            let answer = reader
                .send(reader.request(method.clone(), &path).json(&body))
                .await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{method} {path}");
        }
    }
}

async fn last_key(owner: &Client) -> String {
    let list = owner.get("/auth/api-keys").await.json(StatusCode::OK).await;
    list["data"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_for_everything_manages_neither_the_account_nor_people() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let (_, bob) = ada.colleague(&started, "bob", "sales").await;
    let (client, made) = key(&ada, &["*"]).await;
    client.company("Acme").await;
    let (own, sales) = (made["id"].as_str().unwrap(), ada.role("sales").await);
    for (method, path, body) in [
        (Method::GET, "/auth/sessions".to_owned(), json!(null)),
        (Method::DELETE, "/auth/sessions".to_owned(), json!(null)),
        (Method::GET, "/auth/api-keys".to_owned(), json!(null)),
        (
            Method::POST,
            "/auth/api-keys".to_owned(),
            json!({"name": "Another", "scopes": ["read"]}),
        ),
        (Method::DELETE, format!("/auth/api-keys/{own}"), json!(null)),
        (Method::GET, "/auth/totp".to_owned(), json!(null)),
        (
            Method::POST,
            "/auth/totp/setup".to_owned(),
            json!({"password": PASSWORD}),
        ),
        (
            Method::POST,
            "/auth/totp/enable".to_owned(),
            json!({"code": "123456"}),
        ),
        (
            Method::POST,
            "/auth/totp/disable".to_owned(),
            json!({"password": PASSWORD, "code": "123456"}),
        ),
        (
            Method::POST,
            "/auth/change-password".to_owned(),
            json!({"current_password": PASSWORD, "password": "a staple that is correct"}),
        ),
        (
            Method::PATCH,
            "/auth/me".to_owned(),
            json!({"full_name": "Mallory"}),
        ),
        (
            Method::POST,
            "/auth/switch-organization".to_owned(),
            json!({"organization_id": own}),
        ),
        (
            Method::POST,
            "/users".to_owned(),
            json!({"full_name": "x", "role_id": sales}),
        ),
        (
            Method::PATCH,
            format!("/users/{bob}"),
            json!({"status": "suspended"}),
        ),
        (
            Method::POST,
            "/users/invite".to_owned(),
            json!({"email": "x@example.com", "role_id": sales}),
        ),
        (Method::POST, format!("/users/{bob}/invite"), json!(null)),
        (
            Method::POST,
            format!("/users/{bob}/deactivate"),
            json!({"hand_over_to": null}),
        ),
        (
            Method::POST,
            format!("/users/{bob}/reactivate"),
            json!(null),
        ),
        (Method::POST, "/roles".to_owned(), json!({"name": "x"})),
        (
            Method::PUT,
            format!("/roles/{sales}/permissions"),
            json!({"data": []}),
        ),
        (Method::DELETE, format!("/roles/{sales}"), json!(null)),
        (Method::POST, "/teams".to_owned(), json!({"name": "x"})),
    ] {
        let mut request = client.request(method.clone(), &path);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = client.send(request).await;
        assert_eq!(
            answer.status(),
            StatusCode::FORBIDDEN,
            "{method} {path}: {}",
            answer.0.text().await.unwrap()
        );
    }
    // Named in its scopes it may.
    let (manager, _) = key(&ada, &["*", "account:manage", "teams:create", "teams:read"]).await;
    manager
        .get("/auth/sessions")
        .await
        .json(StatusCode::OK)
        .await;
    manager
        .post("/teams", &json!({"name": "North"}))
        .await
        .json(StatusCode::CREATED)
        .await;
    manager
        .post(
            "/auth/api-keys",
            &json!({"name": "Wider", "scopes": ["users:update"]}),
        )
        .await
        .problem(StatusCode::FORBIDDEN, "forbidden")
        .await;
}

#[tokio::test]
async fn an_answer_that_a_session_got_is_not_repeated_for_a_key() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let (client, _) = key(&ada, &["companies:create"]).await;
    let contact = json!({"first_name": "Ada", "email": "secret@example.com"});
    let send = async |who: &Client| {
        who.send(
            who.request(Method::POST, "/contacts")
                .header("idempotency-key", "the same")
                .json(&contact),
        )
        .await
    };
    let made = send(&ada).await.json(StatusCode::CREATED).await;
    assert_eq!(send(&ada).await.json(StatusCode::CREATED).await, made);
    let refused = send(&client).await;
    assert!(
        !refused.status().is_success(),
        "{}",
        refused.0.text().await.unwrap()
    );
}

#[tokio::test]
async fn personal_data_stays_masked_for_a_key_without_it() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let contact = json!({"first_name": "Charles", "email": "charles@example.com"});
    ada.post("/contacts", &contact)
        .await
        .json(StatusCode::CREATED)
        .await;
    let (client, _) = key(&ada, &["contacts:read"]).await;
    let list = client.get("/contacts").await.json(StatusCode::OK).await;
    assert_eq!(list["data"][0]["email"], "c•••@example.com");
    let (client, _) = key(&ada, &["contacts:read", "personal_data:read"]).await;
    let list = client.get("/contacts").await.json(StatusCode::OK).await;
    assert_eq!(list["data"][0]["email"], "charles@example.com");
}
