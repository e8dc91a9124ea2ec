//! Values that no column holds: U+0000, days before the calendar, numbers beyond every column, bytes that are no text.
//! Whoever sends them is told which one it was; the database never has to.

use kith_catalogue::{Entity, Field, Kind, Operator};
use kith_entities::CATALOGUE;
use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fixture::{Client, Started};

/// The answer to a list with one parameter, as status and the names in `errors`.
async fn asked(client: &Client, path: &str, name: &str, value: &str) -> (StatusCode, Vec<String>) {
    let request = client.request(Method::GET, path).query(&[(name, value)]);
    let answer = client.send(request).await;
    let status = answer.status();
    (status, named(&answer.json(status).await))
}

/// The names in a problem's `errors`.
fn named(problem: &Json) -> Vec<String> {
    problem["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|error| error["field"].as_str().unwrap().to_owned())
        .collect()
}

/// Every way to filter an entity by a field of its own, as parameter names.
fn filters(entity: &'static Entity) -> Vec<(&'static Field, String, Operator)> {
    let mut all = Vec::new();
    for field in entity.all_fields().iter().filter(|field| field.filterable) {
        for operator in field.kind.operators() {
            all.push((
                *field,
                format!("{}[{}]", field.name, operator.word()),
                *operator,
            ));
        }
    }
    all
}

#[tokio::test]
async fn every_parameter_with_a_null_character_is_refused_by_name() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    for entity in CATALOGUE.entities() {
        let path = format!("/{}", entity.path);
        for (field, parameter, operator) in filters(entity) {
            let value = if operator == Operator::Between {
                "a\0b,c"
            } else {
                "a\0b"
            };
            let (status, names) = asked(&client, &path, &parameter, value).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path}?{parameter}");
            assert!(
                names == [parameter.as_str()] || names == [field.name],
                "{path}?{parameter}: {names:?}"
            );
        }
        for parameter in [
            "q", "cursor", "sort", "include", "fields", "total", "deleted", "limit", "offset",
            "filter", "strange",
        ] {
            let (status, names) = asked(&client, &path, parameter, "a\0b").await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path}?{parameter}");
            assert_eq!(names, [parameter], "{path}");
        }
    }
    for path in ["/imports", "/events", "/deals/pipeline"] {
        for parameter in [
            "limit",
            "cursor",
            "after",
            "pipeline_id",
            "q",
            "name[contains]",
            "company.name[starts]",
        ] {
            let (status, _) = asked(&client, path, parameter, "a\0b").await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path}?{parameter}");
        }
    }
}

#[tokio::test]
async fn a_null_character_deep_in_a_filter_is_refused_by_name() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    for (field, operator, value) in [
        ("name", "contains", json!("a\0b")),
        ("name", "eq", json!("a\0b")),
        ("name", "in", json!(["fine", "a\0b"])),
        ("parent_id", "eq", json!("a\0b")),
        ("industry.name", "starts", json!("a\0b")),
        ("tags", "has", json!("a\0b")),
        ("tags", "in", json!(["a\0b"])),
    ] {
        let test = json!({"not": {"or": [{"field": field, "op": operator, "value": value}]}});
        let (status, names) = asked(&client, "/companies", "filter", &test.to_string()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{test}");
        assert_eq!(names, [field], "{test}");
        let body = json!({"filter": test});
        let problem = client
            .post("/companies/query", &body)
            .await
            .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
            .await;
        assert!(
            named(&problem)[0].starts_with("filter.not.or[0].value"),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn days_and_numbers_beyond_every_column_are_refused_or_compared_rightly() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    client.company("Acme").await;
    let days = [
        "-9999y",
        "-10000y",
        "+9000y",
        "-10000m",
        "-009999-01-01",
        "-005000-01-01T00:00:00Z",
        "9999-12-31",
        "0001-01-01",
        "9999-12-31T23:59:59.999999999Z",
        "0001-01-01T00:00:00+23:00",
        "infinity",
    ];
    let numbers = [
        "99999999999999999999999999999",
        "-79228162514264337593543950335",
        "9223372036854775807",
        "-9223372036854775808",
        "1e400",
        "0.0000000000000000000000000001",
        "NaN",
        "-infinity",
    ];
    for entity in CATALOGUE.entities() {
        let path = format!("/{}", entity.path);
        for (field, parameter, operator) in filters(entity) {
            if matches!(operator, Operator::IsNull | Operator::In | Operator::NotIn) {
                continue;
            }
            let values = match field.kind {
                Kind::Date | Kind::Timestamp => &days[..],
                Kind::Integer | Kind::Percent | Kind::Decimal | Kind::Money => &numbers,
                _ => continue,
            };
            for value in values {
                let value = if operator == Operator::Between {
                    format!("{value},{value}")
                } else {
                    (*value).to_owned()
                };
                let (status, names) = asked(&client, &path, &parameter, &value).await;
                assert!(
                    status == StatusCode::OK
                        || status == StatusCode::BAD_REQUEST
                            && (names == [parameter.as_str()] || names == [field.name]),
                    "{path}?{parameter}={value}: {status} {names:?}"
                );
            }
        }
    }
    for parameter in ["limit", "offset", "after"] {
        for path in ["/companies", "/events", "/imports"] {
            let (status, _) = asked(&client, path, parameter, "9223372036854775808").await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path}?{parameter}");
        }
    }
}

#[tokio::test]
async fn a_cursor_that_this_list_did_not_give_out_is_refused() {
    use base64::Engine as _;
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let id = "0192f0c1-2345-7890-abcd-ef0123456789";
    for (sort, signature, value) in [
        ("name", "+name", "a\0b"),
        ("created_at", "+created_at", "-009999-01-01T00:00:00Z"),
        ("-annual_revenue", "-annual_revenue", "1e99"),
        ("employee_count", "+employee_count", "99999999999999999999"),
        ("status", "+status", "a\0b"),
    ] {
        let cursor = json!({"s": signature, "v": [value], "id": id}).to_string();
        let cursor = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(cursor);
        let address = format!("/companies?sort={sort}");
        let request = client
            .request(Method::GET, &address)
            .query(&[("cursor", cursor.as_str())]);
        let problem = client
            .send(request)
            .await
            .problem(StatusCode::BAD_REQUEST, "bad_query")
            .await;
        assert_eq!(named(&problem), ["cursor"], "{address}");
    }
    let company = client.company("Acme").await;
    for path in [
        "/imports".to_owned(),
        format!("/companies/{}/history", company["id"].as_str().unwrap()),
    ] {
        let (status, names) = asked(&client, &path, "cursor", "AAAA").await;
        assert_eq!(
            (status, names),
            (StatusCode::BAD_REQUEST, vec!["cursor".to_owned()]),
            "{path}"
        );
    }
}

#[tokio::test]
async fn more_values_than_a_statement_takes_are_still_answered() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    client
        .post("/companies", &json!({"name": "Acme", "tags": ["t7"]}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let values: Vec<String> = (0..1000).map(|number| format!("t{number}")).collect();
    let test = json!({"field": "tags", "op": "in", "value": values});
    let tests: Vec<&Json> = std::iter::repeat_n(&test, 70).collect();
    let found = client
        .post("/companies/query", &json!({"filter": {"and": tests}}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(found["data"][0]["name"], "Acme");
}

#[tokio::test]
async fn a_body_with_a_null_character_is_refused_by_name_wherever_it_stands() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let refused = async |method: Method, path: &str, body: Json, field: &str| {
        let answer = client.send(client.request(method, path).json(&body)).await;
        let problem = answer
            .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
            .await;
        assert!(
            named(&problem).iter().any(|name| name == field),
            "{path} {body}: {problem}"
        );
    };
    for entity in CATALOGUE
        .entities()
        .iter()
        .filter(|entity| entity.verbs.create)
    {
        let path = format!("/{}", entity.path);
        for field in entity
            .all_fields()
            .iter()
            .filter(|field| field.writable_on_create())
        {
            let name = field.name;
            refused(Method::POST, &path, json!({name: "a\0b"}), name).await;
            refused(
                Method::POST,
                &path,
                json!({name: {"inner": [1, {"deep": "\0"}]}}),
                &format!("{name}.inner[1].deep"),
            )
            .await;
            refused(
                Method::POST,
                &path,
                json!({name: {"in\0ner": true}}),
                &format!("{name}.in\\u0000ner"),
            )
            .await;
        }
        refused(Method::POST, &path, json!({"na\0me": "x"}), "na\\u0000me").await;
    }
    let company = client.company("Acme").await;
    let record = format!("/companies/{}", company["id"].as_str().unwrap());
    refused(
        Method::PATCH,
        &record,
        json!({"custom_fields": {"tier": "\0"}}),
        "custom_fields.tier",
    )
    .await;
    refused(
        Method::PATCH,
        &record,
        json!({"settings": {"a": {"b\0": 1}}}),
        "settings.a.b\\u0000",
    )
    .await;
    let bulk =
        json!({"operations": [{"op": "update", "id": company["id"], "data": {"name": "\0"}}]});
    refused(
        Method::POST,
        "/companies/bulk",
        bulk,
        "operations[0].data.name",
    )
    .await;
    let all = json!({"op": "update", "filter": {"field": "name", "op": "contains", "value": "\0"}, "data": {"status": "active"}});
    refused(Method::POST, "/companies/bulk", all, "filter.value").await;
    refused(
        Method::PATCH,
        "/organization",
        json!({"settings": {"note": "\0"}}),
        "settings.note",
    )
    .await;
    refused(
        Method::PATCH,
        "/organization",
        json!({"branding": {"\0": 1}}),
        "branding.\\u0000",
    )
    .await;
    refused(
        Method::PUT,
        &format!("/deals/{}/stage", company["id"].as_str().unwrap()),
        json!({"stage": "\0"}),
        "stage",
    )
    .await;
    let registration = json!({"email": "b@example.com", "password": "a long enough phrase", "full_name": "\0", "organization_name": "O"});
    refused(Method::POST, "/auth/register", registration, "full_name").await;
    // Written in words, the six characters \u0000 are text like any other.
    let made = client
        .post(
            "/companies",
            &json!({"name": "a\\u0000b", "settings": {"a": "\\u0000"}}),
        )
        .await
        .json(StatusCode::CREATED)
        .await;
    assert_eq!(made["name"], "a\\u0000b");
}

#[tokio::test]
async fn numbers_beyond_their_column_are_refused_by_name() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    for (key, kind) in [
        ("count", "integer"),
        ("price", "money"),
        ("rate", "decimal"),
        ("share", "percent"),
    ] {
        let field = json!({"entity": "company", "label": key, "key": key, "kind": kind});
        client
            .post("/custom-fields", &field)
            .await
            .json(StatusCode::CREATED)
            .await;
        for number in [
            json!("-79228162514264337593543950335"),
            json!("79228162514264337593543950335"),
            json!(1e300),
        ] {
            let body = json!({"name": "Acme", "custom_fields": {key: number}});
            let problem = client
                .post("/companies", &body)
                .await
                .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
                .await;
            assert_eq!(named(&problem), [format!("custom.{key}")], "{body}");
        }
    }
    for entity in CATALOGUE
        .entities()
        .iter()
        .filter(|entity| entity.verbs.create)
    {
        for field in entity
            .all_fields()
            .iter()
            .filter(|field| field.writable_on_create())
        {
            if !matches!(
                field.kind,
                Kind::Integer | Kind::Percent | Kind::Decimal | Kind::Money
            ) {
                continue;
            }
            for number in [
                json!(i64::MIN),
                json!(i64::MAX),
                json!(3_000_000_000_i64),
                json!(-3_000_000_000_i64),
                json!("79228162514264337593543950335"),
            ] {
                let path = format!("/{}", entity.path);
                let answer = client.post(&path, &json!({field.name: number})).await;
                let status = answer.status();
                let body = answer.json(status).await;
                // Other fields are missing; where this one is not named, it fits. What may be once is there already.
                assert!(
                    status == StatusCode::CREATED
                        || status == StatusCode::UNPROCESSABLE_ENTITY
                        || status == StatusCode::CONFLICT,
                    "{path} {}={number}: {body}",
                    field.name
                );
                assert!(
                    named(&body).iter().all(|name| !name.is_empty()),
                    "{path} {}={number}: {body}",
                    field.name
                );
            }
        }
    }
    let deal = client
        .post("/deals", &json!({"name": "Big"}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let item = json!({"deal_id": deal["id"], "description": "All of it", "quantity": "1000000000", "unit_price": "9999999999999"});
    let problem = client
        .post("/deal-items", &item)
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(named(&problem), ["quantity"], "{problem}");
}

#[tokio::test]
async fn numbers_at_the_end_of_a_floats_reach_are_not_kept_in_documents() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let number = json!(f64::MAX);
    let field = json!({"entity": "company", "label": "A", "key": "a", "kind": "decimal", "default_value": {"other": number}});
    for (method, path, body, place) in [
        (Method::POST, "/custom-fields", field, "default_value"),
        (
            Method::POST,
            "/companies",
            json!({"name": "Acme", "settings": {"a": [number]}}),
            "settings",
        ),
        (
            Method::PATCH,
            "/organization",
            json!({"settings": {"a": number}}),
            "settings.a",
        ),
        (
            Method::PATCH,
            "/organization",
            json!({"branding": {"a": {"b": number}}}),
            "branding.a.b",
        ),
    ] {
        let answer = client.send(client.request(method, path).json(&body)).await;
        let problem = answer
            .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
            .await;
        assert_eq!(named(&problem), [place], "{problem}");
    }
    // What is kept comes back.
    let kept = json!({"name": "Acme", "settings": {"a": 1e300, "b": -1e300, "c": 5e-324}});
    let made = client
        .post("/companies", &kept)
        .await
        .json(StatusCode::CREATED)
        .await;
    assert_eq!(made["settings"]["a"], json!(1e300));
    let path = format!("/companies/{}", made["id"].as_str().unwrap());
    client
        .patch(&path, Some("\"1\""), &json!({"name": "Acme Inc"}))
        .await
        .json(StatusCode::OK)
        .await;
    client
        .patch(&path, Some("\"1\""), &json!({"name": "Other"}))
        .await
        .problem(StatusCode::PRECONDITION_FAILED, "conflict")
        .await;
    client
        .get(&format!("{path}/history"))
        .await
        .json(StatusCode::OK)
        .await;
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused_by_name() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let problem = client
        .get("/companies?name=%FFx&q=%C3")
        .await
        .problem(StatusCode::BAD_REQUEST, "bad_query")
        .await;
    assert_eq!(named(&problem), ["name", "q"], "{problem}");
    let problem = client
        .get("/companies?n%FFame=x")
        .await
        .problem(StatusCode::BAD_REQUEST, "bad_query")
        .await;
    assert_eq!(named(&problem), ["n\u{fffd}ame"], "{problem}");
    for path in [
        "/companies/%00",
        "/companies/%FF",
        "/%00",
        "/%FF/x",
        "/deals/%00/stage",
        "/imports/%00",
        "/companies/%00/history",
        "/companies/%00/%00",
    ] {
        let answer = client.get(path).await;
        assert!(
            matches!(
                answer.status(),
                StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
            ),
            "{path}: {}",
            answer.status()
        );
    }
    let raw = |body: &'static str| {
        client
            .request(Method::POST, "/companies")
            .header("content-type", "application/json")
            .body(body)
    };
    for body in [
        r#"{"name": "\ud800"}"#,
        r#"{"name": "\udc00\ud800"}"#,
        r#"{"\ud800": 1}"#,
    ] {
        client
            .send(raw(body))
            .await
            .problem(StatusCode::BAD_REQUEST, "malformed")
            .await;
    }
    let lone = client
        .request(Method::GET, "/companies")
        .query(&[("filter", r#"{"field":"name","op":"eq","value":"\ud800"}"#)]);
    let problem = client
        .send(lone)
        .await
        .problem(StatusCode::BAD_REQUEST, "bad_query")
        .await;
    assert_eq!(named(&problem), ["filter"]);
}

/// Sends a request as bytes and answers the status line.
async fn sent(started: &Started, request: Vec<u8>) -> String {
    let mut connection = TcpStream::connect(started.address).await.unwrap();
    connection.write_all(&request).await.unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn headers_of_any_bytes_are_taken_refused_or_left_out() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let company = client.company("Acme").await;
    let token = client.token.clone().unwrap();
    let body = r#"{"name":"Acme Inc"}"#;
    let path = format!("/api/v1/companies/{}", company["id"].as_str().unwrap());
    let request = |header: &[u8]| {
        let mut request = format!(
            "PATCH {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(header);
        request.extend_from_slice(b"\r\n\r\n");
        request.extend_from_slice(body.as_bytes());
        request
    };
    for header in [
        &b"If-Match: \"\xff\""[..],
        b"If-Match: \"9223372036854775808\"",
        b"If-Match: \xff",
    ] {
        assert_eq!(
            sent(&started, request(header)).await,
            "HTTP/1.1 400 Bad Request",
            "{header:?}"
        );
    }
    for header in [
        &b"If-Match: \"9223372036854775807\""[..],
        b"If-Match: \"-9223372036854775808\"",
    ] {
        assert_eq!(
            sent(&started, request(header)).await,
            "HTTP/1.1 412 Precondition Failed",
            "{header:?}"
        );
    }
    for header in [
        &b"User-Agent: \xff\xfe caf\xe9"[..],
        b"X-Request-Id: \xff",
        b"X-Forwarded-For: \xff, 1.2.3.4",
        b"If-None-Match: \xff",
    ] {
        assert_eq!(
            sent(&started, request(header)).await,
            "HTTP/1.1 200 OK",
            "{header:?}"
        );
    }
    let history = client
        .get(&format!(
            "/companies/{}/history",
            company["id"].as_str().unwrap()
        ))
        .await;
    history.json(StatusCode::OK).await;
    for version in [i64::MAX, i64::MIN] {
        let tag = format!("\"{version}\"");
        client
            .patch("/organization", Some(&tag), &json!({"name": "New"}))
            .await
            .problem(StatusCode::PRECONDITION_FAILED, "conflict")
            .await;
        let bulk = json!({"operations": [{"op": "update", "id": company["id"], "data": {"name": "x"}, "version": version}]});
        client
            .post("/companies/bulk", &bulk)
            .await
            .problem(StatusCode::PRECONDITION_FAILED, "conflict")
            .await;
    }
    for key in [
        &b"Idempotency-Key: \xff"[..],
        b"Idempotency-Key: ",
        b"Idempotency-Key: caf\xc3\xa9",
    ] {
        let mut request = format!(
            "POST /api/v1/companies HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(key);
        request.extend_from_slice(b"\r\n\r\n");
        request.extend_from_slice(body.as_bytes());
        assert_eq!(
            sent(&started, request).await,
            "HTTP/1.1 400 Bad Request",
            "{key:?}"
        );
    }
}
