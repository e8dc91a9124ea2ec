//! What is special about leads and tasks over HTTP, and the addresses that document 001 names.

use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::fixture::{Client, Started};

async fn made(client: &Client, path: &str, body: Json) -> Json {
    client
        .post(path, &body)
        .await
        .json(StatusCode::CREATED)
        .await
}

/// Method and path of every endpoint of document 001 for the records that are there. `{c}` … are ids.
const ENDPOINTS: &[(&str, &str)] = &[
    ("GET", "companies"),
    ("POST", "companies"),
    ("GET", "companies/{c}"),
    ("PUT", "companies/{c}"),
    ("GET", "companies/{c}/contacts"),
    ("GET", "companies/{c}/deals"),
    ("GET", "companies/{c}/activities"),
    ("GET", "companies/{c}/notes"),
    ("GET", "contacts"),
    ("POST", "contacts"),
    ("GET", "contacts/{p}"),
    ("PUT", "contacts/{p}"),
    ("GET", "contacts/{p}/deals"),
    ("GET", "contacts/{p}/activities"),
    ("GET", "contacts/{p}/notes"),
    ("GET", "deals"),
    ("POST", "deals"),
    ("GET", "deals/{d}"),
    ("PUT", "deals/{d}"),
    ("PUT", "deals/{d}/stage"),
    ("GET", "deals/{d}/activities"),
    ("GET", "deals/{d}/notes"),
    ("GET", "deals/pipeline"),
    ("GET", "companies/{c}/projects"),
    ("GET", "projects"),
    ("POST", "projects"),
    ("GET", "projects/{j}"),
    ("PUT", "projects/{j}"),
    ("GET", "projects/{j}/tasks"),
    ("GET", "projects/{j}/activities"),
    ("GET", "projects/{j}/notes"),
    ("GET", "projects/{j}/members"),
    ("GET", "projects/{j}/time-entries"),
    ("GET", "projects/{j}/leads"),
    ("GET", "tasks"),
    ("POST", "tasks"),
    ("GET", "tasks/{t}"),
    ("PUT", "tasks/{t}"),
    ("PUT", "tasks/{t}/complete"),
    ("GET", "tasks/my-tasks"),
    ("GET", "activities"),
    ("POST", "notes"),
    ("GET", "notes/{n}"),
    ("PUT", "notes/{n}"),
    ("DELETE", "notes/{n}"),
    ("DELETE", "tasks/{t}"),
    ("DELETE", "projects/{j}"),
    ("DELETE", "deals/{d}"),
    ("DELETE", "contacts/{p}"),
    ("DELETE", "companies/{c}"),
];

#[tokio::test]
async fn every_endpoint_of_document_001_answers_under_both_bases() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    for base in ["", "/a-crm"] {
        let company = made(&client, "/companies", json!({"name": "Acme"})).await;
        let contact = made(&client, "/contacts", json!({"last_name": "Ng"})).await;
        let deal = made(&client, "/deals", json!({"name": "Website"})).await;
        let task = made(&client, "/tasks", json!({"title": "Call"})).await;
        let project = made(
            &client,
            "/projects",
            json!({"name": "Website", "company_id": company["id"]}),
        )
        .await;
        let another = json!({"name": "Another", "company_id": company["id"]});
        let about =
            json!({"content": "Heard", "subject_type": "company", "subject_id": company["id"]});
        let note = made(&client, "/notes", about.clone()).await;
        for (method, path) in ENDPOINTS {
            let mut path = (*path).to_owned();
            for (name, record) in [
                ("{c}", &company),
                ("{p}", &contact),
                ("{d}", &deal),
                ("{t}", &task),
                ("{j}", &project),
                ("{n}", &note),
            ] {
                path = path.replace(name, record["id"].as_str().unwrap());
            }
            let body = match (*method, path.as_str()) {
                ("POST", "companies" | "deals") => json!({"name": "Another"}),
                ("POST", "contacts") => json!({"last_name": "Another"}),
                ("POST", "projects") => another.clone(),
                ("POST", "tasks") => json!({"title": "Another"}),
                ("POST", "notes") => about.clone(),
                ("PUT", path) if path.ends_with("/stage") => json!({"stage": "proposal"}),
                ("PUT", path) if path.starts_with("notes/") => json!({"is_pinned": true}),
                ("PUT", path) if !path.ends_with("/complete") => json!({"custom_fields": {}}),
                _ => Json::Null,
            };
            let request =
                client.request(method.parse::<Method>().unwrap(), &format!("{base}/{path}"));
            let request = if body.is_null() {
                request
            } else {
                request.json(&body)
            };
            let status = client.send(request).await.0.status();
            let expected = match *method {
                "POST" => StatusCode::CREATED,
                "DELETE" => StatusCode::NO_CONTENT,
                _ => StatusCode::OK,
            };
            assert_eq!(status, expected, "{method} {base}/{path}");
        }
    }
}

#[tokio::test]
async fn a_lead_is_called_followed_up_and_converted() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let lead = made(
        &client,
        "/leads",
        json!({"first_name": "Grace", "last_name": "Hopper", "company_name": "Navy", "email": "grace@navy.example", "estimated_value": "900"}),
    )
    .await;
    let id = lead["id"].as_str().unwrap();
    let call = json!({"type": "Initial call", "channel": "phone", "note": "Interested", "subject_type": "lead", "subject_id": id,
        "follow_up_at": "2020-01-01T09:00:00Z"});
    made(&client, "/interactions", call).await;
    let mine = client
        .get("/tasks/my-tasks")
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(mine["data"][0]["bucket"], json!("overdue"));
    assert_eq!(mine["data"][0]["subject"]["title"], json!("Grace Hopper"));
    let task = mine["data"][0]["id"].as_str().unwrap();
    let done = client
        .send(client.request(Method::PUT, &format!("/tasks/{task}/complete")))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(done["status"], json!("completed"));
    let mine = client
        .get("/tasks/my-tasks?completed=today")
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(mine["data"][0]["bucket"], json!("done"));
    client
        .send(client.request(Method::PUT, &format!("/tasks/{task}/reopen")))
        .await
        .json(StatusCode::OK)
        .await;
    let timeline = client
        .get(&format!("/leads/{id}/activities?type=call"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(timeline["data"][0]["description"], json!("Interested"));
    let moved = client
        .send(
            client
                .request(Method::PUT, &format!("/leads/{id}/stage"))
                .json(&json!({"stage": "qualified"})),
        )
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(moved["status"], json!("qualified"));
    let board = client
        .get("/leads/pipeline")
        .await
        .json(StatusCode::OK)
        .await;
    let qualified = board["stages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|stage| stage["key"] == json!("qualified"))
        .unwrap();
    // 900 at the stage's 30 %.
    assert_eq!(
        (&qualified["count"], &qualified["totals"][0]["weighted"]),
        (&json!(1), &json!("270.00"))
    );
    // A repeated press of the button is one conversion.
    let press = || {
        client
            .request(Method::POST, &format!("/leads/{id}/convert"))
            .header("idempotency-key", "press")
    };
    let first = client.send(press()).await.json(StatusCode::OK).await;
    let second = client.send(press()).await.json(StatusCode::OK).await;
    assert_eq!(first, second);
    let again = client
        .post(&format!("/leads/{id}/convert"), &json!({}))
        .await;
    again.json(StatusCode::CONFLICT).await;
    let told = client
        .get(&format!("/leads/{id}/conversion"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        (&told["converted"], &told["can_undo"]),
        (&json!(true), &json!(true))
    );
    let back = client
        .post(&format!("/leads/{id}/unconvert"), &Json::Null)
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(back["lead"]["status"], json!("qualified"));
}

#[tokio::test]
async fn wrong_input_is_named() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let lead = made(&client, "/leads", json!({"last_name": "Hopper"})).await;
    let id = lead["id"].as_str().unwrap();
    for (path, status, field) in [
        (
            "/tasks/my-tasks?bucket=someday",
            StatusCode::BAD_REQUEST,
            "bucket",
        ),
        (
            "/tasks/my-tasks?completed=ever",
            StatusCode::BAD_REQUEST,
            "completed",
        ),
        (
            "/tasks/my-tasks?offset=-1",
            StatusCode::BAD_REQUEST,
            "offset",
        ),
        ("/tasks/my-tasks?limit=0", StatusCode::BAD_REQUEST, "limit"),
        (
            "/leads?archived=perhaps",
            StatusCode::BAD_REQUEST,
            "archived",
        ),
        (
            "/companies?archived=only",
            StatusCode::BAD_REQUEST,
            "archived",
        ),
    ] {
        let problem = client.get(path).await.json(status).await;
        assert_eq!(problem["errors"][0]["field"], json!(field), "{path}");
    }
    for (body, status) in [
        (
            json!({"company": {"action": "steal"}}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (json!({"deals": {}}), StatusCode::UNPROCESSABLE_ENTITY),
        (
            json!({"deal": {"action": "create", "amount": "lots"}}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let answer = client.post(&format!("/leads/{id}/convert"), &body).await;
        let got = answer.0.status();
        assert!(
            got == status || got == StatusCode::BAD_REQUEST,
            "{body}: {got}"
        );
    }
    // What has no stages has no board.
    assert_eq!(
        client.get("/companies/pipeline").await.0.status(),
        StatusCode::NOT_FOUND
    );
    let stage = client
        .request(Method::PUT, &format!("/companies/{id}/stage"))
        .json(&json!({"stage": "x"}));
    assert_eq!(client.send(stage).await.0.status(), StatusCode::NOT_FOUND);
    // Another organization's lead is not there.
    let other = started.owner("eve").await;
    for path in [format!("/leads/{id}/conversion"), format!("/leads/{id}")] {
        assert_eq!(
            other.get(&path).await.0.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    for verb in ["convert", "unconvert"] {
        let answer = other.post(&format!("/leads/{id}/{verb}"), &json!({})).await;
        assert_eq!(answer.0.status(), StatusCode::NOT_FOUND, "{verb}");
    }
}
