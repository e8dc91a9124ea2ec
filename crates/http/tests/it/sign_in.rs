//! Signing in, by token and by cookie.

use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::fixture::{Answer, PASSWORD, Started, registration};

#[tokio::test]
async fn a_person_registers_signs_in_renews_and_signs_out() {
    let started = Started::new().await;
    let mut client = started.nobody();
    client
        .get("/companies")
        .await
        .problem(StatusCode::UNAUTHORIZED, "unauthenticated")
        .await;

    let session = client
        .post("/auth/register", &registration("ada"))
        .await
        .json(StatusCode::CREATED)
        .await;
    assert_eq!(session["token_type"], "Bearer");
    assert_eq!(session["organization"]["name"], "Organization ada");

    let login = json!({"email": "ada@example.com", "password": PASSWORD});
    let session = client
        .post("/auth/login", &login)
        .await
        .json(StatusCode::OK)
        .await;
    client.token = session["access_token"].as_str().map(str::to_owned);
    let me = client.get("/auth/me").await.json(StatusCode::OK).await;
    assert_eq!(me["role"]["key"], "owner");
    assert_eq!(me["user"]["email"], "ada@example.com");
    assert!(
        me["grants"]
            .as_array()
            .unwrap()
            .contains(&json!({"resource": "companies", "action": "create", "scope": "all"}))
    );
    assert_eq!(me["memberships"].as_array().unwrap().len(), 1);

    let refreshed = client
        .post(
            "/auth/refresh",
            &json!({"refresh_token": session["refresh_token"]}),
        )
        .await
        .json(StatusCode::OK)
        .await;
    assert_ne!(refreshed["refresh_token"], session["refresh_token"]);
    client.token = refreshed["access_token"].as_str().map(str::to_owned);
    assert_eq!(
        client.post("/auth/logout", &json!({})).await.status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        client.get("/auth/me").await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_registration_is_told_at_once() {
    let started = Started::new().await;
    let client = started.nobody();
    let body = json!({"email": "no address", "password": "short", "full_name": "", "organization_name": ""});
    let problem = client
        .post("/auth/register", &body)
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    let fields: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|error| error["field"].as_str())
        .collect();
    for field in ["email", "password", "full_name", "organization_name"] {
        assert!(fields.contains(&field), "{field} is missing in {problem}");
    }
    let login = json!({"email": "nobody@example.com", "password": PASSWORD});
    client
        .post("/auth/login", &login)
        .await
        .problem(StatusCode::UNAUTHORIZED, "invalid_credentials")
        .await;
    let unknown = json!({"email": "a@example.com", "password": PASSWORD, "remember": true});
    client
        .post("/auth/login", &unknown)
        .await
        .problem(StatusCode::BAD_REQUEST, "malformed")
        .await;
}

#[tokio::test]
async fn only_the_first_person_registers_unless_the_operator_opens_it() {
    let started =
        Started::with(|settings| settings.registration = kith_auth::RegistrationPolicy::First)
            .await;
    let client = started.nobody();
    let options = client.get("/auth/options").await.json(StatusCode::OK).await;
    assert_eq!(options, json!({"registration_open": true, "first": true}));
    client
        .post("/auth/register", &registration("first"))
        .await
        .json(StatusCode::CREATED)
        .await;
    client
        .post("/auth/register", &registration("second"))
        .await
        .problem(StatusCode::FORBIDDEN, "registration_closed")
        .await;
}

#[tokio::test]
async fn whoever_sits_at_a_machine_that_serves_itself_may_register() {
    let started = Started::with(|settings| {
        settings.registration = kith_auth::RegistrationPolicy::First;
        settings.listens_on_loopback = true;
    })
    .await;
    let client = started.nobody();
    client
        .post("/auth/register", &registration("first"))
        .await
        .json(StatusCode::CREATED)
        .await;
    client
        .post("/auth/register", &registration("second"))
        .await
        .json(StatusCode::CREATED)
        .await;
    // Through a proxy it is somebody else.
    let forwarded = client
        .request(Method::POST, "/auth/register")
        .header("x-forwarded-for", "203.0.113.7")
        .json(&registration("third"));
    client
        .send(forwarded)
        .await
        .problem(StatusCode::FORBIDDEN, "registration_closed")
        .await;
}

/// The cookies that an answer sets, as a browser sends them back.
fn cookies(answer: &Answer) -> Vec<String> {
    answer
        .0
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap().to_owned())
        .collect()
}

fn sent_back(cookies: &[String], name: &str) -> String {
    let cookie = cookies
        .iter()
        .find(|cookie| cookie.starts_with(&format!("{name}=")))
        .unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_browsers_session_is_in_cookies_that_other_sites_cannot_use() {
    let started = Started::new().await;
    let client = started.nobody();
    let register = client
        .request(Method::POST, "/auth/register")
        .header("x-kith-client", "web")
        .json(&registration("web"));
    let answer = client.send(register).await;
    let set = cookies(&answer);
    assert!(
        set.iter()
            .all(|cookie| cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax")),
        "{set:?}"
    );
    let body = answer.json(StatusCode::CREATED).await;
    assert_eq!(
        (body.get("access_token"), body.get("refresh_token")),
        (None, None)
    );

    let access = sent_back(&set, "kith_access");
    let read = client
        .request(Method::GET, "/companies")
        .header("cookie", &access);
    assert_eq!(client.send(read).await.status(), StatusCode::OK);

    let company = json!({"name": "Acme"});
    let create = || {
        client
            .request(Method::POST, "/companies")
            .header("cookie", &access)
            .json(&company)
    };
    client
        .send(create())
        .await
        .problem(StatusCode::FORBIDDEN, "csrf")
        .await;
    let cross_site = create()
        .header("x-kith-client", "web")
        .header("sec-fetch-site", "cross-site");
    client
        .send(cross_site)
        .await
        .problem(StatusCode::FORBIDDEN, "csrf")
        .await;
    let other_origin = create()
        .header("x-kith-client", "web")
        .header("origin", "https://evil.example");
    client
        .send(other_origin)
        .await
        .problem(StatusCode::FORBIDDEN, "csrf")
        .await;
    let own = create()
        .header("x-kith-client", "web")
        .header("sec-fetch-site", "same-origin");
    client.send(own).await.json(StatusCode::CREATED).await;

    let refresh = sent_back(&set, "kith_refresh");
    let renew = |header: bool| {
        let request = client
            .request(Method::POST, "/auth/refresh")
            .header("cookie", &refresh)
            .json(&json!({}));
        if header {
            request.header("x-kith-client", "web")
        } else {
            request
        }
    };
    client
        .send(renew(false))
        .await
        .problem(StatusCode::FORBIDDEN, "csrf")
        .await;
    let renewed = client.send(renew(true)).await;
    let again = cookies(&renewed);
    assert_ne!(sent_back(&again, "kith_refresh"), refresh);
    let body: Json = renewed.json(StatusCode::OK).await;
    assert_eq!(body.get("access_token"), None);
}
