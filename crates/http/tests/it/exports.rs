//! Exports over HTTP: formats, refusals, clients that go away.

use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::fixture::Started;

#[tokio::test]
async fn every_format_has_its_type_and_its_name() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    owner.company("Acme, Inc.").await;
    for (format, kind, beginning) in [
        ("csv", "text/csv; charset=utf-8", b"id,name,".as_slice()),
        ("ndjson", "application/x-ndjson", b"{\"id\":\"".as_slice()),
        (
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            b"PK\x03\x04".as_slice(),
        ),
    ] {
        for base in ["/companies", "/a-crm/companies"] {
            let answer = owner.get(&format!("{base}/export?format={format}")).await;
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(answer.header("content-type"), kind);
            let name = answer.header("content-disposition");
            assert!(
                name.starts_with("attachment; filename=\"companies-")
                    && name.ends_with(&format!(".{format}\"")),
                "{name}"
            );
            let body = answer.0.bytes().await.unwrap();
            assert!(body.starts_with(beginning), "{format}");
        }
    }
    let marked = owner
        .get("/companies/export?bom=true")
        .await
        .0
        .bytes()
        .await
        .unwrap();
    assert!(marked.starts_with(b"\xEF\xBB\xBFid,name,"));
    // Sent in the body, and as one file for a filter too long for an address.
    let names: Vec<String> = (0..400).map(|number| format!("Company {number}")).collect();
    let body = json!({"format": "csv", "fields": ["name"], "filter": {"or": [{"field": "name", "op": "in", "value": names}, {"field": "name", "op": "eq", "value": "Acme, Inc."}]}});
    let answer = owner.post("/companies/export", &body).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let text = answer.0.text().await.unwrap();
    assert!(
        text.starts_with("id,name\r\n") && text.contains(",\"Acme, Inc.\"\r\n"),
        "{text}"
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_name() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    for (query, field) in [
        ("format=pdf", "format"),
        ("bom=perhaps", "bom"),
        ("limit=5", "limit"),
        ("cursor=abc", "cursor"),
        ("offset=5", "offset"),
        ("no_such_field=1", "no_such_field"),
        ("sort=notes", "sort"),
        ("fields=secret", "fields"),
    ] {
        let problem = owner
            .get(&format!("/companies/export?{query}"))
            .await
            .problem(StatusCode::BAD_REQUEST, "bad_query")
            .await;
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    owner
        .get("/unicorns/export")
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    started
        .nobody()
        .get("/companies/export")
        .await
        .problem(StatusCode::UNAUTHORIZED, "unauthenticated")
        .await;
    // Nobody holds this permission, for there is none.
    owner
        .get("/roles/export")
        .await
        .problem(StatusCode::FORBIDDEN, "forbidden")
        .await;
}

#[tokio::test]
async fn another_organization_gets_nothing_of_this_one() {
    let started = Started::new().await;
    let (ada, eve) = (started.owner("ada").await, started.owner("eve").await);
    let company = ada.company("Secret Company").await;
    for path in [
        "/companies/export".to_owned(),
        "/companies/export?deleted=with&format=ndjson".to_owned(),
        format!("/companies/export?id={}", company["id"].as_str().unwrap()),
        "/companies/export?q=secret".to_owned(),
        "/audit-log/export".to_owned(),
        "/activities/export?format=ndjson".to_owned(),
    ] {
        let answer = eve.get(&path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let text = answer.0.text().await.unwrap();
        assert!(!text.contains("Secret Company"), "{path}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_ends_its_export() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let notes = "x".repeat(20_000);
    for _ in 0..4 {
        let operations: Vec<_> = (0..250)
            .map(|number| json!({"op": "create", "data": {"name": format!("Company {number}"), "notes": notes}}))
            .collect();
        let answer = owner
            .post("/companies/bulk", &json!({"operations": operations}))
            .await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    let response = owner
        .request(Method::GET, "/companies/export?format=ndjson")
        .send()
        .await
        .unwrap();
    let mut body = response.bytes_stream();
    body.next().await.unwrap().unwrap();
    drop(body);
    let interrupted = async {
        loop {
            let log = owner
                .get("/audit-log?limit=50&entity_type=company&sort=-created_at")
                .await
                .json(StatusCode::OK)
                .await;
            let ended = log["data"].as_array().unwrap().iter().any(|entry| {
                entry["action"] == "EXPORT" && entry["new_values"]["state"] == "interrupted"
            });
            if ended {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), interrupted)
        .await
        .expect("the export is written down as interrupted");
}
