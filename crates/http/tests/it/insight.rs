//! Reports, dashboards, a project on one page and the cache of metrics over HTTP, under both bases.

use reqwest::StatusCode;
use serde_json::{Value as Json, json};

use crate::fixture::Started;

#[tokio::test]
async fn reports_are_asked_saved_kept_and_put_side_by_side() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let company: Json = client
        .post("/companies", &json!({"name": "Acme"}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let project: Json = client
        .post(
            "/projects",
            &json!({"name": "Website", "company_id": company["id"]}),
        )
        .await
        .json(StatusCode::CREATED)
        .await;
    for (name, source) in [
        ("Ng", "website"),
        ("Diaz", "website"),
        ("Okafor", "referral"),
    ] {
        client
            .post(
                "/leads",
                &json!({"last_name": name, "source": source, "project_id": project["id"]}),
            )
            .await
            .json(StatusCode::CREATED)
            .await;
    }
    let project = project["id"].as_str().unwrap();
    for base in ["", "/a-crm"] {
        let types = client
            .get(&format!("{base}/reports/types"))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(
            types["data"].as_array().unwrap().len(),
            kith_entities::report::TYPES.len()
        );
        let asked = client
            .post(
                &format!("{base}/reports/run"),
                &json!({"type": "source_performance", "config": {"project_id": project}}),
            )
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(asked["rows"][0]["source"], "website");
        assert_eq!(asked["rows"][0]["count"], 2);
        let sources = client
            .get(&format!("{base}/projects/{project}/sources"))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(sources["rows"], asked["rows"]);
        let conversion = client
            .get(&format!(
                "{base}/projects/{project}/conversion?from=2020-01-01"
            ))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(conversion["rows"][0]["leads"], 3);
        let summary = client
            .get(&format!("{base}/projects/{project}/summary"))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(summary["leads"]["total"], 3);
        assert!(!summary.to_string().contains("cost"), "{summary}");
        let saved = client
            .post(
                &format!("{base}/reports"),
                &json!({"name": "Sources", "type": "source_performance", "project_id": project}),
            )
            .await
            .json(StatusCode::CREATED)
            .await;
        let id = saved["id"].as_str().unwrap();
        let data = client
            .get(&format!("{base}/reports/{id}/data"))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(data["rows"], asked["rows"]);
        let kept = client
            .post(&format!("{base}/reports/{id}/generate"), &json!({}))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(kept["data"]["rows"], asked["rows"]);
        let dashboard = client
            .post(
                &format!("{base}/dashboards"),
                &json!({"name": "Monday", "widgets": [{"report_id": id}, {"type": "pipeline"}]}),
            )
            .await
            .json(StatusCode::CREATED)
            .await;
        let shown = client
            .get(&format!(
                "{base}/dashboards/{}/data",
                dashboard["id"].as_str().unwrap()
            ))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(shown["widgets"][0]["answer"]["rows"], asked["rows"]);
        client
            .post(&format!("{base}/metrics/refresh"), &json!({}))
            .await
            .json(StatusCode::OK)
            .await;
        let metrics = client
            .get(&format!(
                "{base}/metrics?metric_name=lead_count&entity_type=project&period=daily"
            ))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(metrics["data"][0]["total"], 3);
    }
    // What is wrong is named; what is not there is not found.
    for (body, status) in [
        (json!({"type": "nothing"}), StatusCode::UNPROCESSABLE_ENTITY),
        (
            json!({"type": "pipeline", "config": {"from": "2026-01-01"}}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            json!({"type": "project_summary", "config": {"project_id": company["id"]}}),
            StatusCode::NOT_FOUND,
        ),
        (
            json!({"kind": "pipeline"}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let answer = client.post("/reports/run", &body).await;
        let found = answer.status();
        assert!(
            found == status || body["kind"].is_string() && found == StatusCode::BAD_REQUEST,
            "{body}: {found}"
        );
    }
    let gone = company["id"].as_str().unwrap();
    for path in [
        format!("/reports/{gone}/data"),
        format!("/dashboards/{gone}/data"),
        format!("/projects/{gone}/summary"),
        format!("/projects/{gone}/sources"),
    ] {
        assert_eq!(
            client.get(&path).await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    assert_eq!(
        client
            .get(&format!("/projects/{project}/sources?from=yesterday"))
            .await
            .status(),
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        started.nobody().get("/reports/types").await.status(),
        StatusCode::UNAUTHORIZED
    );
}
