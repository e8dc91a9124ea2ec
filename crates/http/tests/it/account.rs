//! One's own account over HTTP: profile, password, sessions, second factor.

use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};
use totp_rs::{Builder, Secret};

use crate::fixture::{Client, PASSWORD, Started, registration};

const NEW: &str = "a staple that is correct";

fn fields(problem: &Json) -> Vec<&str> {
    problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect()
}

async fn login(client: &Client, body: Json) -> Client {
    let session = client
        .post("/auth/login", &body)
        .await
        .json(StatusCode::OK)
        .await;
    client.with_token(&session["access_token"])
}

#[tokio::test]
async fn a_profile_is_changed_and_shown() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let body = json!({"full_name": "Ada King", "phone": "+44 20 7946 0018", "timezone": "Europe/London", "locale": "en-GB", "avatar_url": null});
    let me = ada
        .patch("/auth/me", None, &body)
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(me["user"]["full_name"], "Ada King");
    assert_eq!(me["user"]["phone"], "+442079460018");
    let me = ada.get("/auth/me").await.json(StatusCode::OK).await;
    assert_eq!(me["user"]["timezone"], "Europe/London");
    let problem = ada
        .patch(
            "/auth/me",
            None,
            &json!({"full_name": "", "timezone": "Nowhere", "email": "x@example.com"}),
        )
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(fields(&problem), ["full_name", "timezone", "email"]);
    let history = ada
        .get(&format!(
            "/users/{}/history",
            me["user"]["id"].as_str().unwrap()
        ))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(history["data"][0]["changes"][0]["field"], "full_name");
}

#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_it() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let there = login(
        &started.nobody(),
        json!({"email": "ada@example.com", "password": PASSWORD}),
    )
    .await;
    let change = |current: &str, new: &str| json!({"current_password": current, "password": new});
    let problem = ada
        .post("/auth/change-password", &change("wrong horse battery", NEW))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(fields(&problem), ["current_password"]);
    let problem = ada
        .post("/auth/change-password", &change(PASSWORD, "short"))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(fields(&problem), ["password"]);
    assert_eq!(
        ada.post("/auth/change-password", &change(PASSWORD, NEW))
            .await
            .status(),
        StatusCode::NO_CONTENT
    );
    ada.get("/auth/me").await.json(StatusCode::OK).await;
    assert_eq!(
        there.get("/auth/me").await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let there = login(
        &started.nobody(),
        json!({"email": "ada@example.com", "password": PASSWORD}),
    )
    .await;
    let bob = started.owner("bob").await;
    let list = ada.get("/auth/sessions").await.json(StatusCode::OK).await;
    let sessions = list["data"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    for name in [
        "id",
        "current",
        "created_at",
        "last_used_at",
        "ip_address",
        "user_agent",
        "expires_at",
    ] {
        assert!(sessions[0].get(name).is_some(), "{name}");
    }
    let other = sessions.iter().find(|one| one["current"] == false).unwrap()["id"]
        .as_str()
        .unwrap();
    bob.delete(&format!("/auth/sessions/{other}"))
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    there.get("/auth/me").await.json(StatusCode::OK).await;
    assert_eq!(
        ada.delete(&format!("/auth/sessions/{other}"))
            .await
            .status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        there.get("/auth/me").await.status(),
        StatusCode::UNAUTHORIZED
    );
    ada.delete(&format!("/auth/sessions/{other}"))
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    let third = login(
        &started.nobody(),
        json!({"email": "ada@example.com", "password": PASSWORD}),
    )
    .await;
    assert_eq!(
        ada.delete("/auth/sessions").await.status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        third.get("/auth/me").await.status(),
        StatusCode::UNAUTHORIZED
    );
    ada.get("/auth/me").await.json(StatusCode::OK).await;
}

#[tokio::test]
async fn signing_in_takes_a_code_once_the_second_factor_is_on() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    assert_eq!(
        ada.get("/auth/totp").await.json(StatusCode::OK).await,
        json!({"enabled": false, "recovery_codes_left": 0})
    );
    let problem = ada
        .post(
            "/auth/totp/setup",
            &json!({"password": "wrong horse battery"}),
        )
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(fields(&problem), ["password"]);
    let setup = ada
        .post("/auth/totp/setup", &json!({"password": PASSWORD}))
        .await;
    assert_eq!(setup.header("cache-control"), "no-store");
    let setup = setup.json(StatusCode::OK).await;
    assert!(
        setup["uri"]
            .as_str()
            .unwrap()
            .starts_with("otpauth://totp/Kith:ada%40example.com?"),
        "{setup}"
    );
    let secret = Secret::try_from_base32(setup["secret"].as_str().unwrap()).unwrap();
    let totp = Builder::new().with_secret(secret).build().unwrap();
    let problem = ada
        .post("/auth/totp/enable", &json!({"code": "12345"}))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(fields(&problem), ["code"]);
    let code = totp.generate_current().to_string();
    let enabled = ada
        .post("/auth/totp/enable", &json!({"code": code}))
        .await
        .json(StatusCode::OK)
        .await;
    let recovery = enabled["recovery_codes"].as_array().unwrap();
    assert_eq!(recovery.len(), 10);
    assert_eq!(
        ada.get("/auth/totp").await.json(StatusCode::OK).await,
        json!({"enabled": true, "recovery_codes_left": 10})
    );

    let nobody = started.nobody();
    let body = |totp: Json| json!({"email": "ada@example.com", "password": PASSWORD, "totp": totp});
    nobody
        .post(
            "/auth/login",
            &json!({"email": "ada@example.com", "password": PASSWORD}),
        )
        .await
        .problem(StatusCode::UNAUTHORIZED, "totp_required")
        .await;
    // The code that turned it on is spent.
    for wrong in [json!(code), json!("abc")] {
        nobody
            .post("/auth/login", &body(wrong))
            .await
            .problem(StatusCode::UNAUTHORIZED, "totp_invalid")
            .await;
    }
    login(&nobody, body(recovery[0].clone())).await;
    let renewed = ada
        .post("/auth/totp/recovery-codes", &json!({"code": recovery[1]}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(renewed["recovery_codes"].as_array().unwrap().len(), 10);
    let off = json!({"password": PASSWORD, "code": renewed["recovery_codes"][0]});
    assert_eq!(
        ada.post("/auth/totp/disable", &off).await.status(),
        StatusCode::NO_CONTENT
    );
    ada.post("/auth/totp/disable", &off)
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    login(
        &nobody,
        json!({"email": "ada@example.com", "password": PASSWORD}),
    )
    .await;
}

/// Every change of the account that a cookie could carry, caused by another site.
#[tokio::test]
async fn another_site_changes_nothing_of_an_account() {
    let started = Started::new().await;
    let client = started.nobody();
    let register = client
        .request(Method::POST, "/auth/register")
        .header("x-kith-client", "web")
        .json(&registration("web"));
    let answer = client.send(register).await;
    let cookie = answer
        .0
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap())
        .find(|value| value.starts_with("kith_access="))
        .and_then(|value| value.split(';').next())
        .unwrap()
        .to_owned();
    let id = uuid_like();
    for (method, path, body) in [
        (
            Method::PATCH,
            "/auth/me".to_owned(),
            json!({"full_name": "Mallory"}),
        ),
        (
            Method::POST,
            "/auth/change-password".to_owned(),
            json!({"current_password": PASSWORD, "password": NEW}),
        ),
        (
            Method::POST,
            "/auth/verify-email/resend".to_owned(),
            json!({}),
        ),
        (Method::DELETE, "/auth/sessions".to_owned(), json!({})),
        (Method::DELETE, format!("/auth/sessions/{id}"), json!({})),
        (
            Method::POST,
            "/auth/api-keys".to_owned(),
            json!({"name": "x", "scopes": ["read"]}),
        ),
        (Method::DELETE, format!("/auth/api-keys/{id}"), json!({})),
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
            "/auth/totp/recovery-codes".to_owned(),
            json!({"code": "123456"}),
        ),
        (
            Method::POST,
            "/auth/totp/disable".to_owned(),
            json!({"password": PASSWORD, "code": "123456"}),
        ),
        (
            Method::POST,
            "/users/invite".to_owned(),
            json!({"email": "x@example.com", "role_id": id}),
        ),
        (Method::POST, format!("/users/{id}/invite"), json!({})),
        (Method::DELETE, format!("/users/{id}/invite"), json!({})),
        (
            Method::POST,
            format!("/users/{id}/deactivate"),
            json!({"hand_over_to": null}),
        ),
        (Method::POST, format!("/users/{id}/reactivate"), json!({})),
        (
            Method::PUT,
            format!("/roles/{id}/permissions"),
            json!({"data": []}),
        ),
    ] {
        for headers in [
            &[][..],
            &[("x-kith-client", "web"), ("sec-fetch-site", "cross-site")],
            &[("x-kith-client", "web"), ("origin", "https://evil.example")],
        ] {
            let mut request = client
                .request(method.clone(), &path)
                .header("cookie", &cookie)
                .json(&body);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            client
                .send(request)
                .await
                .problem(StatusCode::FORBIDDEN, "csrf")
                .await;
        }
    }
    // Another site's form cannot sign its visitor in by an invitation of its own either.
    let planted = client
        .request(Method::POST, "/auth/accept-invitation")
        .header("x-kith-client", "web")
        .header("sec-fetch-site", "cross-site")
        .json(&json!({"token": "x", "password": NEW}));
    client
        .send(planted)
        .await
        .problem(StatusCode::FORBIDDEN, "csrf")
        .await;
}

fn uuid_like() -> &'static str {
    "01890000-0000-7000-8000-000000000000"
}
