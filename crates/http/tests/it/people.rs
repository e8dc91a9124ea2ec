//! People's way in and out, by mail and by whoever may manage them.

use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};
use totp_rs::{Builder, Secret};

use crate::fixture::{Answer, Client, PASSWORD, Started};

const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

fn fields(problem: &Json) -> Vec<&str> {
    problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect()
}

async fn invite(who: &Client, email: &str, role: &str) -> Answer {
    let body = json!({"email": email, "role_id": who.role(role).await});
    who.post("/users/invite", &body).await
}

async fn post(who: &Client, path: String) -> Answer {
    who.post(&path, &json!({})).await
}

/// A member whose role of its own holds exactly these permissions, given by the owner.
async fn with_role(
    started: &Started,
    owner: &Client,
    name: &str,
    grants: &[(&str, &str)],
) -> (Client, String) {
    let role = owner
        .post("/roles", &json!({"name": format!("Role of {name}")}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let data: Vec<Json> = grants
        .iter()
        .map(|(resource, action)| json!({"resource": resource, "action": action, "scope": "all"}))
        .collect();
    let path = format!("/roles/{}/permissions", role["id"].as_str().unwrap());
    owner
        .put(&path, None, &json!({"data": data}))
        .await
        .json(StatusCode::OK)
        .await;
    owner
        .colleague(started, name, role["key"].as_str().unwrap())
        .await
}

#[tokio::test]
async fn somebody_new_is_invited_and_joins() {
    let started =
        Started::with(|settings| settings.registration = kith_auth::RegistrationPolicy::First)
            .await;
    let ada = started.owner("ada").await;
    let team = ada
        .post("/teams", &json!({"name": "North"}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let body = json!({"email": " Bob.Builder@Example.com ", "role_id": ada.role("sales").await, "team_id": team["id"]});
    let answer = ada.post("/users/invite", &body).await;
    assert!(answer.header("location").starts_with("/api/v1/users/"));
    let bob = answer.json(StatusCode::CREATED).await;
    assert_eq!(bob["status"], "invited");
    assert_eq!(bob["email"], "bob.builder@example.com");
    assert_eq!(bob["full_name"], "Bob Builder");
    assert!(bob["invited_at"].is_string());
    let mail = started
        .mail_to("invitation", "bob.builder@example.com")
        .await;
    assert!(
        mail.text
            .contains("Owner ada invites you to Organization ada"),
        "{}",
        mail.text
    );
    let nobody = started.nobody();
    let link = format!("/auth/invitation?token={}", mail.token);
    assert_eq!(
        nobody.get(&link).await.json(StatusCode::OK).await,
        json!({"email": "bob.builder@example.com", "organization_name": "Organization ada", "role_name": "Sales", "full_name": "Bob Builder", "has_account": false})
    );
    let accept =
        |password: &str| json!({"token": mail.token, "password": password, "full_name": "Bob B."});
    let problem = nobody
        .post("/auth/accept-invitation", &accept("short"))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(fields(&problem), ["password"]);
    // Registration is closed; an invitation opens the door all the same.
    let session = nobody
        .post("/auth/accept-invitation", &accept(PASSWORD))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(session["organization"]["name"], "Organization ada");
    let client = nobody.with_token(&session["access_token"]);
    let me = client.get("/auth/me").await.json(StatusCode::OK).await;
    assert_eq!(
        (&me["role"]["key"], &me["user"]["full_name"]),
        (&json!("sales"), &json!("Bob B."))
    );
    assert_eq!(me["user"]["is_verified"], true, "the link came by mail");
    nobody
        .post("/auth/accept-invitation", &accept(PASSWORD))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "token_invalid")
        .await;
    let shown = ada
        .get(&format!("/users/{}", bob["id"].as_str().unwrap()))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        (&shown["status"], &shown["team_id"]),
        (&json!("active"), &team["id"])
    );
    assert!(shown["last_login_at"].is_string());
    let members = ada
        .get(&format!("/teams/{}/members", team["id"].as_str().unwrap()))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(members["data"].as_array().unwrap().len(), 1);
    nobody
        .post(
            "/auth/login",
            &json!({"email": "bob.builder@example.com", "password": PASSWORD}),
        )
        .await
        .json(StatusCode::OK)
        .await;
}

#[tokio::test]
async fn an_account_that_exists_joins_with_its_password_and_nothing_tells_of_it_before() {
    let started = Started::new().await;
    let (ada, bob) = (started.owner("ada").await, started.owner("bob").await);
    bob.patch(
        "/auth/me",
        None,
        &json!({"full_name": "Robert Secret", "phone": "+14155550112"}),
    )
    .await
    .json(StatusCode::OK)
    .await;
    started.mail().await;
    // The same answer for an address with an account and for one without.
    let known = invite(&ada, "bob@example.com", "manager")
        .await
        .json(StatusCode::CREATED)
        .await;
    let unknown = invite(&ada, "zed@example.com", "manager")
        .await
        .json(StatusCode::CREATED)
        .await;
    for name in [
        "full_name",
        "phone",
        "avatar_url",
        "is_verified",
        "last_login_at",
        "status",
        "has_second_factor",
    ] {
        let of = |person: &Json| {
            person[name]
                .to_string()
                .replace("Bob", "X")
                .replace("Zed", "X")
        };
        assert_eq!(of(&known), of(&unknown), "{name}");
    }
    let timeline = ada
        .get("/activities?limit=50")
        .await
        .json(StatusCode::OK)
        .await
        .to_string();
    assert!(!timeline.contains("Robert") && !timeline.contains("Secret"));
    // Work is given to people before they join.
    let company = ada
        .post(
            "/companies",
            &json!({"name": "Acme", "owner_id": known["id"]}),
        )
        .await
        .json(StatusCode::CREATED)
        .await;
    let mail = started
        .mail()
        .await
        .into_iter()
        .find(|mail| mail.recipient == "bob@example.com")
        .unwrap();
    let nobody = started.nobody();
    let shown = nobody
        .get(&format!("/auth/invitation?token={}", mail.token))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(shown["has_account"], true);
    assert_eq!(shown["full_name"], "Bob", "as the organization calls them");
    let accept = |password: &str| json!({"token": mail.token, "password": password});
    let problem = nobody
        .post("/auth/accept-invitation", &json!({"token": mail.token}))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(fields(&problem), ["password"]);
    nobody
        .post("/auth/accept-invitation", &accept("wrong horse battery"))
        .await
        .problem(StatusCode::UNAUTHORIZED, "invalid_credentials")
        .await;
    let session = nobody
        .post("/auth/accept-invitation", &accept(PASSWORD))
        .await
        .json(StatusCode::OK)
        .await;
    let there = nobody.with_token(&session["access_token"]);
    let me = there.get("/auth/me").await.json(StatusCode::OK).await;
    assert_eq!(me["role"]["key"], "manager");
    assert_eq!(me["memberships"].as_array().unwrap().len(), 2);
    // One person, who took the place of the one that was known by name.
    let people = ada
        .get("/users?status=active")
        .await
        .json(StatusCode::OK)
        .await;
    let names: Vec<&str> = people["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["full_name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Owner ada", "Robert Secret"]);
    let company = ada
        .get(&format!("/companies/{}", company["id"].as_str().unwrap()))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(company["owner_id"], me["user"]["id"]);
    ada.get(&format!("/users/{}", known["id"].as_str().unwrap()))
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
}

#[tokio::test]
async fn an_account_with_a_second_factor_joins_with_a_code() {
    let started = Started::new().await;
    let (ada, bob) = (started.owner("ada").await, started.owner("bob").await);
    let setup = bob
        .post("/auth/totp/setup", &json!({"password": PASSWORD}))
        .await
        .json(StatusCode::OK)
        .await;
    let secret = Secret::try_from_base32(setup["secret"].as_str().unwrap()).unwrap();
    let code = Builder::new()
        .with_secret(secret)
        .build()
        .unwrap()
        .generate_current()
        .to_string();
    let codes = bob
        .post("/auth/totp/enable", &json!({"code": code}))
        .await
        .json(StatusCode::OK)
        .await;
    invite(&ada, "bob@example.com", "viewer")
        .await
        .json(StatusCode::CREATED)
        .await;
    let mail = started.mail_to("invitation", "bob@example.com").await;
    let nobody = started.nobody();
    let accept = |totp: Json| json!({"token": mail.token, "password": PASSWORD, "totp": totp});
    nobody
        .post("/auth/accept-invitation", &accept(json!(null)))
        .await
        .problem(StatusCode::UNAUTHORIZED, "totp_required")
        .await;
    nobody
        .post("/auth/accept-invitation", &accept(json!(code)))
        .await
        .problem(StatusCode::UNAUTHORIZED, "totp_invalid")
        .await;
    // Nothing was used up by that.
    nobody
        .post(
            "/auth/accept-invitation",
            &accept(codes["recovery_codes"][0].clone()),
        )
        .await
        .json(StatusCode::OK)
        .await;
}

#[tokio::test]
async fn bad_invitations_are_refused_by_field() {
    let started = Started::new().await;
    let (ada, bob) = (started.owner("ada").await, started.owner("bob").await);
    let role = ada.role("member").await;
    for (body, field) in [
        (json!({"role_id": role}), "email"),
        (json!({"email": "no address", "role_id": role}), "email"),
        (
            json!({"email": "x@example.com", "role_id": NOBODY}),
            "role_id",
        ),
        (
            json!({"email": "x@example.com", "role_id": bob.role("member").await}),
            "role_id",
        ),
        (
            json!({"email": "x@example.com", "role_id": role, "team_id": NOBODY}),
            "team_id",
        ),
    ] {
        let problem = ada
            .post("/users/invite", &body)
            .await
            .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
            .await;
        assert_eq!(fields(&problem), [field], "{problem}");
    }
    for body in [
        json!([]),
        json!({"email": "x@example.com", "role_id": role, "status": "active"}),
    ] {
        ada.post("/users/invite", &body)
            .await
            .problem(StatusCode::BAD_REQUEST, "malformed")
            .await;
    }
    invite(&ada, "x@example.com", "member")
        .await
        .json(StatusCode::CREATED)
        .await;
    for taken in ["x@example.com", "ada@example.com"] {
        let problem = invite(&ada, taken, "member")
            .await
            .problem(StatusCode::CONFLICT, "state_conflict")
            .await;
        assert_eq!(fields(&problem), ["email"]);
    }
    // Another organization may invite the same person.
    invite(&bob, "x@example.com", "member")
        .await
        .json(StatusCode::CREATED)
        .await;
    let mails = started.mail().await;
    assert_eq!(
        mails
            .iter()
            .filter(|mail| mail.kind == "invitation")
            .count(),
        2
    );
}

#[tokio::test]
async fn names_that_look_like_headers_stay_names() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    ada.patch(
        "/auth/me",
        None,
        &json!({"full_name": "Ada\u{2028}Bcc: everyone@example.com"}),
    )
    .await;
    ada.patch(
        "/organization",
        None,
        &json!({"name": "Win https://evil.example \u{85}Subject: x"}),
    )
    .await
    .json(StatusCode::OK)
    .await;
    let body = json!({"email": "x@example.com", "full_name": "X <script>\u{b}To: y@example.com", "role_id": ada.role("member").await});
    ada.post("/users/invite", &body)
        .await
        .json(StatusCode::CREATED)
        .await;
    let mail = started.mail_to("invitation", "x@example.com").await;
    let (head, _) = mail.text.split_once("\r\n\r\n").unwrap();
    let names: Vec<&str> = head
        .lines()
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap())
        .collect();
    let expected = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ];
    assert_eq!(names, expected, "{head}");
    assert!(!mail.text.contains("https://evil.example"), "{}", mail.text);
    let html = mail.text.split_once("text/html").unwrap().1;
    assert!(!html.contains("<script>"), "{html}");
}

#[tokio::test]
async fn invitations_are_sent_again_run_out_and_are_taken_back() {
    let started = Started::new().await;
    let (ada, eve) = (started.owner("ada").await, started.owner("eve").await);
    let bob = invite(&ada, "bob@example.com", "sales")
        .await
        .json(StatusCode::CREATED)
        .await;
    let path = format!("/users/{}/invite", bob["id"].as_str().unwrap());
    let first = started.mail_to("invitation", "bob@example.com").await;
    assert_eq!(
        post(&ada, path.clone()).await.status(),
        StatusCode::ACCEPTED
    );
    let second = started.mail_to("invitation", "bob@example.com").await;
    let nobody = started.nobody();
    for token in [&first.token, &second.token] {
        nobody
            .get(&format!("/auth/invitation?token={token}"))
            .await
            .json(StatusCode::OK)
            .await;
    }
    started
        .script("update one_time_tokens set expires_at = now() where purpose = 'invitation'")
        .await;
    let accept = |token: &str| json!({"token": token, "password": PASSWORD});
    nobody
        .post("/auth/accept-invitation", &accept(&first.token))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "token_invalid")
        .await;
    post(&ada, path.clone()).await;
    let third = started.mail_to("invitation", "bob@example.com").await;
    // Nobody else's.
    eve.delete(&path)
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    post(&eve, path.clone())
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    assert_eq!(ada.delete(&path).await.status(), StatusCode::NO_CONTENT);
    nobody
        .post("/auth/accept-invitation", &accept(&third.token))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "token_invalid")
        .await;
    ada.get(&format!("/users/{}", bob["id"].as_str().unwrap()))
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    // A mail that waits for a server goes nowhere once the invitation is withdrawn.
    let zed = invite(&ada, "zed@example.com", "sales")
        .await
        .json(StatusCode::CREATED)
        .await;
    ada.delete(&format!("/users/{}/invite", zed["id"].as_str().unwrap()))
        .await;
    assert!(
        started
            .mail()
            .await
            .iter()
            .all(|mail| mail.kind != "invitation")
    );
    // Somebody to whom work was given stays, known by name.
    let carl = invite(&ada, "carl@example.com", "sales")
        .await
        .json(StatusCode::CREATED)
        .await;
    ada.post(
        "/companies",
        &json!({"name": "Acme", "owner_id": carl["id"]}),
    )
    .await
    .json(StatusCode::CREATED)
    .await;
    let carls = carl["id"].as_str().unwrap();
    assert_eq!(
        ada.delete(&format!("/users/{carls}/invite")).await.status(),
        StatusCode::NO_CONTENT
    );
    let shown = ada
        .get(&format!("/users/{carls}"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        (&shown["status"], &shown["invited_at"]),
        (&json!("invited"), &Json::Null)
    );
    // And is invited after all.
    assert_eq!(
        post(&ada, format!("/users/{carls}/invite")).await.status(),
        StatusCode::ACCEPTED
    );
    let mail = started.mail_to("invitation", "carl@example.com").await;
    nobody
        .post("/auth/accept-invitation", &accept(&mail.token))
        .await
        .json(StatusCode::OK)
        .await;
    ada.delete(&format!("/users/{carls}/invite"))
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    post(&ada, format!("/users/{carls}/invite"))
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    let mut last = StatusCode::ACCEPTED;
    for _ in 0..8 {
        last = post(&ada, format!("/users/{NOBODY}/invite")).await.status();
    }
    assert_eq!(
        last,
        StatusCode::TOO_MANY_REQUESTS,
        "mail is not for bombing"
    );
}

#[tokio::test]
async fn a_corrected_address_makes_the_links_to_the_old_one_worthless() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let bob = invite(&ada, "bbo@example.com", "sales")
        .await
        .json(StatusCode::CREATED)
        .await;
    let path = format!("/users/{}", bob["id"].as_str().unwrap());
    let wrong = started.mail_to("invitation", "bbo@example.com").await;
    ada.patch(&path, None, &json!({"email": "bob@example.com"}))
        .await
        .json(StatusCode::OK)
        .await;
    let nobody = started.nobody();
    nobody
        .post(
            "/auth/accept-invitation",
            &json!({"token": wrong.token, "password": PASSWORD}),
        )
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "token_invalid")
        .await;
    post(&ada, format!("{path}/invite")).await;
    let right = started.mail_to("invitation", "bob@example.com").await;
    nobody
        .post(
            "/auth/accept-invitation",
            &json!({"token": right.token, "password": PASSWORD}),
        )
        .await
        .json(StatusCode::OK)
        .await;
    // Joined, the address is theirs alone to change.
    let problem = ada
        .patch(&path, None, &json!({"email": "else@example.com"}))
        .await
        .problem(StatusCode::FORBIDDEN, "forbidden")
        .await;
    assert_eq!(fields(&problem), ["full_name"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_link_lets_one_person_in_once() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    for round in 0..4 {
        let email = format!("bob{round}@example.com");
        invite(&ada, &email, "sales")
            .await
            .json(StatusCode::CREATED)
            .await;
        let mail = started.mail_to("invitation", &email).await;
        let accept = json!({"token": mail.token, "password": PASSWORD});
        let nobody = started.nobody();
        let (a, b, c) = tokio::join!(
            nobody.post("/auth/accept-invitation", &accept),
            nobody.post("/auth/accept-invitation", &accept),
            nobody.post("/auth/accept-invitation", &accept),
        );
        let inside = [&a, &b, &c]
            .iter()
            .filter(|answer| answer.status() == StatusCode::OK)
            .count();
        assert_eq!(
            inside,
            1,
            "{:?} {:?} {:?}",
            a.status(),
            b.status(),
            c.status()
        );
    }
}

/// Every entity with an owner: what somebody leaves goes to whoever takes over, with its history.
#[tokio::test]
async fn whoever_leaves_hands_everything_over() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let (bob, bobs) = ada.colleague(&started, "bob", "manager").await;
    let (_, carls) = ada.colleague(&started, "carl", "sales").await;
    let mut owned = Vec::new();
    for (path, body, owner) in [
        ("/companies", json!({"name": "Acme"}), "owner_id"),
        ("/contacts", json!({"first_name": "Charles"}), "owner_id"),
        ("/leads", json!({"first_name": "Lena"}), "owner_id"),
        ("/deals", json!({"name": "Engines"}), "owner_id"),
        ("/tasks", json!({"title": "Call"}), "assigned_to_id"),
    ] {
        let mut body = body;
        body[owner] = json!(bobs);
        let made = ada.post(path, &body).await.json(StatusCode::CREATED).await;
        owned.push((format!("{path}/{}", made["id"].as_str().unwrap()), owner));
    }
    let kept = ada
        .post("/companies", &json!({"name": "Others"}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let gone = ada
        .post("/companies", &json!({"name": "Gone", "owner_id": bobs}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let gone = format!("/companies/{}", gone["id"].as_str().unwrap());
    ada.delete(&gone).await;
    let key = bob
        .post("/auth/api-keys", &json!({"name": "x", "scopes": ["read"]}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let by_key = bob.with_token(&key["key"]);
    by_key.get("/companies").await.json(StatusCode::OK).await;

    let body = json!({"hand_over_to": carls});
    let left = ada
        .post(&format!("/users/{bobs}/deactivate"), &body)
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(left["status"], "suspended");
    for (path, owner) in &owned {
        let record = ada.get(path).await.json(StatusCode::OK).await;
        assert_eq!(record[*owner], json!(carls), "{path}");
        let history = ada
            .get(&format!("{path}/history"))
            .await
            .json(StatusCode::OK)
            .await;
        let change = &history["data"][0]["changes"][0];
        assert_eq!(
            (&change["field"], &change["old"], &change["new"]),
            (&json!(owner), &json!(bobs), &json!(carls)),
            "{path}"
        );
    }
    let sets: std::collections::BTreeSet<String> = {
        let mut sets = std::collections::BTreeSet::new();
        for (path, _) in &owned {
            let history = ada
                .get(&format!("{path}/history"))
                .await
                .json(StatusCode::OK)
                .await;
            sets.insert(history["data"][0]["change_set_id"].to_string());
        }
        sets
    };
    assert_eq!(sets.len(), 1, "one change, one change set");
    let gone = ada
        .get(&format!("{gone}?deleted=with"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(
        gone["owner_id"],
        json!(carls),
        "what is deleted can come back"
    );
    let kept = ada
        .get(&format!("/companies/{}", kept["id"].as_str().unwrap()))
        .await
        .json(StatusCode::OK)
        .await;
    assert_ne!(kept["owner_id"], json!(carls));
    bob.get("/auth/me")
        .await
        .problem(StatusCode::UNAUTHORIZED, "not_a_member")
        .await;
    by_key
        .get("/companies")
        .await
        .problem(StatusCode::UNAUTHORIZED, "token_invalid")
        .await;
    let login = json!({"email": "bob@example.com", "password": PASSWORD});
    started
        .nobody()
        .post("/auth/login", &login)
        .await
        .problem(StatusCode::UNAUTHORIZED, "not_a_member")
        .await;

    let back = post(&ada, format!("/users/{bobs}/reactivate"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(back["status"], "active");
    post(&ada, format!("/users/{bobs}/reactivate"))
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    started
        .nobody()
        .post("/auth/login", &login)
        .await
        .json(StatusCode::OK)
        .await;
    by_key
        .get("/companies")
        .await
        .problem(StatusCode::UNAUTHORIZED, "token_invalid")
        .await;
}

#[tokio::test]
async fn records_go_to_active_colleagues_only() {
    let started = Started::new().await;
    let (ada, eve) = (started.owner("ada").await, started.owner("eve").await);
    let (_, bobs) = ada.colleague(&started, "bob", "sales").await;
    let (_, carls) = ada.colleague(&started, "carl", "sales").await;
    let invited = invite(&ada, "dora@example.com", "sales")
        .await
        .json(StatusCode::CREATED)
        .await;
    post(&ada, format!("/users/{carls}/deactivate"))
        .await
        .json(StatusCode::OK)
        .await;
    let eves = eve.get("/auth/me").await.json(StatusCode::OK).await;
    ada.post("/companies", &json!({"name": "Acme", "owner_id": bobs}))
        .await
        .json(StatusCode::CREATED)
        .await;
    for nobody in [
        json!(bobs),
        json!(carls),
        invited["id"].clone(),
        eves["user"]["id"].clone(),
        json!(NOBODY),
    ] {
        let problem = ada
            .post(
                &format!("/users/{bobs}/deactivate"),
                &json!({"hand_over_to": nobody}),
            )
            .await
            .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
            .await;
        assert_eq!(fields(&problem), ["hand_over_to"]);
    }
    let still = ada
        .get(&format!("/users/{bobs}"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(still["status"], "active", "all or nothing");
    // Without anyone, what they own stays theirs, and can be given on later.
    post(&ada, format!("/users/{bobs}/deactivate"))
        .await
        .json(StatusCode::OK)
        .await;
    let list = ada
        .get(&format!("/companies?owner_id={bobs}&total=true"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(list["page"]["total"], 1);
    let me = ada.get("/auth/me").await.json(StatusCode::OK).await;
    ada.post(
        &format!("/users/{bobs}/deactivate"),
        &json!({"hand_over_to": me["user"]["id"]}),
    )
    .await
    .json(StatusCode::OK)
    .await;
    let list = ada
        .get(&format!("/companies?owner_id={bobs}&total=true"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(list["page"]["total"], 0);
    for path in [
        format!("/users/{NOBODY}/deactivate"),
        format!("/users/{}/deactivate", eves["user"]["id"].as_str().unwrap()),
        format!("/users/{NOBODY}/reactivate"),
    ] {
        post(&ada, path)
            .await
            .problem(StatusCode::NOT_FOUND, "not_found")
            .await;
    }
}

#[tokio::test]
async fn who_does_not_manage_people_does_not() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let (_, bobs) = ada.colleague(&started, "bob", "sales").await;
    let invited = invite(&ada, "dora@example.com", "sales")
        .await
        .json(StatusCode::CREATED)
        .await;
    let dora = invited["id"].as_str().unwrap();
    let member = ada.role("member").await;
    for role in [
        "manager",
        "sales",
        "support",
        "finance",
        "member",
        "viewer",
        "client_admin",
    ] {
        let (client, _) = ada.colleague(&started, &format!("x{role}"), role).await;
        for (method, path, body) in [
            (
                Method::POST,
                "/users/invite".to_owned(),
                json!({"email": "y@example.com", "role_id": member}),
            ),
            (Method::POST, format!("/users/{dora}/invite"), json!({})),
            (Method::DELETE, format!("/users/{dora}/invite"), json!({})),
            (
                Method::POST,
                format!("/users/{bobs}/deactivate"),
                json!({"hand_over_to": null}),
            ),
            (Method::POST, format!("/users/{bobs}/reactivate"), json!({})),
        ] {
            let answer = client
                .send(client.request(method.clone(), &path).json(&body))
                .await;
            assert_eq!(
                answer.status(),
                StatusCode::FORBIDDEN,
                "{role} {method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn nobody_makes_anyone_more_than_they_are() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let people = [
        ("users", "read"),
        ("users", "create"),
        ("users", "update"),
        ("roles", "read"),
        ("companies", "read"),
        ("teams", "read"),
    ];
    let (hr, hrs) = with_role(&started, &ada, "hr", &people).await;
    let (_, admins) = ada.colleague(&started, "admin", "admin").await;
    let (_, sales) = ada.colleague(&started, "sally", "sales").await;
    let me = ada.get("/auth/me").await.json(StatusCode::OK).await;
    let owner = me["user"]["id"].as_str().unwrap();
    // Inviting, or adding, somebody who could do more.
    for role in ["owner", "admin", "manager", "sales"] {
        let problem = invite(&hr, "x@example.com", role)
            .await
            .problem(StatusCode::FORBIDDEN, "forbidden")
            .await;
        assert_eq!(fields(&problem), ["role_id"], "{role}");
        hr.post(
            "/users",
            &json!({"full_name": "X", "role_id": hr.role(role).await}),
        )
        .await
        .problem(StatusCode::FORBIDDEN, "forbidden")
        .await;
    }
    // Raising oneself or others.
    for (person, role) in [
        (hrs.as_str(), "admin"),
        (hrs.as_str(), "owner"),
        (sales.as_str(), "admin"),
    ] {
        hr.patch(
            &format!("/users/{person}"),
            None,
            &json!({"role_id": hr.role(role).await}),
        )
        .await
        .problem(StatusCode::FORBIDDEN, "forbidden")
        .await;
    }
    // Lowering or shutting out those above.
    let low = hr.role("role_of_hr").await;
    for person in [owner, &admins, &sales] {
        for body in [json!({"role_id": low}), json!({"status": "suspended"})] {
            hr.patch(&format!("/users/{person}"), None, &body)
                .await
                .problem(StatusCode::FORBIDDEN, "forbidden")
                .await;
        }
        post(&hr, format!("/users/{person}/deactivate"))
            .await
            .problem(StatusCode::FORBIDDEN, "forbidden")
            .await;
    }
    // An admin may do everything but touch an owner.
    let nobody = started.nobody();
    let session = nobody
        .post(
            "/auth/login",
            &json!({"email": "admin@example.com", "password": PASSWORD}),
        )
        .await
        .json(StatusCode::OK)
        .await;
    let admin = nobody.with_token(&session["access_token"]);
    for body in [
        json!({"status": "suspended"}),
        json!({"role_id": ada.role("viewer").await}),
        json!({"job_title": "x"}),
    ] {
        admin
            .patch(&format!("/users/{owner}"), None, &body)
            .await
            .problem(StatusCode::FORBIDDEN, "forbidden")
            .await;
    }
    post(&admin, format!("/users/{owner}/deactivate"))
        .await
        .problem(StatusCode::FORBIDDEN, "forbidden")
        .await;
    invite(&admin, "x@example.com", "owner")
        .await
        .problem(StatusCode::FORBIDDEN, "forbidden")
        .await;
    admin
        .patch(
            &format!("/users/{admins}"),
            None,
            &json!({"role_id": ada.role("owner").await}),
        )
        .await
        .problem(StatusCode::FORBIDDEN, "forbidden")
        .await;
    // Their own kind HR may manage.
    let low_invited = hr
        .post(
            "/users/invite",
            &json!({"email": "low@example.com", "role_id": low}),
        )
        .await
        .json(StatusCode::CREATED)
        .await;
    assert_eq!(low_invited["status"], "invited");
    // An invitation to be owner is the owners' to withdraw.
    let second = invite(&ada, "second@example.com", "owner")
        .await
        .json(StatusCode::CREATED)
        .await;
    admin
        .delete(&format!("/users/{}/invite", second["id"].as_str().unwrap()))
        .await
        .problem(StatusCode::FORBIDDEN, "forbidden")
        .await;
}

/// Deactivating somebody is no way to their records for whoever could not have reassigned them.
#[tokio::test]
async fn handing_over_takes_the_right_to_reassign() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let people = [
        ("users", "read"),
        ("users", "update"),
        ("roles", "read"),
        ("companies", "read"),
        ("companies", "create"),
    ];
    let (hr, hrs) = with_role(&started, &ada, "hr", &people).await;
    let (_, bobs) = {
        let role = hr.role("role_of_hr").await;
        let body = json!({"email": "bob@example.com", "role_id": role});
        ada.post("/users/invite", &body)
            .await
            .json(StatusCode::CREATED)
            .await;
        let mail = started.mail_to("invitation", "bob@example.com").await;
        let accept = json!({"token": mail.token, "password": PASSWORD});
        let session = started
            .nobody()
            .post("/auth/accept-invitation", &accept)
            .await
            .json(StatusCode::OK)
            .await;
        (
            session.clone(),
            session["user"]["id"].as_str().unwrap().to_owned(),
        )
    };
    let company = ada
        .post("/companies", &json!({"name": "Acme", "owner_id": bobs}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let problem = hr
        .post(
            &format!("/users/{bobs}/deactivate"),
            &json!({"hand_over_to": hrs}),
        )
        .await
        .problem(StatusCode::FORBIDDEN, "forbidden")
        .await;
    assert_eq!(fields(&problem), ["hand_over_to"]);
    let company = ada
        .get(&format!("/companies/{}", company["id"].as_str().unwrap()))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(company["owner_id"], json!(bobs));
    let still = ada
        .get(&format!("/users/{bobs}"))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(still["status"], "active");
    // Without taking anything they may.
    hr.post(
        &format!("/users/{bobs}/deactivate"),
        &json!({"hand_over_to": null}),
    )
    .await
    .json(StatusCode::OK)
    .await;
}

#[tokio::test]
async fn the_last_owner_stays() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let me = ada.get("/auth/me").await.json(StatusCode::OK).await;
    let path = format!("/users/{}", me["user"]["id"].as_str().unwrap());
    let viewer = ada.role("viewer").await;
    for body in [json!({"role_id": viewer}), json!({"status": "suspended"})] {
        ada.patch(&path, None, &body)
            .await
            .problem(StatusCode::CONFLICT, "state_conflict")
            .await;
    }
    post(&ada, format!("{path}/deactivate"))
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    // Somebody who was only invited to be one does not count.
    invite(&ada, "later@example.com", "owner")
        .await
        .json(StatusCode::CREATED)
        .await;
    ada.patch(&path, None, &json!({"role_id": viewer}))
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    let (_, seconds) = ada.colleague(&started, "second", "owner").await;
    ada.patch(&path, None, &json!({"role_id": viewer}))
        .await
        .json(StatusCode::OK)
        .await;
    let owners = ada
        .get("/users?is_owner=true&status=active")
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(owners["data"][0]["id"], json!(seconds));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_owners_cannot_both_be_demoted_at_once() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let (bob, bobs) = ada.colleague(&started, "bob", "owner").await;
    let adas = ada.get("/auth/me").await.json(StatusCode::OK).await;
    let adas = adas["user"]["id"].as_str().unwrap().to_owned();
    let (owner, viewer) = (ada.role("owner").await, ada.role("viewer").await);
    for round in 0..15 {
        let demote = json!({"role_id": viewer});
        // Each the other, or each themselves; by PATCH, or by leaving.
        let (of_ada, of_bob) = if round % 2 == 0 {
            (&bobs, &adas)
        } else {
            (&adas, &bobs)
        };
        let (of_ada, of_bob) = (format!("/users/{of_ada}"), format!("/users/{of_bob}"));
        let (one, two) = tokio::join!(
            ada.patch(&of_ada, None, &demote),
            bob.patch(&of_bob, None, &demote)
        );
        let outcomes = [one.status(), two.status()];
        let done = outcomes.iter().filter(|status| status.is_success()).count();
        assert_eq!(done, 1, "{outcomes:?}");
        let count = "do $$ begin assert (select count(*) from memberships m join roles r on r.id = m.role_id where r.key = 'owner' and m.status = 'active') = 1; end $$";
        started.script(count).await;
        let restore = format!(
            "update memberships set role_id = '{owner}' where user_id in ('{adas}', '{bobs}')"
        );
        started.script(&restore).await;
        // What the nodes remember follows a moment later; ask until it has.
        for client in [&ada, &bob] {
            while client.get("/auth/me").await.json(StatusCode::OK).await["role"]["key"] != "owner"
            {
                tokio::task::yield_now().await;
            }
        }
    }
}

#[tokio::test]
async fn people_are_found_by_what_a_page_of_people_needs() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let (sally, sallys) = ada.colleague(&started, "sally", "sales").await;
    invite(&ada, "late@example.com", "viewer")
        .await
        .json(StatusCode::CREATED)
        .await;
    ada.post(
        "/users",
        &json!({"full_name": "Only A. Name", "role_id": ada.role("viewer").await}),
    )
    .await
    .json(StatusCode::CREATED)
    .await;
    for (query, expected) in [
        (
            "status=active&sort=full_name",
            &["Colleague sally", "Owner ada"][..],
        ),
        ("status=invited&sort=full_name", &["Late", "Only A. Name"]),
        (
            "invited_at[is_null]=true&sort=full_name",
            &["Only A. Name", "Owner ada"],
        ),
        ("is_owner=true", &["Owner ada"]),
        ("is_verified=true", &["Colleague sally"]),
        ("has_second_factor=true", &[]),
        ("sort=-last_login_at&limit=1", &["Colleague sally"]),
        (
            "last_login_at[is_null]=true&sort=full_name",
            &["Late", "Only A. Name"],
        ),
        ("full_name[contains]=ada", &["Owner ada"]),
    ] {
        let list = ada
            .get(&format!("/users?{query}"))
            .await
            .json(StatusCode::OK)
            .await;
        let names: Vec<&str> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["full_name"].as_str().unwrap())
            .collect();
        assert_eq!(names, expected, "{query}");
    }
    // Who signs in without a second factor is not everybody's business.
    let by = async |who: &Client, id: &str| {
        who.get(&format!("/users/{id}"))
            .await
            .json(StatusCode::OK)
            .await["has_second_factor"]
            .clone()
    };
    let adas = ada.get("/auth/me").await.json(StatusCode::OK).await;
    assert_eq!(by(&ada, &sallys).await, json!(false));
    assert_eq!(by(&sally, &sallys).await, json!(false));
    assert_eq!(
        by(&sally, adas["user"]["id"].as_str().unwrap()).await,
        Json::Null
    );
}
