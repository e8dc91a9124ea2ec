//! Forgotten passwords and addresses to confirm, from the request to the link of the mail.

use reqwest::StatusCode;
use serde_json::json;

use crate::fixture::{PASSWORD, Started};

const NEW: &str = "a staple that is correct";

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_the_link_of_a_mail() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let me = ada.get("/auth/me").await.json(StatusCode::OK).await;
    assert_eq!(me["user"]["is_verified"], false);
    let mail = started.mail_to("verify-email", "ada@example.com").await;
    assert!(mail.text.contains(&format!(
        "https://crm.example.com/verify-email?token={}",
        mail.token
    )));
    let nobody = started.nobody();
    let verify = json!({"token": mail.token});
    assert_eq!(
        nobody.post("/auth/verify-email", &verify).await.status(),
        StatusCode::NO_CONTENT
    );
    let used = nobody
        .post("/auth/verify-email", &verify)
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "token_invalid")
        .await;
    assert_eq!(used["errors"][0]["field"], "token");
    let me = ada.get("/auth/me").await.json(StatusCode::OK).await;
    assert_eq!(me["user"]["is_verified"], true);

    let forgot = nobody
        .post(
            "/auth/forgot-password",
            &json!({"email": "ada@example.com"}),
        )
        .await;
    assert_eq!(forgot.status(), StatusCode::ACCEPTED);
    let mail = started.mail_to("reset-password", "ada@example.com").await;
    let weak = nobody
        .post(
            "/auth/reset-password",
            &json!({"token": mail.token, "password": "password2024"}),
        )
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(weak["errors"][0]["field"], "password");
    let reset = json!({"token": mail.token, "password": NEW});
    assert_eq!(
        nobody.post("/auth/reset-password", &reset).await.status(),
        StatusCode::NO_CONTENT
    );
    nobody
        .post("/auth/reset-password", &reset)
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "token_invalid")
        .await;
    ada.get("/auth/me")
        .await
        .problem(StatusCode::UNAUTHORIZED, "not_a_member")
        .await;
    let login = |password: &str| json!({"email": "ada@example.com", "password": password});
    nobody
        .post("/auth/login", &login(PASSWORD))
        .await
        .problem(StatusCode::UNAUTHORIZED, "invalid_credentials")
        .await;
    nobody
        .post("/auth/login", &login(NEW))
        .await
        .json(StatusCode::OK)
        .await;
    started.mail_to("password-changed", "ada@example.com").await;
}

#[tokio::test]
async fn answers_do_not_tell_whether_an_address_has_an_account() {
    let started = Started::new().await;
    started.owner("ada").await;
    started.mail().await;
    let mut answers = Vec::new();
    for email in ["ada@example.com", "nobody@example.com", "no address at all"] {
        let answer = started
            .nobody()
            .post("/auth/forgot-password", &json!({"email": email}))
            .await;
        let mut headers: Vec<String> = answer
            .0
            .headers()
            .keys()
            .map(|name| name.as_str().to_owned())
            .collect();
        headers.sort();
        answers.push((answer.status(), headers, answer.0.text().await.unwrap()));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    let mails = started.mail().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
}

#[tokio::test]
async fn a_link_is_asked_for_again_by_whoever_is_signed_in() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    started.mail().await;
    assert_eq!(
        ada.post("/auth/verify-email/resend", &json!({}))
            .await
            .status(),
        StatusCode::ACCEPTED
    );
    let mail = started.mail_to("verify-email", "ada@example.com").await;
    assert!(!mail.token.is_empty());
    started
        .nobody()
        .post("/auth/verify-email/resend", &json!({}))
        .await
        .problem(StatusCode::UNAUTHORIZED, "unauthenticated")
        .await;
    let mut last = StatusCode::ACCEPTED;
    for _ in 0..10 {
        last = ada
            .post("/auth/verify-email/resend", &json!({}))
            .await
            .status();
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let started = Started::new().await;
    let nobody = started.nobody();
    for (path, body) in [
        ("/auth/forgot-password", json!({})),
        (
            "/auth/forgot-password",
            json!({"email": "a@example.com", "name": "x"}),
        ),
        ("/auth/reset-password", json!({"token": "x"})),
        ("/auth/verify-email", json!({"token": 7})),
        ("/auth/accept-invitation", json!({"password": "x"})),
    ] {
        nobody
            .post(path, &body)
            .await
            .problem(StatusCode::BAD_REQUEST, "malformed")
            .await;
    }
    for (path, body) in [
        (
            "/auth/reset-password",
            json!({"token": "x", "password": NEW}),
        ),
        ("/auth/verify-email", json!({"token": ""})),
        (
            "/auth/accept-invitation",
            json!({"token": "x".repeat(43), "password": NEW}),
        ),
    ] {
        nobody
            .post(path, &body)
            .await
            .problem(StatusCode::UNPROCESSABLE_ENTITY, "token_invalid")
            .await;
    }
    for query in ["", "?token=", "?token=nonsense"] {
        nobody
            .get(&format!("/auth/invitation{query}"))
            .await
            .problem(StatusCode::UNPROCESSABLE_ENTITY, "token_invalid")
            .await;
    }
}
