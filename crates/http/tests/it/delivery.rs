//! Time, tasks in their order and calendars over HTTP.

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

async fn project(client: &Client) -> Json {
    let company = made(client, "/companies", json!({"name": "Acme"})).await;
    made(
        client,
        "/projects",
        json!({"name": "Website", "company_id": company["id"]}),
    )
    .await
}

#[tokio::test]
async fn a_week_is_entered_submitted_and_judged() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let project = project(&client).await;
    let cells = json!({"week": "2026-W48", "cells": [{"project_id": project["id"], "date": "2026-11-23", "hours": "8"}]});
    let grid = client
        .put("/time-entries/week", None, &cells)
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        (&grid["total"], &grid["rows"][0]["project"]["name"]),
        (&json!("8"), &json!("Website"))
    );
    let read = client
        .get("/a-crm/time-entries/week?week=2026-11-27")
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(read, grid);
    client
        .get("/time-entries/week?week=someday")
        .await
        .problem(StatusCode::BAD_REQUEST, "bad_query")
        .await;
    let entry = grid["rows"][0]["days"][0]["entries"][0]["id"]
        .as_str()
        .unwrap();
    let sent = client
        .post("/time-entries/submit", &json!({"week": "2026-W48"}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!((&sent["count"], &sent["hours"]), (&json!(1), &json!("8")));
    let one = |verb: &str| format!("/time-entries/{entry}/{verb}");
    client
        .put(&one("reject"), None, &json!({}))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    // The only person there is may approve their own.
    client
        .put(&one("approve"), None, &json!({}))
        .await
        .json(StatusCode::OK)
        .await;
    client
        .patch(
            &format!("/time-entries/{entry}"),
            None,
            &json!({"hours": "1"}),
        )
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    let of_project = client
        .get(&format!("/projects/{}", project["id"].as_str().unwrap()))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(of_project["actual_hours"], json!("8"));
    client
        .put(&one("reopen"), None, &json!({}))
        .await
        .json(StatusCode::OK)
        .await;
    let both = json!({"ids": [entry], "week": "2026-W48"});
    client
        .post("/time-entries/submit", &both)
        .await
        .problem(StatusCode::BAD_REQUEST, "malformed")
        .await;
}

#[tokio::test]
async fn tasks_are_laid_in_order_and_completed_with_their_parts() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let project = project(&client).await;
    let mut tasks = Vec::new();
    for title in ["One", "Two"] {
        let body = json!({"title": title, "project_id": project["id"]});
        tasks.push(made(&client, "/tasks", body).await);
    }
    let first = tasks[0]["id"].as_str().unwrap();
    let second = tasks[1]["id"].as_str().unwrap();
    client
        .put(
            &format!("/tasks/{second}/position"),
            None,
            &json!({"before": first}),
        )
        .await
        .json(StatusCode::OK)
        .await;
    let list = client
        .get(&format!(
            "/projects/{}/tasks?sort=position",
            project["id"].as_str().unwrap()
        ))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(list["data"][0]["title"], json!("Two"));
    made(
        &client,
        "/tasks",
        json!({"title": "Part", "parent_id": first}),
    )
    .await;
    let complete = format!("/tasks/{first}/complete");
    client
        .send(client.request(Method::PUT, &complete))
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    let done = client
        .put(&complete, None, &json!({"subtasks": "complete"}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(done["status"], json!("completed"));
}

#[tokio::test]
async fn a_calendar_needs_its_secret_and_nothing_else() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let nobody = started.nobody();
    made(
        &client,
        "/tasks",
        json!({"title": "Call Grace", "due_at": "2026-11-30T08:00:00Z"}),
    )
    .await;
    let state = client.get("/calendar").await.json(StatusCode::OK).await;
    assert_eq!(state, json!({"active": false, "created_at": null}));
    let made = client
        .post("/calendar", &Json::Null)
        .await
        .json(StatusCode::OK)
        .await;
    let url = made["url"].as_str().unwrap();
    let path = url.split_once("/api/v1").unwrap().1;
    let answer = nobody.get(path).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(
        answer.header("content-type"),
        "text/calendar; charset=utf-8"
    );
    let tag = answer.header("etag");
    let again = nobody
        .send(
            nobody
                .request(Method::GET, path)
                .header("if-none-match", tag.clone()),
        )
        .await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    made_new_task_changes_the_tag(&client, &nobody, path, &tag).await;
    // Others are told nothing, and soon nothing any more.
    for wrong in [
        "/calendar/secret.ics",
        &path[..path.len() - 4],
        &format!("/calendar/{}.ics", "A".repeat(43)),
    ] {
        let refused = nobody.get(wrong).await.status();
        assert_eq!(refused, StatusCode::NOT_FOUND, "{wrong}");
    }
    let mut statuses = Vec::new();
    for _ in 0..30 {
        statuses.push(nobody.get("/calendar/guess.ics").await.status());
    }
    assert!(
        statuses.contains(&StatusCode::TOO_MANY_REQUESTS),
        "{statuses:?}"
    );
    assert_eq!(
        nobody.get("/calendar").await.status(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        client.delete("/calendar").await.status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        client.delete("/calendar").await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(nobody.get(path).await.status(), StatusCode::NOT_FOUND);
}

async fn made_new_task_changes_the_tag(client: &Client, nobody: &Client, path: &str, tag: &str) {
    made(
        client,
        "/tasks",
        json!({"title": "Call Alan", "due_at": "2026-12-01T08:00:00Z"}),
    )
    .await;
    let answer = nobody.get(&format!("{path}?as=todos")).await;
    assert_ne!(answer.header("etag"), tag);
}
