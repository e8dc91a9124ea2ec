//! Tickets over HTTP: the named addresses, a customer's own view, and the settings.

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

async fn ticket(client: &Client, more: Json) -> Json {
    let mut body = json!({"subject": "It broke", "description": "It does not start."});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    made(client, "/tickets", body).await
}

#[tokio::test]
async fn a_ticket_from_the_asking_to_its_end_under_both_bases() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let (agent, agent_id) = owner.colleague(&started, "grace", "support").await;
    let (customer, customer_id) = owner.colleague(&started, "carl", "client_member").await;
    let company = owner.company("Northwind").await;
    let membership = json!({"company_id": company["id"], "user_id": customer_id});
    made(&owner, "/company-members", membership).await;
    for base in ["", "/a-crm"] {
        let asked = ticket(&customer, json!({"priority": "high"})).await;
        let id = asked["id"].as_str().unwrap();
        assert_eq!(asked["company_id"], company["id"]);
        let given = agent
            .post(
                &format!("{base}/tickets/{id}/assign"),
                &json!({"strategy": "round_robin"}),
            )
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(given["assigned_to_id"], json!(agent_id));
        // A repeated press of the button is one reply.
        let body = json!({"comment": "Have you tried it again?", "status": "waiting_customer"});
        let press = || {
            agent
                .request(Method::POST, &format!("{base}/tickets/{id}/reply"))
                .header("idempotency-key", format!("{base}{id}"))
                .json(&body)
        };
        let first = agent.send(press()).await.json(StatusCode::OK).await;
        let second = agent.send(press()).await.json(StatusCode::OK).await;
        assert_eq!(first, second);
        assert_eq!(first["ticket"]["status"], json!("waiting_customer"));
        let inside = json!({"comment": "They never read the manual", "is_internal": true});
        agent
            .post(&format!("{base}/tickets/{id}/reply"), &inside)
            .await
            .json(StatusCode::OK)
            .await;
        let theirs = customer
            .post(
                &format!("{base}/tickets/{id}/reply"),
                &json!({"comment": "I have"}),
            )
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(theirs["ticket"]["status"], json!("in_progress"));
        // What the customer sees of it, and what we do.
        for (client, count) in [(&customer, 2), (&agent, 3)] {
            let path = format!("{base}/tickets/{id}/comments?total=true");
            let comments = client.get(&path).await.json(StatusCode::OK).await;
            assert_eq!(comments["page"]["total"], json!(count));
            assert_eq!(comments["data"].as_array().unwrap().len(), count);
        }
        let other = ticket(&customer, json!({})).await;
        let merge = format!("{base}/tickets/{}/merge", other["id"].as_str().unwrap());
        let merged = agent
            .post(&merge, &json!({"into": id}))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(merged["ticket"]["merged_into_id"], json!(id));
        agent
            .post(&merge, &json!({"into": id}))
            .await
            .json(StatusCode::CONFLICT)
            .await;
        let figures = agent
            .get(&format!(
                "{base}/tickets/metrics?period=monthly&group=priority&company_id={}",
                company["id"].as_str().unwrap()
            ))
            .await
            .json(StatusCode::OK)
            .await;
        assert!(figures["total"]["tickets"].as_i64().unwrap() >= 2);
    }
    for (path, count) in [
        ("tickets", 4),
        ("tickets?status=closed", 2),
        ("tickets?status[in]=open,in_progress&sort=sla_due_at", 2),
    ] {
        let list = agent
            .get(&format!("/{path}"))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(list["data"].as_array().unwrap().len(), count, "{path}");
    }
    let of_company = customer
        .get(&format!(
            "/companies/{}/tickets",
            company["id"].as_str().unwrap()
        ))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(of_company["data"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn wrong_input_and_wrong_people_are_refused_by_name() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let (member, _) = owner.colleague(&started, "mel", "member").await;
    let (customer, _) = owner.colleague(&started, "carl", "client_member").await;
    let asked = ticket(&owner, json!({})).await;
    let id = asked["id"].as_str().unwrap();
    for (path, body, status) in [
        ("reply", json!({}), StatusCode::UNPROCESSABLE_ENTITY),
        (
            "reply",
            json!({"comment": ""}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "reply",
            json!({"comment": 5, "is_internal": "perhaps"}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "reply",
            json!({"comment": "x", "status": "gone"}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "reply",
            json!({"comment": "x", "loud": true}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "assign",
            json!({"strategy": "lottery"}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "assign",
            json!({"strategy": "round_robin", "assigned_to_id": id}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "assign",
            json!({"assigned_to_id": id}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        ("merge", json!({}), StatusCode::UNPROCESSABLE_ENTITY),
        (
            "merge",
            json!({"into": id}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "merge",
            json!({"into": "00000000-0000-7000-8000-000000000000"}),
            StatusCode::NOT_FOUND,
        ),
    ] {
        let answer = owner.post(&format!("/tickets/{id}/{path}"), &body).await;
        let got = answer.status();
        assert!(
            got == status
                || status == StatusCode::UNPROCESSABLE_ENTITY && got == StatusCode::BAD_REQUEST,
            "{path} {body}: {got}"
        );
    }
    // A reply that cannot set its status says nothing.
    let comments = owner
        .get(&format!("/tickets/{id}/comments"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(comments["data"], json!([]));
    for query in ["period=hourly", "group=subject", "limit=x", "nonsense=1"] {
        let problem = owner
            .get(&format!("/tickets/metrics?{query}"))
            .await
            .json(StatusCode::BAD_REQUEST)
            .await;
        assert_eq!(
            problem["errors"][0]["field"],
            json!(query.split('=').next().unwrap()),
            "{query}"
        );
    }
    let eve = started.owner("eve").await;
    for client in [&member, &customer, &eve] {
        for (path, body) in [
            ("reply", json!({"comment": "x"})),
            ("assign", json!({"strategy": "round_robin"})),
            ("merge", json!({"into": asked["id"]})),
        ] {
            let status = client
                .post(&format!("/tickets/{id}/{path}"), &body)
                .await
                .status();
            assert!(
                matches!(
                    status,
                    StatusCode::NOT_FOUND
                        | StatusCode::FORBIDDEN
                        | StatusCode::CONFLICT
                        | StatusCode::UNPROCESSABLE_ENTITY
                ),
                "{path}: {status}"
            );
        }
        assert_eq!(
            client
                .get(&format!("/tickets/{id}/comments"))
                .await
                .status(),
            StatusCode::NOT_FOUND
        );
    }
    for (settings, status) in [
        (
            json!({"ticket_reopen_days": 30, "ticket_assignment": "least_loaded"}),
            StatusCode::OK,
        ),
        (
            json!({"ticket_reopen_days": 30.5}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            json!({"ticket_assignment": "lottery"}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let answer = owner
            .patch("/organization", None, &json!({"settings": settings}))
            .await;
        assert_eq!(answer.status(), status, "{settings}");
    }
}
