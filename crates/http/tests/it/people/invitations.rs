//! Invitations: refused by field, sent again, run out, taken back.

use reqwest::StatusCode;
use serde_json::{Value as Json, json};

use crate::fixture::{PASSWORD, Started};

use super::{NOBODY, fields, invite, post};

#[tokio::test]
async fn bad_invitations_are_refused_by_field() {
    let started = Started::new().await;
    let (ada, bob) = (started.owner("ada").await, started.owner("bob").await);
    let role = ada.role("member").await;
    for (body, field) in [
        (json!({"role_id": role}), "email"),
        (json!({"email": "no address", "role_id": role}), "email"),
        (
            json!({"email": "x@example.com", "role_id": NOBODY}),
            "role_id",
        ),
        (
            json!({"email": "x@example.com", "role_id": bob.role("member").await}),
            "role_id",
        ),
        (
            json!({"email": "x@example.com", "role_id": role, "team_id": NOBODY}),
            "team_id",
        ),
    ] {
        let problem = ada
            .post("/users/invite", &body)
            .await
            .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
            .await;
        assert_eq!(fields(&problem), [field], "{problem}");
    }
    for body in [
        json!([]),
        json!({"email": "x@example.com", "role_id": role, "status": "active"}),
    ] {
        ada.post("/users/invite", &body)
            .await
            .problem(StatusCode::BAD_REQUEST, "malformed")
            .await;
    }
    invite(&ada, "x@example.com", "member")
        .await
        .json(StatusCode::CREATED)
        .await;
    for taken in ["x@example.com", "ada@example.com"] {
        let problem = invite(&ada, taken, "member")
            .await
            .problem(StatusCode::CONFLICT, "state_conflict")
            .await;
        assert_eq!(fields(&problem), ["email"]);
    }
    // Another organization may invite the same person.
    invite(&bob, "x@example.com", "member")
        .await
        .json(StatusCode::CREATED)
        .await;
    let mails = started.mail().await;
    assert_eq!(
        mails
            .iter()
            .filter(|mail| mail.kind == "invitation")
            .count(),
        2
    );
}

#[tokio::test]
async fn names_that_look_like_headers_stay_names() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    ada.patch(
        "/auth/me",
        None,
        &json!({"full_name": "Ada\u{2028}Bcc: everyone@example.com"}),
    )
    .await;
    ada.patch(
        "/organization",
        None,
        &json!({"name": "Win https://evil.example \u{85}Subject: x"}),
    )
    .await
    .json(StatusCode::OK)
    .await;
    let body = json!({"email": "x@example.com", "full_name": "X <script>\u{b}To: y@example.com", "role_id": ada.role("member").await});
    ada.post("/users/invite", &body)
        .await
        .json(StatusCode::CREATED)
        .await;
    let mail = started.mail_to("invitation", "x@example.com").await;
    let (head, _) = mail.text.split_once("\r\n\r\n").unwrap();
    let names: Vec<&str> = head
        .lines()
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap())
        .collect();
    let expected = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ];
    assert_eq!(names, expected, "{head}");
    assert!(!mail.text.contains("https://evil.example"), "{}", mail.text);
    let html = mail.text.split_once("text/html").unwrap().1;
    assert!(!html.contains("<script>"), "{html}");
}

#[tokio::test]
async fn invitations_are_sent_again_run_out_and_are_taken_back() {
    let started = Started::new().await;
    let (ada, eve) = (started.owner("ada").await, started.owner("eve").await);
    let bob = invite(&ada, "bob@example.com", "sales")
        .await
        .json(StatusCode::CREATED)
        .await;
    let path = format!("/users/{}/invite", bob["id"].as_str().unwrap());
    let first = started.mail_to("invitation", "bob@example.com").await;
    assert_eq!(
        post(&ada, path.clone()).await.status(),
        StatusCode::ACCEPTED
    );
    let second = started.mail_to("invitation", "bob@example.com").await;
    let nobody = started.nobody();
    for token in [&first.token, &second.token] {
        nobody
            .get(&format!("/auth/invitation?token={token}"))
            .await
            .json(StatusCode::OK)
            .await;
    }
    started
        .script("update one_time_tokens set expires_at = now() where purpose = 'invitation'")
        .await;
    let accept = |token: &str| json!({"token": token, "password": PASSWORD});
    nobody
        .post("/auth/accept-invitation", &accept(&first.token))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "token_invalid")
        .await;
    post(&ada, path.clone()).await;
    let third = started.mail_to("invitation", "bob@example.com").await;
    // Nobody else's.
    eve.delete(&path)
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    post(&eve, path.clone())
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    assert_eq!(ada.delete(&path).await.status(), StatusCode::NO_CONTENT);
    nobody
        .post("/auth/accept-invitation", &accept(&third.token))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "token_invalid")
        .await;
    ada.get(&format!("/users/{}", bob["id"].as_str().unwrap()))
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    // A mail that waits for a server goes nowhere once the invitation is withdrawn.
    let zed = invite(&ada, "zed@example.com", "sales")
        .await
        .json(StatusCode::CREATED)
        .await;
    ada.delete(&format!("/users/{}/invite", zed["id"].as_str().unwrap()))
        .await;
    assert!(
        started
            .mail()
            .await
            .iter()
            .all(|mail| mail.kind != "invitation")
    );
    // Somebody to whom work was given stays, known by name.
    let carl = invite(&ada, "carl@example.com", "sales")
        .await
        .json(StatusCode::CREATED)
        .await;
    ada.post(
        "/companies",
        &json!({"name": "Acme", "owner_id": carl["id"]}),
    )
    .await
    .json(StatusCode::CREATED)
    .await;
    let carls = carl["id"].as_str().unwrap();
    assert_eq!(
        ada.delete(&format!("/users/{carls}/invite")).await.status(),
        StatusCode::NO_CONTENT
    );
    let shown = ada
        .get(&format!("/users/{carls}"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        (&shown["status"], &shown["invited_at"]),
        (&json!("invited"), &Json::Null)
    );
    // And is invited after all.
    assert_eq!(
        post(&ada, format!("/users/{carls}/invite")).await.status(),
        StatusCode::ACCEPTED
    );
    let mail = started.mail_to("invitation", "carl@example.com").await;
    nobody
        .post("/auth/accept-invitation", &accept(&mail.token))
        .await
        .json(StatusCode::OK)
        .await;
    ada.delete(&format!("/users/{carls}/invite"))
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    post(&ada, format!("/users/{carls}/invite"))
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    let mut last = StatusCode::ACCEPTED;
    for _ in 0..8 {
        last = post(&ada, format!("/users/{NOBODY}/invite")).await.status();
    }
    assert_eq!(
        last,
        StatusCode::TOO_MANY_REQUESTS,
        "mail is not for bombing"
    );
}

#[tokio::test]
async fn a_corrected_address_makes_the_links_to_the_old_one_worthless() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let bob = invite(&ada, "bbo@example.com", "sales")
        .await
        .json(StatusCode::CREATED)
        .await;
    let path = format!("/users/{}", bob["id"].as_str().unwrap());
    let wrong = started.mail_to("invitation", "bbo@example.com").await;
    ada.patch(&path, None, &json!({"email": "bob@example.com"}))
        .await
        .json(StatusCode::OK)
        .await;
    let nobody = started.nobody();
    nobody
        .post(
            "/auth/accept-invitation",
            &json!({"token": wrong.token, "password": PASSWORD}),
        )
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "token_invalid")
        .await;
    post(&ada, format!("{path}/invite")).await;
    let right = started.mail_to("invitation", "bob@example.com").await;
    nobody
        .post(
            "/auth/accept-invitation",
            &json!({"token": right.token, "password": PASSWORD}),
        )
        .await
        .json(StatusCode::OK)
        .await;
    // Joined, the address is theirs alone to change.
    let problem = ada
        .patch(&path, None, &json!({"email": "else@example.com"}))
        .await
        .problem(StatusCode::FORBIDDEN, "forbidden")
        .await;
    assert_eq!(fields(&problem), ["full_name"]);
}
