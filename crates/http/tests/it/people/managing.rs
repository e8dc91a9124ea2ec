//! Who manages people, and how far.

use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::fixture::{Client, PASSWORD, Started};

use super::{fields, invite, post, with_role};

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
