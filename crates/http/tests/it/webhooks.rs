//! Webhooks and automations as an administrator sets them up.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kith_channels::webhook::{WebhookSender, sign};
use kith_jobs::{DeliverWebhook, Worker, schedules};
use kith_store::Statement;
use reqwest::StatusCode;
use serde_json::json;
use tokio::sync::mpsc;

use crate::fixture::Started;

#[tokio::test]
async fn a_secret_is_shown_once_and_kept_sealed() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let (member, _) = owner.colleague(&started, "bob", "manager").await;
    let body = json!({"name": "Sync", "url": "https://hooks.example.com/kith", "events": ["deal.updated", "company.*"]});
    let made = owner
        .post("/webhook-endpoints", &body)
        .await
        .json(StatusCode::CREATED)
        .await;
    assert_eq!(made["has_secret"], false);
    let path = format!("/webhook-endpoints/{}", made["id"].as_str().unwrap());
    let answer = owner.post(&format!("{path}/secret"), &json!({})).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let secret = answer.json(StatusCode::CREATED).await["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        secret.starts_with("whsec_") && secret.len() > 40,
        "{secret}"
    );
    let seen = owner.get(&path).await.json(StatusCode::OK).await;
    assert_eq!(seen["has_secret"], true);
    for text in [
        seen.to_string(),
        owner
            .get(&format!("{path}/history"))
            .await
            .json(StatusCode::OK)
            .await
            .to_string(),
    ] {
        assert!(
            !text.contains(&secret[6..]) && !text.contains("signing_key"),
            "{text}"
        );
    }
    // Neither the secret nor the row is anybody else's.
    for client in [&member, &started.owner("eve").await] {
        assert!(matches!(
            client.get(&path).await.status(),
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
        ));
        let answer = client.post(&format!("{path}/secret"), &json!({})).await;
        assert!(matches!(
            answer.status(),
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
        ));
    }
    let problem = owner
        .post(
            "/webhook-endpoints",
            &json!({"name": "Bad", "url": "ftp://x", "events": ["deal.exploded"]}),
        )
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2, "{problem}");
}

#[tokio::test]
async fn automations_are_checked_when_they_are_written() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let good = json!({
        "name": "Big deals", "trigger_entity": "deal", "trigger_event": "updated", "trigger_fields": ["stage_id"],
        "conditions": {"and": [{"field": "amount", "op": "gte", "value": "10000"}]},
        "actions": [{"do": "notify", "users": ["owner_id"], "title": "A big one"}, {"do": "create", "entity": "task", "set": {"title": "Look"}}],
    });
    let made = owner
        .post("/automations", &good)
        .await
        .json(StatusCode::CREATED)
        .await;
    assert_eq!(made["is_active"], false);
    let bad = |change: serde_json::Value| {
        let mut body = good.clone();
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    for (change, place) in [
        (json!({"trigger_entity": "unicorn"}), "trigger_entity"),
        (json!({"trigger_fields": ["unicorn"]}), "trigger_fields.0"),
        (
            json!({"conditions": {"field": "unicorn", "op": "eq", "value": 1}}),
            "conditions",
        ),
        (
            json!({"actions": [{"do": "update", "set": {"id": "x"}}]}),
            "actions.0.set.id",
        ),
        (json!({"actions": []}), "actions"),
    ] {
        let problem = owner
            .post("/automations", &bad(change))
            .await
            .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
            .await;
        assert_eq!(problem["errors"][0]["field"], place, "{problem}");
    }
    let (member, _) = owner.colleague(&started, "bob", "member").await;
    assert_eq!(
        member.post("/automations", &good).await.status(),
        StatusCode::FORBIDDEN
    );
}

/// What a receiver got: the headers that matter, and the body.
#[derive(Clone, Debug)]
struct Received {
    id: String,
    timestamp: String,
    signature: String,
    body: String,
}

/// Somebody who takes webhooks; answers as the list says, then 204.
async fn receiver(answers: Vec<u16>) -> (String, mpsc::UnboundedReceiver<Received>) {
    let (sender, received) = mpsc::unbounded_channel();
    let answers = Arc::new(Mutex::new(answers));
    let take = move |headers: HeaderMap, body: String| {
        let text = |name: &str| headers[name].to_str().unwrap().to_owned();
        let got = Received {
            id: text("webhook-id"),
            timestamp: text("webhook-timestamp"),
            signature: text("webhook-signature"),
            body,
        };
        let mut answers = answers.lock().unwrap();
        let status = if answers.is_empty() {
            204
        } else {
            answers.remove(0)
        };
        sender.send(got).unwrap();
        async move { StatusCode::from_u16(status).unwrap() }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().route("/hook", axum::routing::post(take));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/hook"), received)
}

/// Works until the database holds what is wanted; what others commit meanwhile delays what may be read.
async fn work_until(started: &Started, worker: &Worker, seconds: &AtomicI64, sql: &str) {
    for _ in 0..600 {
        worker.drain().await.unwrap();
        let rows = started
            .database
            .admin()
            .await
            .query(&Statement::new(sql.to_owned()))
            .await
            .unwrap();
        if rows[0].get::<_, bool>(0) {
            return;
        }
        seconds.fetch_add(11, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
    unreachable!("never: {sql}");
}

fn worker(started: &Started, private: bool) -> (Worker, Arc<AtomicI64>) {
    let seconds = Arc::new(AtomicI64::new(
        jiff::Timestamp::UNIX_EPOCH.as_second() + 1_795_700_000,
    ));
    let clock = {
        let seconds = Arc::clone(&seconds);
        Arc::new(move || jiff::Timestamp::from_second(seconds.load(Ordering::Relaxed)).unwrap())
    };
    let deliver = DeliverWebhook {
        sender: WebhookSender::new(private).unwrap(),
        sessions: started.sessions.clone(),
    };
    let database = started.database.database().clone();
    (
        Worker::new(database, clock, vec![Box::new(deliver)], schedules()),
        seconds,
    )
}

#[tokio::test]
async fn events_are_delivered_signed_and_once_and_tried_again_until_they_are_taken() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    // Nothing of another organization is anybody's business.
    let stranger = started.owner("eve").await;
    let (url, mut received) = receiver(vec![500]).await;
    let body = json!({"name": "Sync", "url": url, "events": ["company.created"]});
    let made = owner
        .post("/webhook-endpoints", &body)
        .await
        .json(StatusCode::CREATED)
        .await;
    let path = format!("/webhook-endpoints/{}", made["id"].as_str().unwrap());
    let secret = owner
        .post(&format!("{path}/secret"), &json!({}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let old = STANDARD
        .decode(
            secret["secret"]
                .as_str()
                .unwrap()
                .strip_prefix("whsec_")
                .unwrap(),
        )
        .unwrap();
    let secret = owner
        .post(&format!("{path}/secret"), &json!({}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let key = STANDARD
        .decode(
            secret["secret"]
                .as_str()
                .unwrap()
                .strip_prefix("whsec_")
                .unwrap(),
        )
        .unwrap();
    stranger.company("Elsewhere").await;
    let company = owner.company("Northwind").await;
    owner
        .patch(
            &format!("/companies/{}", company["id"].as_str().unwrap()),
            None,
            &json!({"name": "Contoso"}),
        )
        .await
        .json(StatusCode::OK)
        .await;
    let (worker, seconds) = worker(&started, true);
    work_until(
        &started,
        &worker,
        &seconds,
        "select count(*) = 1 from webhook_deliveries where status = 'delivered'",
    )
    .await;
    let (first, second) = (
        received.recv().await.unwrap(),
        received.recv().await.unwrap(),
    );
    assert!(received.try_recv().is_err(), "more than was asked for");
    assert_eq!(first.id, second.id, "an attempt of the same message");
    let content: serde_json::Value = serde_json::from_str(&second.body).unwrap();
    assert_eq!(
        (&content["type"], &content["data"]["id"]),
        (&json!("company.created"), &company["id"])
    );
    let at = second.timestamp.parse().unwrap();
    let signed = |key: &[u8]| format!("v1,{}", sign(key, &second.id, at, &second.body));
    assert_eq!(
        second.signature,
        format!("{} {}", signed(&key), signed(&old))
    );
    let seen = owner
        .get(&format!("{path}/deliveries"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        (
            &seen["data"][0]["attempts"],
            &seen["data"][0]["response_status"]
        ),
        (&json!(2), &json!(204))
    );
    assert_eq!(
        stranger
            .get("/webhook-deliveries")
            .await
            .json(StatusCode::OK)
            .await["data"],
        json!([])
    );

    // Sent again when somebody asks for it who may; the receiver tells by the id that it is the same.
    let again = format!(
        "/webhook-deliveries/{}/resend",
        seen["data"][0]["id"].as_str().unwrap()
    );
    let (member, _) = owner.colleague(&started, "bob", "manager").await;
    for (client, status) in [
        (&member, StatusCode::FORBIDDEN),
        (&stranger, StatusCode::NOT_FOUND),
        (&started.nobody(), StatusCode::UNAUTHORIZED),
    ] {
        assert_eq!(client.post(&again, &json!({})).await.status(), status);
    }
    let switch = async |status: &str| {
        let body = json!({"status": status});
        owner
            .patch(&path, None, &body)
            .await
            .json(StatusCode::OK)
            .await;
    };
    switch("paused").await;
    let problem = owner
        .post(&again, &json!({}))
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    assert!(
        problem["detail"].as_str().unwrap().contains("switched off"),
        "{problem}"
    );
    switch("active").await;
    let queued = owner
        .post(&again, &json!({}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        (&queued["status"], &queued["delivered_at"]),
        (&json!("queued"), &json!(null))
    );
    owner
        .post(&again, &json!({}))
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    // Asked for by the clock that the interface goes by.
    seconds.store(
        kith_auth::system_clock()().as_second() + 1,
        Ordering::Relaxed,
    );
    work_until(
        &started,
        &worker,
        &seconds,
        "select count(*) = 1 from webhook_deliveries where status = 'delivered' and attempts = 3",
    )
    .await;
    let third = received.recv().await.unwrap();
    assert_eq!((&third.id, &third.body), (&second.id, &second.body));
    assert!(
        received.try_recv().is_err(),
        "sent once more than asked for"
    );
}

#[tokio::test]
async fn nobody_makes_this_server_ask_its_neighbours() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let (url, mut received) = receiver(Vec::new()).await;
    let port = url.rsplit_once(':').unwrap().1;
    for (name, address) in [
        ("number", url.clone()),
        ("name", format!("http://localhost:{port}")),
    ] {
        let body = json!({"name": name, "url": address, "events": ["company.created"]});
        let made = owner
            .post("/webhook-endpoints", &body)
            .await
            .json(StatusCode::CREATED)
            .await;
        let path = format!("/webhook-endpoints/{}/secret", made["id"].as_str().unwrap());
        owner
            .post(&path, &json!({}))
            .await
            .json(StatusCode::CREATED)
            .await;
    }
    owner.company("Northwind").await;
    let (worker, seconds) = worker(&started, false);
    work_until(
        &started,
        &worker,
        &seconds,
        "select count(*) = 2 and bool_and(last_error like '%public network%') from webhook_deliveries where status in ('dead', 'failed')",
    )
    .await;
    assert!(received.try_recv().is_err());
}
