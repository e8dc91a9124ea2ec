//! What one is told: for one's own eyes, only what one may read, and only what one wants to hear of.

use std::collections::BTreeSet;

use kith_jobs::{Worker, schedules};
use reqwest::StatusCode;
use serde_json::{Value as Json, json};

use crate::fixture::{Client, Started};

async fn told(client: &Client) -> Json {
    client
        .get("/notifications")
        .await
        .json(StatusCode::OK)
        .await
}

fn titles(list: &Json) -> Vec<&str> {
    let data = list["data"].as_array().unwrap();
    data.iter()
        .map(|one| one["title"].as_str().unwrap())
        .collect()
}

async fn task_for(client: &Client, person: &str, title: &str) -> Json {
    let body = json!({"title": title, "assigned_to_id": person});
    client
        .post("/tasks", &body)
        .await
        .json(StatusCode::CREATED)
        .await
}

#[tokio::test]
async fn whoever_is_given_something_is_told_and_nobody_else() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let (bob, bob_id) = owner.colleague(&started, "bob", "member").await;
    let (cleo, _) = owner.colleague(&started, "cleo", "admin").await;
    let task = task_for(&owner, &bob_id, "Call the bank").await;
    let list = told(&bob).await;
    assert_eq!(titles(&list), ["Owner ada assigned a task to you"]);
    let one = &list["data"][0];
    assert_eq!(one["message"], "Call the bank");
    assert_eq!(one["type"], "info");
    assert_eq!(
        one["action_url"],
        format!("/tasks/{}", task["id"].as_str().unwrap())
    );
    assert_eq!(list["unread_count"], 1);
    // Not whoever did it, and not even an admin.
    assert_eq!(told(&owner).await["unread_count"], 0);
    assert_eq!(told(&cleo).await["data"], json!([]));
    let id = one["id"].as_str().unwrap();
    for stranger in [&owner, &cleo, &started.owner("eve").await] {
        let answer = stranger
            .put(&format!("/notifications/{id}/read"), None, &json!({}))
            .await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    }
    // Changing something else about it is no news; giving it to oneself is none either.
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    owner
        .patch(&path, None, &json!({"priority": "high"}))
        .await
        .json(StatusCode::OK)
        .await;
    task_for(&bob, &bob_id, "My own").await;
    assert_eq!(told(&bob).await["unread_count"], 1);
}

#[tokio::test]
async fn they_are_read_unread_and_paged() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let (bob, bob_id) = owner.colleague(&started, "bob", "member").await;
    for number in 0..5 {
        task_for(&owner, &bob_id, &format!("Task {number}")).await;
    }
    let mut seen = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page = bob
            .get(&format!("/notifications?limit=2&cursor={cursor}"))
            .await
            .json(StatusCode::OK)
            .await;
        for one in page["data"].as_array().unwrap() {
            assert!(seen.insert(one["message"].as_str().unwrap().to_owned()));
        }
        match page["page"]["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5);
    let id = told(&bob).await["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let read = bob
        .put(&format!("/notifications/{id}/read"), None, &json!({}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(read["is_read"], true);
    let at = read["read_at"].clone();
    assert!(at.is_string());
    let again = bob
        .put(&format!("/notifications/{id}/read"), None, &json!({}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(again["read_at"], at, "the first time counts");
    let unread = bob
        .get("/notifications?unread=true")
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(unread["data"].as_array().unwrap().len(), 4);
    bob.put(&format!("/notifications/{id}/unread"), None, &json!({}))
        .await
        .json(StatusCode::OK)
        .await;
    let all = bob
        .put("/notifications/read-all", None, &json!({}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(all["marked"], 5);
    assert_eq!(told(&bob).await["unread_count"], 0);
    for bad in ["unread=maybe", "cursor=x", "limit=0", "colour=red"] {
        let answer = bob.get(&format!("/notifications?{bad}")).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[tokio::test]
async fn a_mention_reaches_only_who_may_read_the_note() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let (bob, bob_id) = owner.colleague(&started, "bob", "manager").await;
    let (client, client_id) = owner.colleague(&started, "carl", "client_member").await;
    let (sales, sales_id) = owner.colleague(&started, "sue", "sales").await;
    let company = owner.company("Northwind").await;
    // Somebody's: what is nobody's, sales may read.
    let me = owner.get("/auth/me").await.json(StatusCode::OK).await;
    let place = format!("/companies/{}", company["id"].as_str().unwrap());
    let owned = json!({"owner_id": me["user"]["id"]});
    owner
        .patch(&place, None, &owned)
        .await
        .json(StatusCode::OK)
        .await;
    let text =
        format!("Ask @[Bob](user:{bob_id}), @[Carl](user:{client_id}) and @[Sue](user:{sales_id})");
    let body = json!({"content": text, "subject_type": "company", "subject_id": company["id"]});
    let note = owner
        .post("/notes", &body)
        .await
        .json(StatusCode::CREATED)
        .await;
    let list = told(&bob).await;
    assert_eq!(titles(&list), ["Owner ada mentioned you"]);
    assert_eq!(list["data"][0]["message"], "Ask @Bob, @Carl and @Sue");
    assert_eq!(
        list["data"][0]["action_url"],
        format!("/companies/{}", company["id"].as_str().unwrap())
    );
    assert!(
        titles(&told(&client).await).is_empty(),
        "a client is told of an internal note"
    );
    assert!(
        titles(&told(&sales).await).is_empty(),
        "of a company that is not hers"
    );
    // Mentioned once more is not told twice; somebody new is.
    let path = format!("/notes/{}", note["id"].as_str().unwrap());
    owner
        .patch(&path, None, &json!({"content": format!("{text}!")}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(titles(&told(&bob).await).len(), 1);
}

#[tokio::test]
async fn what_one_may_no_longer_read_is_no_longer_told() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let (sales, sales_id) = owner.colleague(&started, "sue", "sales").await;
    let me = owner.get("/auth/me").await.json(StatusCode::OK).await;
    let body = json!({"last_name": "Secret", "owner_id": sales_id});
    let lead = owner
        .post("/leads", &body)
        .await
        .json(StatusCode::CREATED)
        .await;
    assert_eq!(told(&sales).await["unread_count"], 1);
    let path = format!("/leads/{}", lead["id"].as_str().unwrap());
    owner
        .patch(&path, None, &json!({"owner_id": me["user"]["id"]}))
        .await
        .json(StatusCode::OK)
        .await;
    let list = told(&sales).await;
    assert_eq!(
        (&list["data"], &list["unread_count"]),
        (&json!([]), &json!(0))
    );
}

#[tokio::test]
async fn preferences_decide_what_is_heard_of_and_how() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let (bob, bob_id) = owner.colleague(&started, "bob", "member").await;
    let all = bob
        .get("/notifications/preferences")
        .await
        .json(StatusCode::OK)
        .await;
    let kinds: Vec<&str> = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["kind"].as_str().unwrap())
        .collect();
    assert!(
        ["mention", "assignment", "reminder", "sla_breach", "system"]
            .iter()
            .all(|kind| kinds.contains(kind))
    );
    let set = |change: Json| {
        let bob = bob.clone();
        async move {
            bob.put(
                "/notifications/preferences",
                None,
                &json!({"data": [change]}),
            )
            .await
        }
    };
    // Mail as it happens, and nothing in the application.
    let now = set(json!({"kind": "assignment", "in_app": false, "email": true}))
        .await
        .json(StatusCode::OK)
        .await;
    let assignment = now["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["kind"] == "assignment")
        .unwrap();
    assert_eq!(
        (
            &assignment["in_app"],
            &assignment["email"],
            &assignment["digest"]
        ),
        (&json!(false), &json!(true), &json!("off"))
    );
    task_for(&owner, &bob_id, "By mail").await;
    assert_eq!(told(&bob).await["data"], json!([]));
    let mail = started.mail_to("notification", "bob@example.com").await;
    assert!(
        mail.text.contains("By mail") && mail.text.contains("https://crm.example.com/tasks/"),
        "{}",
        mail.text
    );
    // Nothing at all.
    set(json!({"kind": "assignment", "email": false}))
        .await
        .json(StatusCode::OK)
        .await;
    task_for(&owner, &bob_id, "Unheard").await;
    assert!(started.mail().await.is_empty());
    assert_eq!(
        started
            .database
            .admin()
            .await
            .query(&kith_store::Statement::new(
                "select 1 from notifications where message = 'Unheard'"
            ))
            .await
            .unwrap()
            .len(),
        0
    );
    // What means nothing is named, all of it.
    let problem = bob
        .put("/notifications/preferences", None, &json!({"data": [{"kind": "unicorn"}, {"kind": "mention", "digest": "hourly"}, {"kind": "mention"}]}))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    let fields: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["0.kind", "1.digest", "2.kind"]);
}

#[tokio::test]
async fn a_flood_becomes_one_notification() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let (bob, bob_id) = owner.colleague(&started, "bob", "member").await;
    let operations: Vec<Json> = (0..50)
        .map(|number| json!({"op": "create", "data": {"title": format!("Task {number}"), "assigned_to_id": bob_id}}))
        .collect();
    let answer = owner
        .post("/tasks/bulk", &json!({"operations": operations}))
        .await;
    assert_eq!(
        answer.status(),
        StatusCode::OK,
        "{}",
        answer.0.text().await.unwrap()
    );
    let list = told(&bob).await;
    assert_eq!(list["unread_count"], 1);
    assert!(
        list["data"][0]["message"]
            .as_str()
            .unwrap()
            .contains("(and 49 more)")
    );
}

/// A worker whose clock stands still at a moment.
fn worker_at(started: &Started, moment: &str) -> Worker {
    let moment: jiff::Timestamp = moment.parse().unwrap();
    Worker::new(
        started.database.database().clone(),
        std::sync::Arc::new(move || moment),
        Vec::new(),
        schedules(),
    )
}

#[tokio::test]
async fn digests_come_in_the_morning_of_ones_own_zone_and_once() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let (bob, bob_id) = owner.colleague(&started, "bob", "member").await;
    // Berlin is an hour ahead in winter: eight there is seven in UTC.
    bob.patch("/auth/me", None, &json!({"timezone": "Europe/Berlin"}))
        .await
        .json(StatusCode::OK)
        .await;
    let daily = json!({"data": [{"kind": "assignment", "digest": "daily"}, {"kind": "mention", "digest": "weekly"}]});
    bob.put("/notifications/preferences", None, &daily)
        .await
        .json(StatusCode::OK)
        .await;
    for title in ["First", "Second", "Read meanwhile"] {
        task_for(&owner, &bob_id, title).await;
    }
    let company = owner.company("Northwind").await;
    let member = json!({"company_id": company["id"], "user_id": bob_id});
    owner
        .post("/company-members", &member)
        .await
        .json(StatusCode::CREATED)
        .await;
    let body = json!({"content": format!("@[Bob](user:{bob_id})"), "subject_type": "company", "subject_id": company["id"]});
    owner
        .post("/notes", &body)
        .await
        .json(StatusCode::CREATED)
        .await;
    // Thursday 3 December 2026; made the evening before.
    started
        .script("update notifications set created_at = '2026-12-02T20:00:00Z'")
        .await;
    let list = told(&bob).await;
    let read = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["message"] == "Read meanwhile")
        .unwrap();
    bob.put(
        &format!("/notifications/{}/read", read["id"].as_str().unwrap()),
        None,
        &json!({}),
    )
    .await
    .json(StatusCode::OK)
    .await;
    worker_at(&started, "2026-12-03T06:59:00Z")
        .drain()
        .await
        .unwrap();
    assert!(started.mail().await.is_empty(), "before eight");
    worker_at(&started, "2026-12-03T07:06:00Z")
        .drain()
        .await
        .unwrap();
    let mail = started.mail_to("digest", "bob@example.com").await;
    assert!(
        mail.text.contains("First") && mail.text.contains("Second"),
        "{}",
        mail.text
    );
    assert!(!mail.text.contains("Read meanwhile"));
    assert!(!mail.text.contains("mentioned"), "that is for Monday");
    for later in ["2026-12-03T07:30:00Z", "2026-12-04T07:30:00Z"] {
        worker_at(&started, later).drain().await.unwrap();
        assert!(started.mail().await.is_empty(), "once only: {later}");
    }
    // Monday.
    worker_at(&started, "2026-12-07T07:00:00Z")
        .drain()
        .await
        .unwrap();
    let mail = started.mail_to("digest", "bob@example.com").await;
    assert!(
        mail.text.contains("mentioned you") && !mail.text.contains("First"),
        "{}",
        mail.text
    );
}

#[tokio::test]
async fn jobs_are_seen_by_who_set_them_going_and_who_looks_after_the_organization() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let (bob, bob_id) = owner.colleague(&started, "bob", "member").await;
    let stranger = started.owner("eve").await;
    started
        .script(&format!(
            "insert into jobs (organization_id, kind, created_by, status, attempts, last_error, finished_at)
             select organization_id, 'leave', case n when 1 then '{bob_id}'::uuid end, 'dead', 8, 'no answer', now()
             from memberships, generate_series(1, 2) n where user_id = '{bob_id}'"
        ))
        .await;
    let list = |client: &Client| {
        let client = client.clone();
        async move {
            client
                .get("/jobs?status=dead")
                .await
                .json(StatusCode::OK)
                .await["data"]
                .as_array()
                .unwrap()
                .clone()
        }
    };
    assert_eq!(list(&owner).await.len(), 2);
    assert_eq!(list(&stranger).await.len(), 0);
    let own = list(&bob).await;
    assert_eq!(own.len(), 1);
    assert_eq!(
        (&own[0]["status"], &own[0]["last_error"]),
        (&json!("dead"), &json!("no answer"))
    );
    let path = format!("/jobs/{}", own[0]["id"].as_str().unwrap());
    assert_eq!(stranger.get(&path).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        stranger
            .post(&format!("{path}/retry"), &json!({}))
            .await
            .status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        bob.post(&format!("{path}/retry"), &json!({}))
            .await
            .status(),
        StatusCode::FORBIDDEN
    );
    let again = owner
        .post(&format!("{path}/retry"), &json!({}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        (&again["status"], &again["attempts"]),
        (&json!("queued"), &json!(0))
    );
    assert_eq!(
        owner
            .post(&format!("{path}/retry"), &json!({}))
            .await
            .status(),
        StatusCode::CONFLICT
    );
    let gone = owner
        .post(&format!("{path}/discard"), &json!({}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(gone["status"], "discarded");
    assert_eq!(
        owner.get("/jobs?status=happy").await.status(),
        StatusCode::BAD_REQUEST
    );
}
