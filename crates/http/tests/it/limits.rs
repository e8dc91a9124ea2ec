//! What is refused, and how the server stops.

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fixture::Started;

#[tokio::test]
async fn requests_that_make_no_sense_are_problems() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    client
        .get("/nothings")
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    client
        .get("/companies/not-an-id")
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    client
        .delete("/companies")
        .await
        .problem(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
        .await;
    let unknown = client
        .get("/companies?colour=red")
        .await
        .problem(StatusCode::BAD_REQUEST, "bad_query")
        .await;
    assert_eq!(unknown["errors"][0]["field"], "colour");
    client
        .get("/companies?limit=0")
        .await
        .problem(StatusCode::BAD_REQUEST, "bad_query")
        .await;

    let raw = |kind: &str, body: &'static str| {
        client
            .request(Method::POST, "/companies")
            .header("content-type", kind)
            .body(body)
    };
    let broken = client
        .send(raw("application/json", "{\"name\": "))
        .await
        .problem(StatusCode::BAD_REQUEST, "malformed")
        .await;
    assert!(
        broken["detail"].as_str().unwrap().contains("line 1 column"),
        "{broken}"
    );
    client
        .send(raw("text/plain", "name=Acme"))
        .await
        .problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
        .await;
    let large = client
        .request(Method::POST, "/companies")
        .header("content-type", "application/json")
        .body(" ".repeat(1024 * 1024 + 1));
    client
        .send(large)
        .await
        .problem(StatusCode::PAYLOAD_TOO_LARGE, "too_large")
        .await;
    let invalid = json!({"name": "", "email": "x", "colour": "red"});
    let invalid = client
        .post("/companies", &invalid)
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert!(
        invalid["errors"].as_array().unwrap().len() >= 3,
        "{invalid}"
    );
}

#[tokio::test]
async fn a_clients_request_id_comes_back() {
    let started = Started::new().await;
    let client = started.nobody();
    let answer = client
        .send(
            client
                .request(Method::GET, "/auth/options")
                .header("x-request-id", "abc-123"),
        )
        .await;
    assert_eq!(answer.header("x-request-id"), "abc-123");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_busy_server_says_so_and_health_still_answers() {
    let started = Started::with(|settings| settings.max_in_flight = 1).await;
    // A request whose body does not come holds the only place.
    let mut held = TcpStream::connect(started.address).await.unwrap();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n";
    held.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body once the handler reads it: from then on the place is taken.
    let mut asked = [0; 12];
    held.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100");
    let client = started.nobody();
    let refused = client.get("/auth/options").await;
    assert_eq!(refused.header("retry-after"), "1");
    refused
        .problem(StatusCode::SERVICE_UNAVAILABLE, "overloaded")
        .await;
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(
            client
                .http
                .get(started.url(path))
                .send()
                .await
                .unwrap()
                .status(),
            StatusCode::OK
        );
    }
}

#[tokio::test]
async fn a_request_in_flight_is_finished_when_the_server_stops() {
    let mut started = Started::new().await;
    let body = json!({"email": "nobody@example.com", "password": "whatever it may be"}).to_string();
    let mut connection = TcpStream::connect(started.address).await.unwrap();
    let head = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut asked = [0; 25];
    connection.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");

    let stopped = started.stop();
    // The address is free for the next program while the request goes on.
    while TcpStream::connect(started.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!stopped.is_finished());
    connection.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    stopped.await.unwrap();
}

#[tokio::test]
async fn an_address_that_is_not_trusted_cannot_claim_to_be_another() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let create = client
        .request(Method::POST, "/companies")
        .header("x-forwarded-for", "203.0.113.7")
        .json(&json!({"name": "Acme"}));
    let company = client.send(create).await.json(StatusCode::CREATED).await;
    let history = client
        .get(&format!(
            "/companies/{}/history",
            company["id"].as_str().unwrap()
        ))
        .await
        .json(StatusCode::OK)
        .await;
    assert!(
        history["data"][0]["ip"]
            .as_str()
            .unwrap()
            .starts_with("127.0.0.1"),
        "{history}"
    );

    let started =
        Started::with(|settings| settings.trusted_proxies = vec!["127.0.0.1".parse().unwrap()])
            .await;
    let client = started.owner("ada").await;
    let create = client
        .request(Method::POST, "/companies")
        .header("x-forwarded-for", "1.1.1.1, 203.0.113.7")
        .json(&json!({"name": "Acme"}));
    let company = client.send(create).await.json(StatusCode::CREATED).await;
    let history = client
        .get(&format!(
            "/companies/{}/history",
            company["id"].as_str().unwrap()
        ))
        .await
        .json(StatusCode::OK)
        .await;
    assert!(
        history["data"][0]["ip"]
            .as_str()
            .unwrap()
            .starts_with("203.0.113.7"),
        "{history}"
    );
}
