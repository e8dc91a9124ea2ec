//! Requests that may be repeated without being made twice.

use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::fixture::{Client, Started};

fn keyed(client: &Client, key: &str, body: &Json) -> reqwest::RequestBuilder {
    client
        .request(Method::POST, "/companies")
        .header("idempotency-key", key)
        .json(body)
}

async fn count(client: &Client) -> Json {
    client
        .get("/companies?total=true")
        .await
        .json(StatusCode::OK)
        .await["page"]["total"]
        .clone()
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_answer() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let body = json!({"name": "Once"});
    let first = client.send(keyed(&client, "key-1", &body)).await;
    let (location, tag, replayed) = (
        first.header("location"),
        first.header("etag"),
        first.header("idempotency-replayed"),
    );
    let made = first.json(StatusCode::CREATED).await;
    assert_eq!(replayed, "");

    let second = client.send(keyed(&client, "key-1", &body)).await;
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(
        (second.header("location"), second.header("etag")),
        (location, tag)
    );
    assert_eq!(second.json(StatusCode::CREATED).await, made);
    assert_eq!(count(&client).await, 1);

    let other = client
        .send(keyed(&client, "key-1", &json!({"name": "Other"})))
        .await;
    other
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused")
        .await;
    // Another person's key is another key.
    let stranger = started.owner("eve").await;
    assert_eq!(
        stranger
            .send(keyed(&stranger, "key-1", &json!({"name": "Theirs"})))
            .await
            .status(),
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn a_request_that_failed_may_be_mended_under_its_key() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    client
        .send(keyed(&client, "key-2", &json!({"name": ""})))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    client
        .send(keyed(&client, "key-2", &json!({"name": "Mended"})))
        .await
        .json(StatusCode::CREATED)
        .await;
}

#[tokio::test]
async fn many_at_once_make_one() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let body = json!({"name": "Once"});
    let sending = (0..6).map(|_| {
        let (client, body) = (client.clone(), body.clone());
        tokio::spawn(async move {
            let answer = client.send(keyed(&client, "key-3", &body)).await;
            let replayed = answer.header("idempotency-replayed");
            (
                answer.json(StatusCode::CREATED).await["id"].clone(),
                replayed,
            )
        })
    });
    let sending: Vec<_> = sending.collect();
    let mut ids = Vec::new();
    let mut fresh = 0;
    for task in sending {
        let (id, replayed) = task.await.unwrap();
        fresh += usize::from(replayed.is_empty());
        ids.push(id);
    }
    ids.dedup();
    assert_eq!((ids.len(), fresh), (1, 1));
    assert_eq!(count(&client).await, 1);
}
