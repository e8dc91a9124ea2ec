//! Every entity alike: create, read, list, change, delete, restore, in bulk, with history.

use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::fixture::Started;

#[tokio::test]
async fn a_record_lives() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let answer = client
        .post(
            "/companies",
            &json!({"name": "Acme", "annual_revenue": "1200.50", "tags": ["vip"]}),
        )
        .await;
    let (location, tag) = (answer.header("location"), answer.header("etag"));
    let company = answer.json(StatusCode::CREATED).await;
    let path = format!("/companies/{}", company["id"].as_str().unwrap());
    assert_eq!(location, format!("/api/v1{path}"));
    assert_eq!(tag, "\"1\"");

    let read = client.get(&format!("{path}?include=owner")).await;
    assert_eq!(read.header("etag"), "\"1\"");
    assert_eq!(read.header("cache-control"), "private, no-cache");
    let read = read.json(StatusCode::OK).await;
    assert!(
        read["owner"].is_null() || read["owner"]["full_name"] == "Owner ada",
        "{read}"
    );
    let unchanged = client
        .request(Method::GET, &path)
        .header("if-none-match", "\"1\"");
    assert_eq!(
        client.send(unchanged).await.status(),
        StatusCode::NOT_MODIFIED
    );

    let list = client
        .get("/companies?tags[has]=vip&total=true&sort=-name")
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        (
            &list["page"]["total"],
            list["data"].as_array().unwrap().len()
        ),
        (&json!(1), 1)
    );
    let filter = json!({"filter": {"field": "annual_revenue", "op": "gt", "value": "1200"}, "fields": ["name"]});
    let found = client
        .post("/companies/query", &filter)
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(found["data"][0]["name"], "Acme");
    assert_eq!(found["data"][0].get("annual_revenue"), None);

    let changed = client
        .patch(&path, Some("\"1\""), &json!({"name": "Acme Inc"}))
        .await;
    assert_eq!(changed.header("etag"), "\"2\"");
    changed.json(StatusCode::OK).await;

    assert_eq!(client.delete(&path).await.status(), StatusCode::NO_CONTENT);
    client
        .get(&path)
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    assert_eq!(
        client.get(&format!("{path}?deleted=only")).await.status(),
        StatusCode::OK
    );
    let back = client
        .post(&format!("{path}/restore"), &json!({}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(back["deleted_at"], Json::Null);

    let history = client
        .get(&format!("{path}/history"))
        .await
        .json(StatusCode::OK)
        .await;
    let newest = &history["data"][0];
    assert_eq!(
        (&newest["origin"], &newest["user"]["full_name"]),
        (&json!("api"), &json!("Owner ada"))
    );
    let activities = client
        .get(&format!("{path}/activities"))
        .await
        .json(StatusCode::OK)
        .await;
    let kinds: Vec<&str> = activities["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|activity| activity["type"].as_str())
        .collect();
    assert_eq!(kinds, ["restored", "deleted", "updated", "created"]);
    // The feed waits for every transaction that began earlier, those of other tests on the same server included.
    let told = async |action: &str| {
        let events = client
            .get("/events?limit=1000")
            .await
            .json(StatusCode::OK)
            .await;
        events["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|event| event["id"] == company["id"] && event["action"] == action)
    };
    while !told("restored").await {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn edits_to_the_same_field_collide_and_others_merge() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let company = client.company("Acme").await;
    let path = format!("/companies/{}", company["id"].as_str().unwrap());
    client
        .patch(&path, Some("\"1\""), &json!({"name": "Theirs"}))
        .await
        .json(StatusCode::OK)
        .await;

    let merged = client
        .patch(
            &path,
            Some("\"1\""),
            &json!({"website": "https://acme.example"}),
        )
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        (&merged["name"], &merged["version"]),
        (&json!("Theirs"), &json!(3))
    );

    let problem = client
        .patch(&path, Some("\"1\""), &json!({"name": "Mine"}))
        .await
        .problem(StatusCode::PRECONDITION_FAILED, "conflict")
        .await;
    assert_eq!(
        problem["conflicts"],
        json!([{"field": "name", "mine": "Mine", "theirs": "Theirs", "was": "Acme"}])
    );
    assert_eq!(problem["current"]["name"], "Theirs");
    client
        .patch(&path, Some("1"), &json!({"name": "Mine"}))
        .await
        .problem(StatusCode::BAD_REQUEST, "malformed")
        .await;

    let stale = client
        .request(Method::DELETE, &path)
        .header("if-match", "\"1\"");
    client
        .send(stale)
        .await
        .problem(StatusCode::PRECONDITION_FAILED, "conflict")
        .await;
    let current = client
        .request(Method::DELETE, &path)
        .header("if-match", "\"3\"");
    assert_eq!(client.send(current).await.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn bulk_is_all_or_nothing_and_names_every_fault() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let bad = json!({"operations": [
        {"op": "create", "data": {"name": "Good"}},
        {"op": "create", "data": {"name": "", "email": "not an address"}},
    ]});
    let problem = client
        .post("/companies/bulk", &bad)
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    let fields: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|error| error["field"].as_str())
        .collect();
    assert!(
        fields.contains(&"operations[1].data.name") && fields.contains(&"operations[1].data.email"),
        "{problem}"
    );
    let none = client
        .get("/companies?total=true")
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(none["page"]["total"], 0);

    let made = json!({"operations": [{"op": "create", "data": {"name": "One"}}, {"op": "create", "data": {"name": "Two"}}]});
    let made = client
        .post("/companies/bulk", &made)
        .await
        .json(StatusCode::OK)
        .await;
    let one = &made["results"][0]["id"];
    assert_eq!(made["results"][1]["record"]["name"], "Two");
    let mixed = json!({"operations": [{"op": "update", "id": one, "data": {"name": "Uno"}, "version": 1}, {"op": "delete", "id": one}, {"op": "restore", "id": one}]});
    let mixed = client
        .post("/companies/bulk", &mixed)
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(mixed["results"][2]["record"]["name"], "Uno");

    let all =
        json!({"op": "update", "filter": {"and": []}, "data": {"status": "active"}, "expected": 3});
    client
        .post("/companies/bulk", &all)
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    let all =
        json!({"op": "update", "filter": {"and": []}, "data": {"status": "active"}, "expected": 2});
    assert_eq!(
        client
            .post("/companies/bulk", &all)
            .await
            .json(StatusCode::OK)
            .await["affected"],
        2
    );
}

#[tokio::test]
async fn child_lists_are_of_records_that_one_may_see() {
    let started = Started::new().await;
    let (client, stranger) = (started.owner("ada").await, started.owner("eve").await);
    let company = client.company("Acme").await;
    let path = format!("/companies/{}/contacts", company["id"].as_str().unwrap());
    client
        .post(
            "/contacts",
            &json!({"first_name": "Grace", "company_id": company["id"]}),
        )
        .await
        .json(StatusCode::CREATED)
        .await;
    client
        .post("/contacts", &json!({"first_name": "Other"}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let contacts = client.get(&path).await.json(StatusCode::OK).await;
    assert_eq!(contacts["data"].as_array().unwrap().len(), 1);
    stranger
        .get(&path)
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    stranger
        .get(&format!("/companies/{}", company["id"].as_str().unwrap()))
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    client
        .get(&format!(
            "/companies/{}/nothing",
            company["id"].as_str().unwrap()
        ))
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
}

#[tokio::test]
async fn deals_move_through_the_pipeline() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let deal = client
        .post(
            "/deals",
            &json!({"name": "Big", "amount": "100", "currency": "USD"}),
        )
        .await
        .json(StatusCode::CREATED)
        .await;
    let stage = format!("/deals/{}/stage", deal["id"].as_str().unwrap());
    let put = |body: Json| client.request(Method::PUT, &stage).json(&body);
    let problem = client
        .send(put(json!({"stage": "lost"})))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(problem["errors"][0]["field"], "lost_reason");
    let won = client
        .send(put(json!({"stage": "won"})))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(won["status"], "won");
    let totals = client
        .get("/deals/pipeline")
        .await
        .json(StatusCode::OK)
        .await;
    let stages = totals["stages"].as_array().unwrap();
    let count =
        |key: &str| stages.iter().find(|stage| stage["key"] == key).unwrap()["count"].clone();
    assert_eq!((count("won"), count("lead")), (json!(1), json!(0)));
    client
        .get("/deals/pipeline?pipeline_id=x")
        .await
        .problem(StatusCode::BAD_REQUEST, "bad_query")
        .await;
}

#[tokio::test]
async fn an_organizations_own_fields_are_there_at_once() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    // Read once before, so that what is remembered is of no use.
    client.get("/companies").await.json(StatusCode::OK).await;
    let field = json!({"entity": "company", "key": "tier", "label": "Tier", "kind": "choice", "choices": [{"value": "gold", "label": "Gold"}]});
    client
        .post("/custom-fields", &field)
        .await
        .json(StatusCode::CREATED)
        .await;
    let company = json!({"name": "Acme", "custom_fields": {"tier": "gold"}});
    client
        .post("/companies", &company)
        .await
        .json(StatusCode::CREATED)
        .await;
    let found = client
        .get("/companies?custom.tier=gold")
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    let meta = client.get("/meta").await.json(StatusCode::OK).await;
    let company = meta["entities"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entity| entity["name"] == "company")
        .unwrap();
    assert!(
        company["fields"]
            .as_array()
            .unwrap()
            .iter()
            .any(|field| field["name"] == "custom.tier" && field["custom"] == true)
    );
}

#[tokio::test]
async fn the_organization_is_changed_by_those_who_may() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let organization = client.get("/organization").await;
    let tag = organization.header("etag");
    organization.json(StatusCode::OK).await;
    let change = json!({"base_currency": "EUR", "settings": {"max_active_products": 5}});
    let changed = client
        .patch("/organization", Some(&tag), &change)
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        (
            &changed["base_currency"],
            &changed["settings"]["max_active_products"]
        ),
        (&json!("EUR"), &json!(5))
    );
    client
        .patch("/organization", Some(&tag), &change)
        .await
        .problem(StatusCode::PRECONDITION_FAILED, "conflict")
        .await;
    client
        .patch("/organization", None, &json!({"timezone": "Mars/Base"}))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    let me = client.get("/auth/me").await.json(StatusCode::OK).await;
    assert_eq!(me["organization"]["base_currency"], "EUR");
}

#[tokio::test]
async fn the_same_addresses_answer_under_the_other_base() {
    let started = Started::new().await;
    let client = started.owner("ada").await;
    let request = client
        .http
        .get(started.url("/api/v1/a-crm/companies"))
        .bearer_auth(client.token.as_ref().unwrap());
    assert_eq!(client.send(request).await.status(), StatusCode::OK);
}
