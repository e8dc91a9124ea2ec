//! What describes the interface, and the pages.

use reqwest::{Method, StatusCode};

use crate::fixture::Started;

#[tokio::test]
async fn meta_and_the_document_are_told_apart_by_their_tags() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    for path in ["/meta", "/openapi.json"] {
        let answer = client.get(path).await;
        let tag = answer.header("etag");
        answer.json(StatusCode::OK).await;
        let again = client
            .request(Method::GET, path)
            .header("if-none-match", &tag);
        assert_eq!(
            client.send(again).await.status(),
            StatusCode::NOT_MODIFIED,
            "{path}"
        );
    }
    // The document is public, the catalogue with its permissions is not.
    assert_eq!(
        started.nobody().get("/openapi.json").await.status(),
        StatusCode::OK
    );
    assert_eq!(
        started.nobody().get("/meta").await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn meta_says_what_the_caller_may_do() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let meta = client.get("/meta").await.json(StatusCode::OK).await;
    let entities = meta["entities"].as_array().unwrap();
    let by_name = |name: &str| {
        entities
            .iter()
            .find(|entity| entity["name"] == name)
            .unwrap()
    };
    let companies = by_name("company");
    assert_eq!(companies["plural"], "companies");
    for permission in [
        "create", "read", "update", "delete", "import", "export", "bulk",
    ] {
        assert!(
            companies["permissions"]
                .as_array()
                .unwrap()
                .iter()
                .any(|known| known == permission),
            "{permission} is missing"
        );
    }
    assert_eq!(by_name("activity")["read_only"], true);
    assert!(
        meta["currencies"]
            .as_array()
            .unwrap()
            .iter()
            .any(|code| code == "EUR")
    );
}

#[tokio::test]
async fn pages_carry_their_policy_and_unknown_addresses_of_the_application_get_its_page() {
    let started = Started::new().await;
    let client = started.nobody().http;
    let page = |path: &str| {
        client
            .get(started.url(path))
            .header("accept", "text/html")
            .send()
    };
    for path in ["/", "/companies/anything"] {
        let answer = page(path).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let policy = answer.headers()["content-security-policy"]
            .to_str()
            .unwrap();
        assert!(
            policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert_eq!(answer.headers()["cache-control"], "no-cache");
        assert_eq!(
            answer.headers()["cross-origin-opener-policy"],
            "same-origin"
        );
        assert!(answer.text().await.unwrap().contains("<html"));
    }
    assert_eq!(
        page("/api/v1/companies/x/y/z").await.unwrap().headers()["content-type"],
        "application/problem+json"
    );
    assert_eq!(
        client
            .get(started.url("/companies/anything"))
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::NOT_FOUND
    );
    let docs = page("/docs/").await.unwrap();
    assert_eq!(docs.status(), StatusCode::OK);
    assert!(docs.text().await.unwrap().contains("swagger-ui"));
    let script = client
        .get(started.url("/docs/swagger-initializer.js"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(script.contains("/api/v1/openapi.json"), "{script}");
}
