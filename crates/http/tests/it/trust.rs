//! Duplicates, merging, personal data and who sees what, over HTTP.

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

#[tokio::test]
async fn two_companies_become_one_and_two_again() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let acme = made(
        &client,
        "/companies",
        json!({"name": "Acme", "website": "https://acme.example"}),
    )
    .await;
    let asked = json!({"name": "ACME Ltd", "website": "acme.example"});
    let found = client
        .post("/companies/duplicates/check", &asked)
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(found["data"][0]["record"]["id"], acme["id"], "{found}");
    let other = made(&client, "/companies", asked).await;
    let list = client
        .get("/companies/duplicates")
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        list["data"][0]["records"].as_array().unwrap().len(),
        2,
        "{list}"
    );
    let contact = json!({"first_name": "Ada", "company_id": other["id"]});
    let contact = made(&client, "/contacts", contact).await;
    let (id, old) = (acme["id"].as_str().unwrap(), other["id"].as_str().unwrap());

    let body = json!({"with": old, "fields": {"name": "theirs"}});
    let merged = client
        .request(Method::POST, &format!("/companies/{id}/merge"))
        .header("idempotency-key", "once")
        .json(&body);
    let merged = client.send(merged).await.json(StatusCode::OK).await;
    assert_eq!(merged["name"], "ACME Ltd");
    // Repeating the request repeats the answer.
    let again = client
        .request(Method::POST, &format!("/companies/{id}/merge"))
        .header("idempotency-key", "once")
        .json(&body);
    let again = client.send(again).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.json(StatusCode::OK).await["id"], acme["id"]);
    client
        .post(&format!("/companies/{id}/merge"), &body)
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;

    // The old id answers the record that stayed, and says where it lives.
    let answer = client.get(&format!("/companies/{old}")).await;
    assert_eq!(
        answer.header("content-location"),
        format!("/api/v1/companies/{id}")
    );
    assert_eq!(answer.json(StatusCode::OK).await["id"], acme["id"]);
    let changed = client
        .patch(
            &format!("/companies/{old}"),
            None,
            &json!({"description": "changed by the old id"}),
        )
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(changed["id"], acme["id"]);
    assert_eq!(
        client.delete(&format!("/companies/{old}")).await.status(),
        StatusCode::NOT_FOUND
    );
    let note = json!({"subject_type": "company", "subject_id": old, "content": "by the old id"});
    assert_eq!(
        made(&client, "/notes", note).await["subject_id"],
        acme["id"]
    );

    let merges = client
        .get(&format!("/companies/{id}/merges"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(merges["data"][0]["merged_id"], other["id"], "{merges}");
    let merge = merges["data"][0]["id"].clone();
    client
        .post(
            &format!("/companies/{id}/merge/undo"),
            &json!({"merge_id": contact["id"]}),
        )
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    let undone = client
        .post(
            &format!("/companies/{id}/merge/undo"),
            &json!({"merge_id": merge}),
        )
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(undone["record"]["name"], "Acme");
    assert_eq!(undone["record"]["description"], "changed by the old id");
    assert_eq!(undone["restored"]["id"], other["id"]);
    client
        .post(&format!("/companies/{id}/merge/undo"), &json!({}))
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    let contact = client
        .get(&format!("/contacts/{}", contact["id"].as_str().unwrap()))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(contact["company_id"], other["id"]);

    // They are two, and that is remembered.
    let two = client
        .post(
            &format!("/companies/{id}/not-duplicates"),
            &json!({"with": old}),
        )
        .await;
    assert_eq!(two.status(), StatusCode::NO_CONTENT);
    let list = client
        .get("/companies/duplicates")
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(list["data"], json!([]));
    let back = client
        .delete(&format!("/companies/{id}/not-duplicates?with={old}"))
        .await;
    assert_eq!(back.status(), StatusCode::NO_CONTENT);
    let list = client
        .get("/companies/duplicates")
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn wrong_requests_say_what_is_wrong() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let id = client.company("Acme").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let other = client.company("Acme").await["id"].clone();
    for (body, status, code) in [
        (
            json!({"with": id}),
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
        ),
        (
            json!({"with": other, "fields": {"nonsense": "mine"}}),
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
        ),
        (
            json!({"with": other, "fields": {"name": "yours"}}),
            StatusCode::BAD_REQUEST,
            "malformed",
        ),
        (json!({}), StatusCode::BAD_REQUEST, "malformed"),
        (
            json!({"with": "00000000-0000-0000-0000-000000000000"}),
            StatusCode::NOT_FOUND,
            "not_found",
        ),
    ] {
        client
            .post(&format!("/companies/{id}/merge"), &body)
            .await
            .problem(status, code)
            .await;
    }
    for path in [
        "/products/duplicates",
        "/companies/duplicates?limit=1000",
        "/companies/duplicates?cursor=x",
        "/companies/duplicates?nonsense=1",
    ] {
        let status = client.get(path).await.status();
        assert!(
            matches!(status, StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST),
            "{path}: {status}"
        );
    }
    for path in ["erase", "personal-data"] {
        let method = if path == "erase" {
            Method::POST
        } else {
            Method::GET
        };
        let request = client.request(method, &format!("/companies/{id}/{path}"));
        assert_eq!(
            client.send(request).await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let retention = json!({"settings": {"retention": {"deleted_days": 0}}});
    let problem = client
        .patch("/organization", None, &retention)
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(
        problem["errors"][0]["field"],
        "settings.retention.deleted_days"
    );
}

#[tokio::test]
async fn a_person_takes_their_data_and_is_forgotten() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let (sales, sales_id) = client.colleague(&started, "sally", "sales").await;
    let body = json!({"first_name": "Grace", "last_name": "Hopper", "email": "grace@hopper.example", "owner_id": sales_id});
    let contact = made(&client, "/contacts", body).await;
    let id = contact["id"].as_str().unwrap();
    let data = client.get(&format!("/contacts/{id}/personal-data")).await;
    assert_eq!(data.header("content-type"), "application/x-ndjson");
    let text = data.0.text().await.unwrap();
    let lines: Vec<Json> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        lines
            .iter()
            .any(|line| line["about"] == "contact"
                && line["data"]["email"] == "grace@hopper.example")
    );
    for (method, path) in [
        (Method::GET, "personal-data"),
        (Method::POST, "erase"),
        (Method::POST, "purge"),
    ] {
        let request = sales.request(method, &format!("/contacts/{id}/{path}"));
        sales
            .send(request)
            .await
            .problem(StatusCode::FORBIDDEN, "forbidden")
            .await;
    }
    let own = sales.get(&format!("/users/{sales_id}/personal-data")).await;
    assert_eq!(own.status(), StatusCode::OK);
    let why = sales
        .get(&format!("/contacts/{id}/access"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(why["you"]["update"]["reasons"][0]["by"], "owner", "{why}");
    assert_eq!(why["people"], Json::Null);
    let who = client
        .get(&format!("/contacts/{id}/access?limit=1"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(who["page"]["next_offset"], 1, "{who}");
    assert_eq!(who["people"][0]["user"]["full_name"], "Colleague sally");

    let request = client.request(Method::POST, &format!("/contacts/{id}/erase"));
    let report = client.send(request).await.json(StatusCode::OK).await;
    assert_eq!(report["erased"]["contacts"], 1, "{report}");
    assert_eq!(
        client.get(&format!("/contacts/{id}")).await.status(),
        StatusCode::NOT_FOUND
    );
    let history = client
        .get(&format!("/contacts/{id}/history"))
        .await
        .json(StatusCode::OK)
        .await;
    assert!(!history.to_string().contains("hopper"), "{history}");
    assert_eq!(history["data"][0]["action"], "ERASE");

    // Purging takes what is deleted, and nothing else.
    let company = client.company("Gone").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let purge = || client.request(Method::POST, &format!("/companies/{company}/purge"));
    client
        .send(purge())
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    client.delete(&format!("/companies/{company}")).await;
    assert_eq!(client.send(purge()).await.status(), StatusCode::NO_CONTENT);
    client
        .send(purge())
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
}
