//! Campaigns and conversations over HTTP: the addresses of document 001, leaving by a link, forms that anybody sends in,
//! secrets that go in and never come out.

use kith_http::HttpSettings;
use reqwest::{Method, StatusCode, redirect};
use serde_json::{Value as Json, json};

use crate::fixture::{Client, Started};

async fn made(client: &Client, path: &str, body: Json) -> Json {
    client
        .post(path, &body)
        .await
        .json(StatusCode::CREATED)
        .await
}

fn id(record: &Json) -> &str {
    record["id"].as_str().unwrap()
}

fn with_address(settings: &mut HttpSettings) {
    settings.public_url = Some("https://crm.example.com".to_owned());
}

#[tokio::test]
async fn every_campaign_address_of_document_001_answers_under_both_bases() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    for base in ["", "/a-crm"] {
        let campaign = made(
            &client,
            &format!("{base}/campaigns"),
            json!({"name": "Spring"}),
        )
        .await;
        let contact = made(
            &client,
            "/contacts",
            json!({"last_name": format!("C{base}")}),
        )
        .await;
        let at = |rest: &str| format!("{base}/campaigns/{}{rest}", id(&campaign));
        client
            .get(&format!("{base}/campaigns"))
            .await
            .json(StatusCode::OK)
            .await;
        client.get(&at("")).await.json(StatusCode::OK).await;
        client
            .put(&at(""), None, &json!({"description": "x"}))
            .await
            .json(StatusCode::OK)
            .await;
        let added = client
            .post(&at("/contacts"), &json!({"contact_ids": [id(&contact)]}))
            .await
            .json(StatusCode::CREATED)
            .await;
        assert_eq!(added, json!({"added": 1, "already": 0}));
        let again = client
            .post(&at("/contacts"), &json!({"contact_id": id(&contact)}))
            .await
            .json(StatusCode::CREATED)
            .await;
        assert_eq!(again, json!({"added": 0, "already": 1}));
        let listed = client
            .get(&at("/contacts?include=contact"))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(listed["data"][0]["contact"]["id"], contact["id"]);
        let figures = client.get(&at("/metrics")).await.json(StatusCode::OK).await;
        assert_eq!(figures["members"]["pending"], 1);
        let members = client.get(&at("/members")).await.json(StatusCode::OK).await;
        assert_eq!(members["data"].as_array().unwrap().len(), 1);
        let gone = client
            .delete(&at(&format!("/contacts/{}", id(&contact))))
            .await;
        assert_eq!(gone.status(), StatusCode::NO_CONTENT);
        let gone = client
            .delete(&at(&format!("/contacts/{}", id(&contact))))
            .await;
        gone.problem(StatusCode::NOT_FOUND, "not_found").await;
        client
            .post(&at("/members/from-audience"), &json!({}))
            .await
            .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
            .await;
        client
            .post(&at("/contacts"), &json!({}))
            .await
            .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
            .await;
        let task = made(
            &client,
            "/tasks",
            json!({"title": "Write copy", "subject_type": "campaign", "subject_id": id(&campaign)}),
        )
        .await;
        let tasks = client.get(&at("/tasks")).await.json(StatusCode::OK).await;
        assert_eq!(tasks["data"][0]["id"], task["id"]);
        assert_eq!(
            client.delete(&at("")).await.status(),
            StatusCode::NO_CONTENT
        );
    }
}

#[tokio::test]
async fn a_conversation_is_worked_from_the_inbox() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let (colleague, colleague_id) = client.colleague(&started, "bob", "sales").await;
    let lead = made(
        &client,
        "/leads",
        json!({"last_name": "Grace", "phone": "+14155550100"}),
    )
    .await;
    let body = json!({"subject_type": "lead", "subject_id": id(&lead), "channel": "sms"});
    let conversation = made(&client, "/conversations", body).await;
    let at = |rest: &str| format!("/conversations/{}{rest}", id(&conversation));
    let key = client
        .request(Method::POST, &at("/messages"))
        .header("idempotency-key", "k1");
    let message = client
        .send(key.json(&json!({"content": "Hello"})))
        .await
        .json(StatusCode::CREATED)
        .await;
    let key = client
        .request(Method::POST, &at("/messages"))
        .header("idempotency-key", "k1");
    let again = client
        .send(key.json(&json!({"content": "Hello"})))
        .await
        .json(StatusCode::CREATED)
        .await;
    assert_eq!(message["id"], again["id"]);
    let incoming =
        json!({"conversation_id": id(&conversation), "direction": "inbound", "content": "Yes"});
    made(&client, "/messages", incoming).await;
    let listed = client
        .get(&at("/messages?limit=1"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(listed["data"][0]["content"], "Yes");
    assert!(listed["page"]["next_cursor"].is_string());
    let inbox = client
        .get("/conversations/inbox")
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        (
            &inbox["data"][0]["my_unread"],
            &inbox["page"]["counts"]["unread"]
        ),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        client.post(&at("/read"), &json!({})).await.status(),
        StatusCode::NO_CONTENT
    );
    let inbox = client
        .get("/conversations/inbox?box=mine")
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(inbox["data"][0]["my_unread"], 0);
    client
        .get("/conversations/inbox?box=theirs")
        .await
        .problem(StatusCode::BAD_REQUEST, "bad_query")
        .await;
    colleague
        .get(&at(""))
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    let given = client
        .post(&at("/assign"), &json!({"user_id": colleague_id}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(given["assigned_to_id"], colleague_id.as_str());
    let closed = colleague
        .post(&at("/close"), &json!({}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(closed["status"], "closed");
    let open = colleague
        .post(&at("/reopen"), &json!({}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        (&open["status"], &open["closed_at"]),
        (&json!("active"), &Json::Null)
    );
    // Giving it away is a permission of its own.
    colleague
        .post(&at("/assign"), &json!({"user_id": null}))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    client
        .post(&at("/messages"), &json!({"content": ""}))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    client
        .post(&at("/messages"), &json!({"contents": "x"}))
        .await
        .problem(StatusCode::BAD_REQUEST, "malformed")
        .await;
    let under = client
        .get(&format!("/leads/{}/conversations", id(&lead)))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(under["data"][0]["id"], conversation["id"]);
    let said = client
        .get(&format!("/leads/{}/messages", id(&lead)))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(said["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn who_follows_the_link_in_a_message_leaves() {
    let started = Started::with(with_address).await;
    let client = started.owner("ada").await;
    let contact = made(
        &client,
        "/contacts",
        json!({"last_name": "Grace", "email": "grace@example.com"}),
    )
    .await;
    let template = made(
        &client,
        "/email-templates",
        json!({"name": "News", "category": "marketing", "subject": "News", "body_text": "{{ unsubscribe_url }}", "body_html": "<a href=\"{{ unsubscribe_url }}\">Leave</a>"}),
    )
    .await;
    let path = format!("/email-templates/{}/render", id(&template));
    let about = json!({"subject_type": "contact", "subject_id": id(&contact)});
    let rendered = client.post(&path, &about).await.json(StatusCode::OK).await;
    let link = rendered["text"].as_str().unwrap();
    let token = link
        .strip_prefix("https://crm.example.com/unsubscribe/")
        .unwrap()
        .to_owned();
    assert!(!token.contains("grace"), "the link tells nothing");
    let http = reqwest::Client::new();
    let url = started.url(&format!("/unsubscribe/{token}"));
    let page = http.get(&url).send().await.unwrap();
    assert_eq!(
        (
            page.status(),
            page.headers()["cache-control"].to_str().unwrap()
        ),
        (StatusCode::OK, "no-store")
    );
    assert!(
        page.text()
            .await
            .unwrap()
            .contains("<form method=\"post\">")
    );
    let none = client.get("/suppressions").await.json(StatusCode::OK).await;
    assert_eq!(none["data"], json!([]), "looking takes nobody off");
    // As mail programs do it (RFC 8058), and by the button; under the interface's address too.
    for url in [
        url.clone(),
        url.clone(),
        started.url(&format!("/api/v1/unsubscribe/{token}")),
    ] {
        let left = http
            .post(&url)
            .form(&[("List-Unsubscribe", "One-Click")])
            .send()
            .await
            .unwrap();
        assert_eq!(left.status(), StatusCode::OK);
    }
    let listed = client.get("/suppressions").await.json(StatusCode::OK).await;
    let only = &listed["data"].as_array().unwrap()[..];
    assert_eq!(only.len(), 1);
    assert_eq!(
        (&only[0]["address"], &only[0]["reason"]),
        (&json!("grace@example.com"), &json!("unsubscribed"))
    );
    // A link that was not made here says the same to everybody, whatever it is.
    let mut forged = token.clone().into_bytes();
    let last = forged.len() - 5;
    forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    let mut answers = Vec::new();
    for token in [forged.as_str(), "x", "AAAA", &"a".repeat(3_000)] {
        let url = started.url(&format!("/unsubscribe/{token}"));
        for request in [http.get(&url), http.post(&url)] {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::NOT_FOUND);
            answers.push(answer.text().await.unwrap());
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let missing = client
        .post(&path, &json!({}))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(missing["errors"][0]["field"], "variables.unsubscribe_url");
}

#[tokio::test]
async fn a_landing_page_makes_leads() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let campaign = made(&client, "/campaigns", json!({"name": "Spring"})).await;
    let form = made(
        &client,
        "/inbound-forms",
        json!({
            "name": "Contact us", "campaign_id": id(&campaign), "source": "google_ads", "allowed_origins": ["https://www.example.com"],
            "redirect_url": "https://www.example.com/thanks",
            "fields": [
                {"name": "mail", "field": "email", "required": true},
                {"name": "name", "field": "last_name"},
                {"name": "tel", "field": "phone"},
                {"name": "size", "label": "Team size"},
            ],
        }),
    )
    .await;
    let key = form["public_id"].as_str().unwrap();
    let url = started.url(&format!("/api/v1/forms/{key}"));
    let http = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .build()
        .unwrap();
    let post = |body: Json| {
        http.post(&url)
            .header("origin", "https://www.example.com")
            .json(&body)
            .send()
    };
    let thanks = post(json!({"mail": "Grace@Example.com", "name": "Hopper", "tel": "+1 415 555 0100", "size": 12, "utm_source": "google", "owner_id": "x"}))
        .await
        .unwrap();
    assert_eq!(thanks.status(), StatusCode::CREATED);
    assert_eq!(
        thanks.headers()["access-control-allow-origin"],
        "https://www.example.com"
    );
    let told: Json = thanks.json().await.unwrap();
    assert_eq!(
        told,
        json!({"message": "Thank you. We will be in touch.", "redirect_url": "https://www.example.com/thanks"})
    );
    let leads = client.get("/leads").await.json(StatusCode::OK).await;
    let lead = &leads["data"][0];
    for (field, value) in [
        ("email", json!("grace@example.com")),
        ("last_name", json!("Hopper")),
        ("phone", json!("+14155550100")),
        ("notes", json!("Team size: 12")),
        ("source", json!("google_ads")),
        ("utm_source", json!("google")),
        ("campaign_id", campaign["id"].clone()),
        ("owner_id", form["owner_id"].clone()),
    ] {
        assert_eq!(lead[field], value, "{field}");
    }
    // The same person again is a note on the lead; a robot is nothing; both get the same answer.
    for body in [
        json!({"mail": "grace@example.com", "size": 13}),
        json!({"mail": "bot@example.com", "company_fax": "x"}),
    ] {
        assert_eq!(post(body).await.unwrap().status(), StatusCode::CREATED);
    }
    let leads = client
        .get("/leads?total=true")
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(leads["page"]["total"], 1);
    let notes = client
        .get(&format!("/leads/{}/notes", id(lead)))
        .await
        .json(StatusCode::OK)
        .await;
    assert!(
        notes["data"][0]["content"]
            .as_str()
            .unwrap()
            .contains("Team size: 13")
    );
    let log = client
        .get(&format!("/inbound-forms/{}/submissions", id(&form)))
        .await
        .json(StatusCode::OK)
        .await;
    let outcomes: Vec<&str> = log["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["spam", "known", "accepted"]);
    assert!(
        !log.to_string().contains('@'),
        "no personal data in the log"
    );
    let form = client
        .get(&format!("/inbound-forms/{}", id(&form)))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(form["submission_count"], 2);
    // A page's own form goes on to the thanks.
    let page = http
        .post(&url)
        .header("origin", "https://www.example.com")
        .form(&[("mail", "ada@example.com"), ("name", "Ada L\u{f6}velace")])
        .send()
        .await
        .unwrap();
    assert_eq!(
        (page.status(), &page.headers()["location"]),
        (
            StatusCode::SEE_OTHER,
            &"https://www.example.com/thanks".parse().unwrap()
        )
    );
    // What is wrong is told under the page's own names.
    let wrong = post(json!({"name": "x", "tel": "12"})).await.unwrap();
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        wrong.headers()["access-control-allow-origin"],
        "https://www.example.com"
    );
    let wrong: Json = wrong.json().await.unwrap();
    assert_eq!(wrong["errors"][0]["field"], "mail");
    let wrong: Json = post(json!({"mail": "nobody", "tel": "12"}))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let mut named: Vec<&str> = wrong["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["field"].as_str().unwrap())
        .collect();
    named.sort_unstable();
    assert_eq!(named, ["mail", "tel"]);
    // Other sites, other keys, forms that are off.
    let refused = http
        .post(&url)
        .header("origin", "https://evil.example")
        .json(&json!({"mail": "e@example.com"}))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            refused.status(),
            refused.headers().get("access-control-allow-origin")
        ),
        (StatusCode::FORBIDDEN, None)
    );
    let asked = http
        .request(Method::OPTIONS, &url)
        .header("origin", "https://www.example.com")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            asked.status(),
            &asked.headers()["access-control-allow-methods"]
        ),
        (StatusCode::NO_CONTENT, &"POST".parse().unwrap())
    );
    let asked = http
        .request(Method::OPTIONS, &url)
        .header("origin", "https://evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(asked.status(), StatusCode::FORBIDDEN);
    client
        .patch(
            &format!("/inbound-forms/{}", id(&form)),
            None,
            &json!({"is_active": false}),
        )
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        post(json!({"mail": "x@example.com"}))
            .await
            .unwrap()
            .status(),
        StatusCode::NOT_FOUND
    );
    let unknown = started.url(&format!("/api/v1/forms/{}", "0".repeat(32)));
    assert_eq!(
        http.post(&unknown)
            .json(&json!({}))
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::NOT_FOUND
    );
    // Nobody floods.
    let mut last = StatusCode::OK;
    for _ in 0..30 {
        last = http
            .post(&unknown)
            .json(&json!({}))
            .send()
            .await
            .unwrap()
            .status();
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_forms_leads_outlive_its_owners_place() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let (_, bob) = client.colleague(&started, "bob", "manager").await;
    let form = made(
        &client,
        "/inbound-forms",
        json!({"name": "F", "owner_id": bob}),
    )
    .await;
    let url = started.url(&format!(
        "/api/v1/forms/{}",
        form["public_id"].as_str().unwrap()
    ));
    let http = reqwest::Client::new();
    let send = |mail: &str| http.post(&url).json(&json!({"email": mail})).send();
    assert_eq!(
        send("one@example.com").await.unwrap().status(),
        StatusCode::CREATED
    );
    started
        .script(&format!(
            "UPDATE memberships SET status = 'suspended' WHERE user_id = '{bob}'"
        ))
        .await;
    assert_eq!(
        send("two@example.com").await.unwrap().status(),
        StatusCode::CREATED
    );
    let leads = client
        .get("/leads?sort=created_at")
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        (&leads["data"][0]["owner_id"], &leads["data"][1]["owner_id"]),
        (&json!(bob), &Json::Null)
    );
}

#[tokio::test]
async fn secrets_are_set_and_never_shown() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let (sales, _) = client.colleague(&started, "bob", "sales").await;
    let account = made(
        &client,
        "/channel-accounts",
        json!({"name": "Main", "channel": "sms", "provider": "twilio", "address": "+14155550100"}),
    )
    .await;
    let path = format!("/channel-accounts/{}/secrets", id(&account));
    let body =
        json!({"secrets": {"auth_token": "very-secret-token", "signing_key": "another-secret"}});
    assert_eq!(
        client.put(&path, None, &body).await.status(),
        StatusCode::NO_CONTENT
    );
    sales
        .put(&path, None, &body)
        .await
        .problem(StatusCode::FORBIDDEN, "forbidden")
        .await;
    let shown = sales
        .get(&format!("/channel-accounts/{}", id(&account)))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(shown["secret_names"], json!(["auth_token", "signing_key"]));
    for path in [
        format!("/channel-accounts/{}", id(&account)),
        format!("/channel-accounts/{}/history", id(&account)),
        "/channel-accounts".to_owned(),
        "/activities".to_owned(),
        "/events".to_owned(),
        "/audit-log".to_owned(),
    ] {
        let answer = client.get(&path).await.0.text().await.unwrap();
        assert!(!answer.contains("very-secret"), "{path}");
    }
    for bad in [
        json!({"secrets": {"Bad Name": "x"}}),
        json!({"secrets": {"x": ""}}),
        json!({"secrets": {"x": 1}}),
        json!({"secrets": {"x": "y".repeat(20_000)}}),
    ] {
        client
            .put(&path, None, &bad)
            .await
            .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
            .await;
    }
    client
        .put(&path, None, &json!({"token": "x"}))
        .await
        .problem(StatusCode::BAD_REQUEST, "malformed")
        .await;
}
