//! Imports over HTTP: one that is over is undone, once, by whoever may.

use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::fixture::{Client, Started};

/// Imports a file of leads and answers the run when it is over.
async fn imported(client: &Client, rows: &'static str) -> Json {
    let options = json!({"mapping": {"Last name": "last_name"}}).to_string();
    let form = Form::new()
        .part("file", Part::bytes(rows.as_bytes()).file_name("leads.csv"))
        .text("options", options);
    let mut run = client
        .send(
            client
                .request(Method::POST, "/leads/import")
                .multipart(form),
        )
        .await
        .json(StatusCode::ACCEPTED)
        .await;
    let path = path(&run);
    while matches!(run["status"].as_str(), Some("queued" | "running")) {
        run = client.get(&path).await.json(StatusCode::OK).await;
    }
    run
}

fn path(run: &Json) -> String {
    format!("/imports/{}", run["id"].as_str().unwrap())
}

async fn names(client: &Client) -> Vec<String> {
    let list = client
        .get("/leads?sort=last_name")
        .await
        .json(StatusCode::OK)
        .await;
    list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lead| lead["last_name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_import_is_undone_once_and_says_what_stayed() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let run = imported(&owner, "Last name\nNg\nDiaz\nOkafor\n").await;
    assert_eq!(run["created"], 3, "{run}");
    assert!(
        run["undo_until"].is_string() && run["undo"].is_null(),
        "{run}"
    );
    let list = owner
        .get("/leads?last_name=Diaz")
        .await
        .json(StatusCode::OK)
        .await;
    let diaz = list["data"][0]["id"].as_str().unwrap();
    owner
        .patch(
            &format!("/leads/{diaz}"),
            None,
            &json!({"phone": "+14155550100"}),
        )
        .await
        .json(StatusCode::OK)
        .await;
    let undo = format!("{}/undo", path(&run));
    let undone = owner
        .post(&undo, &json!({}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(undone["undo"]["deleted"], 2, "{undone}");
    assert_eq!(
        undone["undo"]["kept_records"],
        json!([{"entity": "lead", "id": diaz, "title": "Diaz", "reason": "changed", "detail": null}])
    );
    assert_eq!(names(&owner).await, ["Diaz"]);
    let again = owner
        .post(&undo, &json!({}))
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    assert_eq!(again["detail"], "this import was undone already");
    // What went can be brought back by hand, like anything that is deleted.
    let gone = owner
        .get("/leads?deleted=only&last_name=Ng")
        .await
        .json(StatusCode::OK)
        .await;
    let restore = format!("/leads/{}/restore", gone["data"][0]["id"].as_str().unwrap());
    owner
        .post(&restore, &json!({}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(names(&owner).await, ["Diaz", "Ng"]);
    let shown = owner.get(&path(&run)).await.json(StatusCode::OK).await;
    assert_eq!(shown, undone);
}

#[tokio::test]
async fn nobody_undoes_what_is_not_theirs_to_undo() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let run = imported(&owner, "Last name\nNg\nDiaz\n").await;
    let undo = format!("{}/undo", path(&run));
    let answer = started.nobody().post(&undo, &json!({})).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    // Somebody of another organization, and colleagues who see neither the import nor, some of them, the records.
    let stranger = started.owner("bob").await;
    stranger
        .post(&undo, &json!({}))
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    for role in ["sales", "member", "support", "viewer"] {
        let colleague = owner.colleague(&started, role, role).await.0;
        let answer = colleague.post(&undo, &json!({})).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{role}");
    }
    assert_eq!(names(&owner).await, ["Diaz", "Ng"]);
    let manager = owner.colleague(&started, "max", "manager").await.0;
    let undone = manager
        .post(&undo, &json!({}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(undone["undo"]["deleted"], 2, "{undone}");
    assert_eq!(names(&owner).await, [""; 0]);
}

#[tokio::test]
async fn the_feed_is_read_on_by_the_position_it_gave_out() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    owner.company("Acme").await;
    let mut after = "0".to_owned();
    let mut seen = Vec::new();
    // The feed waits for every transaction that began earlier, those of other tests on the same server included.
    while !seen.iter().any(|entity| entity == "company") {
        let page = owner
            .get(&format!("/events?limit=2&after={after}"))
            .await
            .json(StatusCode::OK)
            .await;
        page["page"]["next_after"]
            .as_str()
            .unwrap()
            .clone_into(&mut after);
        for event in page["data"].as_array().unwrap() {
            seen.push(event["entity"].as_str().unwrap().to_owned());
        }
    }
    assert!(after.contains('.'), "{after}");
    for wrong in ["1.2.3", "x", "-", "1."] {
        owner
            .get(&format!("/events?after={wrong}"))
            .await
            .problem(StatusCode::BAD_REQUEST, "bad_query")
            .await;
    }
}
