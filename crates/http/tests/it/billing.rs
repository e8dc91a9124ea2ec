//! Invoices and payments over HTTP: every address that is special about them, under both bases.

use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::fixture::{Client, Started};

async fn ok(client: &Client, path: &str, body: Json) -> Json {
    client.post(path, &body).await.json(StatusCode::OK).await
}

async fn made(client: &Client, path: &str, body: Json) -> Json {
    client
        .post(path, &body)
        .await
        .json(StatusCode::CREATED)
        .await
}

/// Sends a POST without a body.
async fn bare(client: &Client, path: &str) -> (StatusCode, Json) {
    let answer = client.send(client.request(Method::POST, path)).await;
    let status = answer.status();
    (status, answer.json(status).await)
}

#[tokio::test]
async fn an_invoice_goes_its_way_under_both_bases() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    for base in ["", "/a-crm"] {
        let company = client.company("Northwind").await;
        let body = json!({"company_id": company["id"], "currency": "USD", "items": [
            {"description": "Design", "quantity": "2", "unit_price": "50.00", "tax_rate": "10"}]});
        let preview = ok(&client, &format!("{base}/invoices/preview"), body.clone()).await;
        let answer = client.post(&format!("{base}/invoices"), &body).await;
        let (tag, location) = (answer.header("etag"), answer.header("location"));
        let invoice = answer.json(StatusCode::CREATED).await;
        let id = invoice["id"].as_str().unwrap();
        assert_eq!(location, format!("/api/v1/invoices/{id}"));
        // The tag is that of the invoice with its lines.
        assert_eq!(tag, format!("\"{}\"", invoice["version"]));
        assert_eq!(
            client
                .get(&format!("{base}/invoices/{id}"))
                .await
                .header("etag"),
            tag
        );
        assert_eq!(preview["total_amount"], invoice["total_amount"]);
        let items = client
            .get(&format!("{base}/invoices/{id}/items"))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(items["data"][0]["amount"], "100.00");
        let (status, sent) = bare(&client, &format!("{base}/invoices/{id}/send")).await;
        assert_eq!(
            (status, &sent["status"], &sent["warnings"]),
            (StatusCode::OK, &json!("sent"), &json!([]))
        );
        client
            .patch(
                &format!("{base}/invoices/{id}"),
                None,
                &json!({"notes": "x"}),
            )
            .await
            .problem(StatusCode::CONFLICT, "state_conflict")
            .await;
        let money = format!("{base}/invoices/{id}/payments");
        let refused = client.post(&money, &json!({"amount": "110.01"})).await;
        let problem = refused
            .problem(StatusCode::CONFLICT, "state_conflict")
            .await;
        assert_eq!(problem["errors"][0]["field"], "amount");
        assert_eq!(
            problem["detail"],
            "The balance is 110.00 USD; a payment of 110.01 USD is more than that."
        );
        client
            .post(&money, &json!({"amount": "x", "colour": 1}))
            .await
            .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
            .await;
        let paid = made(
            &client,
            &money,
            json!({"amount": "60", "reference": "TR-1"}),
        )
        .await;
        assert_eq!(
            ok(
                &client,
                &money,
                json!({"amount": "60.00", "reference": "TR-1"})
            )
            .await["id"],
            paid["id"]
        );
        let list = client.get(&money).await.json(StatusCode::OK).await;
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        let payment = paid["id"].as_str().unwrap();
        made(
            &client,
            &format!("{base}/payments/{payment}/refund"),
            json!({"amount": "10", "reason": "Late"}),
        )
        .await;
        let (status, _) = bare(&client, &format!("{base}/payments/{payment}/refunds")).await;
        assert_eq!(status, StatusCode::CREATED);
        let list = client
            .get(&format!("{base}/payments/{payment}/refunds?sort=amount"))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(
            (&list["data"][0]["amount"], &list["data"][1]["amount"]),
            (&json!("10.00"), &json!("50.00"))
        );
        let ageing = client
            .get(&format!("{base}/invoices/ageing?as_of=2100-01-01"))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(ageing["totals"].as_array().unwrap().len(), 1);
        let (status, note) = bare(&client, &format!("{base}/invoices/{id}/credit-note")).await;
        assert_eq!(
            (status, &note["kind"], &note["total_amount"]),
            (StatusCode::CREATED, &json!("credit_note"), &json!("110.00"))
        );
        assert_eq!(
            client
                .delete(&format!("{base}/invoices/{}", note["id"].as_str().unwrap()))
                .await
                .status(),
            StatusCode::NO_CONTENT
        );
        let both = ok(
            &client,
            &format!("{base}/invoices/{id}/cancel"),
            json!({"reason": "Mistake"}),
        )
        .await;
        assert_eq!(
            (
                &both["invoice"]["status"],
                &both["credit_note"]["description"]
            ),
            (&json!("cancelled"), &json!("Mistake"))
        );
        let notes = client
            .get(&format!("{base}/invoices/{id}/credit-notes"))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(notes["data"].as_array().unwrap().len(), 1);
        let of_company = client
            .get(&format!(
                "{base}/companies/{}/payments",
                company["id"].as_str().unwrap()
            ))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(of_company["data"][0]["id"], paid["id"]);
        let deal = json!({"name": "Website", "company_id": company["id"], "items": [{"description": "Text", "unit_price": "70"}]});
        let deal = made(&client, &format!("{base}/deals"), deal).await;
        let draft = made(
            &client,
            &format!("{base}/invoices/from-deal"),
            json!({"deal_id": deal["id"]}),
        )
        .await;
        assert_eq!(draft["total_amount"], "70.00");
        let of_deal = client
            .get(&format!(
                "{base}/deals/{}/invoices",
                deal["id"].as_str().unwrap()
            ))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(of_deal["data"][0]["id"], draft["id"]);
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_place() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let company = client.company("Northwind").await;
    let body = json!({"company_id": company["id"], "items": [{"description": "a", "unit_price": "1"}, {"quantity": "-1", "unit_price": "x"}]});
    let problem = client
        .post("/invoices", &body)
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    let fields: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect();
    assert!(
        fields.contains(&"items[1].quantity") && fields.contains(&"items[1].unit_price"),
        "{fields:?}"
    );
    let problem = client
        .post("/invoices/preview", &body)
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(problem["errors"][0]["field"], "items[1].quantity");
    for body in [
        json!([]),
        json!({"items": 5}),
        json!({"colour": "red"}),
        json!({"currency": "XAU"}),
        json!({"discount_percent": 101}),
    ] {
        client
            .post("/invoices/preview", &body)
            .await
            .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
            .await;
    }
    client
        .get("/invoices/ageing?as_of=soon")
        .await
        .problem(StatusCode::BAD_REQUEST, "bad_query")
        .await;
    client
        .get("/invoices/ageing?as_of=-009999-01-01")
        .await
        .problem(StatusCode::BAD_REQUEST, "bad_query")
        .await;
    client
        .get("/invoices/ageing?colour=red")
        .await
        .problem(StatusCode::BAD_REQUEST, "bad_query")
        .await;
    let nowhere = "01936f2e-8c1a-7b3c-9d4e-5f6a7b8c9d0e";
    for path in [
        "invoices/{}/send",
        "invoices/{}/cancel",
        "invoices/{}/credit-note",
        "payments/{}/refund",
    ] {
        let (status, _) = bare(&client, &format!("/{}", path.replace("{}", nowhere))).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/invoices/from-deal", "/invoices/from-time"] {
        client
            .post(path, &json!({"colour": 1}))
            .await
            .problem(StatusCode::BAD_REQUEST, "malformed")
            .await;
    }
    let (viewer, _) = client.colleague(&started, "vera", "viewer").await;
    let invoice = made(
        &client,
        "/invoices",
        json!({"company_id": company["id"], "items": [{"description": "a", "unit_price": "1"}]}),
    )
    .await;
    let id = invoice["id"].as_str().unwrap();
    assert_eq!(
        viewer.get(&format!("/invoices/{id}")).await.status(),
        StatusCode::OK
    );
    for path in ["send", "cancel", "credit-note"] {
        let (status, _) = bare(&viewer, &format!("/invoices/{id}/{path}")).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
    }
    viewer
        .post(&format!("/invoices/{id}/payments"), &json!({"amount": "1"}))
        .await
        .problem(StatusCode::FORBIDDEN, "forbidden")
        .await;
}
